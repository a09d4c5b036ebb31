"""What of an instructor's link goes to those who follow, and where it leads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.course.recap_settings import RECAP
from core.lab.settings import LAB
from core.ledger.settings import LEDGER
from core.rooms.follow import followed, own_settings, screen_to_show
from core.rooms.questions import screen_at
from core.rooms.settings import ON_EVERY_PAGE
from core.settings.prediction import Prediction
from core.settings.setting import Choice, SettingError
from core.state_dict.settings import STATE_DICT

PAGE = "pages/1_Attention_lab.py"
CATALOGUE = {**ON_EVERY_PAGE, **LAB}
LINK = {
    "seed": ["7"],
    "device": ["sim"],
    "predict": ["false"],
    "guess": ["It works"],
    "ran": ["plain-sim-It-works"],
    "present": ["true"],
    "controls": ["hidden"],
    "lead": ["true"],
    "joined": ["BCDFGH"],
    "follow": ["true"],
}


def test_settings_go_along_and_nothing_of_ones_own():
    screen = screen_to_show(PAGE, LINK, CATALOGUE)
    assert screen.link == "/Attention_lab?seed=7&device=sim&predict=false&controls=hidden"


def test_the_gate_stays_closed_unless_the_link_switches_it_off():
    link = {name: values for name, values in LINK.items() if name != "predict"}
    assert "predict" not in screen_to_show(PAGE, link, CATALOGUE).query


@pytest.mark.parametrize("name", ["key", "secret", "buffer_lab_room_BCDFGH", "_xsrf", "embed"])
def test_a_name_that_is_no_setting_of_the_page_never_goes_along(name):
    secret = "s" * 22
    link = screen_to_show(PAGE, {"seed": ["7"], name: [secret]}, CATALOGUE).link
    assert link == "/Attention_lab?seed=7"


VALUES = st.lists(st.text(max_size=20), min_size=1, max_size=2)
EVIL = ["javascript:alert(1)", "//evil.example/", "https://evil.example", "<script>", '" onclick="']


NAMES = st.sampled_from([*CATALOGUE, "key"])


@given(st.dictionaries(NAMES, st.one_of(VALUES, st.just(EVIL)), max_size=3))  # more is too long
def test_whatever_a_link_says_it_leads_to_our_page(link):
    screen = screen_to_show(PAGE, link, CATALOGUE)
    path, _, query = screen.link.partition("?")
    assert path == "/Attention_lab"
    assert not set(query) & set(":/<>\"' #\\")
    assert screen_at(screen.link) == screen


def test_a_link_that_is_too_long_is_refused():
    with pytest.raises(SettingError, match="2,000 characters"):
        screen_to_show(PAGE, {"sentence": ["a" * 2001]}, CATALOGUE)


@pytest.mark.parametrize(
    ("catalogue", "own"),
    [
        (STATE_DICT, {"in_state", "keys_ran", "survives", "edit_ran", "loads", "load_ran"}),
        (LEDGER, {"guess", "ran", "revealed", "twelve", "scored", "says_PlainAttribute"}),
        (RECAP, {"ran", "answers"}),
    ],
)
def test_guesses_answers_and_scores_are_a_visitors_own(catalogue, own):
    assert own <= set(own_settings({name: ["x"] for name in catalogue}, catalogue))


def test_a_question_whose_guess_would_be_shown_to_others_cannot_be_written():
    shown = Choice("guess", "Your guess", None, options=("a", "b"))
    with pytest.raises(TypeError, match="own"):
        Prediction((shown,), LAB["ran"], "Run")


def test_a_learner_keeps_the_room_and_guesses_and_nothing_else():
    here = {
        "joined": ["BCDFGH"],
        "follow": ["true"],
        "present": ["true"],
        "predict": ["false"],
        "seed": ["99"],
        "controls": ["hidden"],
    }
    screen = screen_at("/Attention_lab?seed=7&device=sim")
    assert followed(screen, here, {"guess": ["It works"]}) == {
        "seed": ["7"],
        "device": ["sim"],
        "guess": ["It works"],
        "joined": ["BCDFGH"],
        "follow": ["true"],
        "present": ["true"],
    }
