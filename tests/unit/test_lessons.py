"""The catalogue of lessons: its numbers, and the questions with which a lesson is done."""

import pytest
from imports import ROOT

from core.course.start import START
from core.lessons import LESSONS, QUESTIONS

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


def test_lessons_are_numbered_in_their_order():
    assert [one.number for one in LESSONS] == list(range(len(LESSONS)))
    assert all(one.minutes > 0 for one in LESSONS)
    assert len(set(QUESTIONS)) == len(QUESTIONS) and "home_ran" in START


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda one: one.title)
def test_a_lesson_is_done_with_questions_that_it_asks(lesson):
    assert bool(lesson.questions) == (lesson.kind == "lesson")
    if lesson.questions:
        text = "".join((ROOT / path).read_text("utf-8") for path in ASKED_IN[lesson.number])
        assert all(f'"{name}"' in text for name in lesson.questions)
