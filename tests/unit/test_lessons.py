"""The catalogue of lessons: its numbers, and the questions with which a lesson is done."""

import re

import pytest
from imports import ROOT

from core.cases.catalogue import CASES
from core.course.case_machine import CASES as DECISIONS
from core.course.recap import ASKED, POOL
from core.course.start import START
from core.lab.settings import LAB
from core.lessons import LESSONS, QUESTIONS, is_answer
from core.moving.settings import MOVING
from core.settings.setting import read_url
from core.state_dict.settings import STATE_DICT

ASKED_IN = {  # number: where the lesson's questions are declared
    1: ("core/settings/outcome_question.py", "core/mask_cost/settings.py"),
    2: ("core/settings/outcome_question.py", "core/moving/settings.py"),
    3: ("core/state_dict/settings.py",),
    4: ("core/ledger/settings.py",),
    5: ("core/training/settings.py",),
    6: ("core/cases/settings.py",),
    9: ("core/course/decision_settings.py",),
    10: ("core/course/recap_settings.py",),
}

BEGINNINGS = {1: LAB, 2: MOVING, 3: STATE_DICT}


def test_lessons_are_numbered_in_their_order():
    assert [one.number for one in LESSONS] == list(range(len(LESSONS)))
    assert all(one.minutes > 0 for one in LESSONS)
    assert len(QUESTIONS) == sum(len(one.questions) for one in LESSONS) and "home_ran" in START


def test_the_readme_has_every_lesson_with_its_number_and_its_minutes():
    section = (
        (ROOT / "README.md").read_text("utf-8").split("\n## The lessons\n")[1].split("\n## ")[0]
    )
    rows = re.findall(
        r"^\| (\d*) ?\| (.+?) \| (.+?) \| (\d+)(, when you need it)? \|$", section, re.M
    )
    assert [(number or "0", title, asks, int(minutes), bool(tool))
            for number, title, asks, minutes, tool in rows] == [
        (str(one.number), one.title, one.question, one.minutes, one.kind == "tool")
        for one in LESSONS
    ]  # fmt: skip
    minutes = sum(one.minutes for one in LESSONS if one.kind == "lesson")
    assert f"That is {minutes} minutes in all." in section


def test_as_many_cases_are_needed_as_there_are_questions_of_them():
    needed = {one.number: one.times for one in LESSONS if one.times > 1}
    assert needed == {6: 3, 9: len(DECISIONS), 10: ASKED} and len(CASES) > 3
    for number, slugs in ((6, CASES), (9, DECISIONS), (10, POOL)):
        for slug in slugs:  # the gate is about the case, and so is the answer that is kept
            answer = LESSONS[number].answer("ran", slug)
            assert is_answer(answer) and answer.startswith(f"{number}.ran:")
    assert LESSONS[1].answer("ran", "plain-sim-moved") == "1.ran"


@pytest.mark.parametrize("lesson", [one for one in LESSONS if one.begins], ids=lambda o: o.title)
def test_the_course_opens_a_lesson_with_a_link_that_the_page_takes(lesson):
    catalogue = BEGINNINGS[lesson.number]
    kept, wrong = read_url({name: [text] for name, text in lesson.begins.items()}, catalogue)
    assert not wrong and kept.keys() == lesson.begins.keys()
    for name, text in lesson.begins.items():  # else the address alone would do
        assert catalogue[name].parse(text) != catalogue[name].default


def test_another_question_of_a_page_counts_as_its_first():
    assert LESSONS[1].answer("saved_ran", "buffer-sim-moved") == "1.ran"
    assert {LESSONS[2].answer(n, "x") for n in ("ran", "follows_ran", "lasts_ran")} == {"2.ran"}
    for one in LESSONS:
        for other, counts_as in one.alternatives.items():
            assert counts_as in one.questions and other in BEGINNINGS[one.number]


@pytest.mark.parametrize(
    "text", ["", "1.", "1.run", "1.ran:a", "6.ran:", "6.ran:A", "6.ran:a:b", "6.ran:" + "a" * 61]
)
def test_what_is_no_answer_is_refused(text):
    assert not is_answer(text) and not START["done"].accepts((text,))
    assert START["done"].accepts(("1.ran", "6.ran", "6.ran:row-of-nan"))


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda one: one.title)
def test_a_lesson_is_done_with_questions_that_it_asks(lesson):
    assert bool(lesson.questions) == (lesson.kind == "lesson")
    if lesson.questions:
        text = "".join((ROOT / path).read_text("utf-8") for path in ASKED_IN[lesson.number])
        assert all(f'"{name}"' in text for name in lesson.questions)
