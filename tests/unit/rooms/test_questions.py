"""Questions made from lessons, and what a screen's link may lead to."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons import LESSONS, page_name
from core.rooms.documents import asking_from, to_json
from core.rooms.questions import (
    plain,
    question_for,
    question_id,
    screen_at,
    screen_of,
    settings_of_screen,
)
from core.rooms.room import CODE_CHARS, CONTEXT_CHARS, Asking, Question, Screen
from core.settings.setting import SettingError

NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=10)
VALUES = st.lists(st.text(min_size=0, max_size=20), min_size=1, max_size=3)


def test_markdown_becomes_one_line_of_plain_text():
    assert plain("**Which** of *these*\n\n[moves](x)?") == "Which of these moves?"
    assert plain("`2 ** 3` and `a*b*c` stay") == "`2 ** 3` and `a*b*c` stay"


@pytest.mark.parametrize(
    ("link", "short"),
    [
        ("State_dict?keys=true", "/State_dict?keys=true"),
        ("/State_dict?keys=true&keys=false", "/State_dict?keys=true&keys=false"),
        (" http://127.0.0.1:8501/State_dict?x=a%20b#top", "/State_dict?x=a+b"),
        ("//evil.example/State_dict", "/State_dict"),
        ("https://evil.example", "/"),
        ("State_dict?x=<script>", "/State_dict?x=%3Cscript%3E"),
        ("", "/"),
    ],
)
def test_a_link_leads_to_a_page_of_this_server(link, short):
    assert screen_at(link).link == short


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "https://x/..%2fx", "State_dict?x=" + "a" * 2000, "http://[", "a b"],
)
def test_what_is_no_link_of_ours_is_refused(link):
    with pytest.raises(SettingError, match="the link of a page of this lab"):
        screen_at(link)


def test_a_page_is_called_as_its_address_says():
    assert page_name("pages/3_State_dict.py") == "State_dict"
    assert page_name("dashboard.py") == ""
    assert len({page_name(lesson.page) for lesson in LESSONS}) == len(LESSONS)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_screens_settings_are_read_as_they_were_written(settings):
    screen = screen_of("pages/3_State_dict.py", settings)
    assert settings_of_screen(screen) == settings
    assert screen_at(screen.link) == screen


def test_other_settings_are_another_question():
    lab = "pages/1_Attention_lab.py"
    ids = [
        question_id(lab, "ran", "buffer-sim-moved", "guess"),
        question_id(lab, "ran", "plain-sim-moved", "guess"),
        question_id(lab, "ran", "buffer-sim-moved", "other"),
        question_id(lab, "ran-buffer", "sim-moved", "guess"),
        question_id("dashboard.py", "ran", "buffer-sim-moved", "guess"),
    ]
    assert len(set(ids)) == len(ids)
    for id in ids:
        question_for(id, "**What** will happen?", ("a", "b"), screen_of(lab, {}))


def test_what_stands_beside_a_question_goes_with_it_as_plain_text_and_is_bounded():
    code = 'self.register_buffer("mask", mask)  # **not** [bold](x)\n    a * b\n'
    asked = question_for("a", "Which?", ("x", "y"), Screen(), "- **One** [is](x) `a`\n- two", code)
    assert asked.context == "One is `a`\ntwo"
    assert asked.code == code.rstrip()
    long = question_for("a", "Which?", ("x", "y"), Screen(), "w" * 9_000, "c" * 9_000)
    assert (len(long.context), len(long.code)) == (CONTEXT_CHARS, CODE_CHARS)
    assert long.context.endswith("w…") and long.code.endswith("c…")
    with pytest.raises(ValueError, match="of code"):
        Question("a", "Which?", ("x", "y"), code="c" * (CODE_CHARS + 1))


def test_a_room_of_before_has_nothing_beside_its_question():
    old = to_json(Asking(1, Question("a", "Which?", ("x", "y")))).replace(
        ',"context":"","code":""', ""
    )
    assert "context" not in old
    assert asking_from(old).question == Question("a", "Which?", ("x", "y"))
