"""The recap, in Streamlit's test driver."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text

from core.course.end import CAN, NEXT, TITLE
from core.course.recap import ASKED, POOL, drawn, kept_seen
from core.course.recap_question import what_holds
from core.course.recap_settings import ANSWERS, RECAP

QUESTION = "What have I learned?"


def page(**parameters):
    return open_page("10_Recap.py", **parameters)


def click(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def right(question):
    return what_holds(question, kept_seen(question.slug)).text


def wrong(question):
    return next(option for option in question.options if option != right(question))


def answer(app, said):
    app.radio(key="guess").set_value(said).run()
    click(app, "Answer, and run it")


def links(app):
    return [link.proto.label for link in app.get("page_link")]


def test_a_whole_recap_is_answered_scored_and_summed_up():
    app, questions = page(seed="7"), drawn(7)
    assert "12 questions from all lessons and tools; some will be new to you." in text(app)
    for number, question in enumerate(questions, start=1):
        assert f"**Question {number} of 12**" in text(app) and question.question in text(app)
        assert "What it showed" not in text(app) and CAN[0] not in text(app)
        answer(app, wrong(question) if number % 3 == 0 else right(question))
        assert "What it showed" in text(app)
        assert bool(app.warning) == (number % 3 == 0)
        if number < ASKED:
            click(app, "Next")
    assert "**Score: 8 of 12.** All are answered." in text(app)
    assert app.header[-1].value == TITLE and all(f"- {what}" in text(app) for what in CAN)
    assert {place.words for place in NEXT} <= set(links(app))
    assert "Go back to the 4 questions that you missed" in text(app)
    missed = [label for label in links(app) if "→" in label]
    assert len(missed) == 4 and missed[0].startswith("3. ")
    assert missed[0].endswith(questions[2].back.words)
    again = page(**app.query_params, guess=wrong(questions[-1]))
    assert "**Score: 8 of 12.**" in text(again) and again.warning
    click(again, "Start over")
    assert "**Score: 0 of 12.** 0 answered" in text(again) and "Question 1 of" in text(again)


def test_every_answer_of_a_question_gets_its_reason_and_the_code_is_there():
    question = drawn(1)[4]
    app = page(at="5", predict="false")
    for choice in question.choices:
        assert f"*{choice.text}*: {choice.reason}" in text(app)
    assert f"Go back to {question.back.words}" in links(app)
    assert question.code.strip() in [block.value.strip() for block in app.code]
    assert "answers" not in app.query_params


def test_the_first_answer_counts():
    question = drawn(1)[0]
    app = page()
    answer(app, wrong(question))
    answer(app, right(question))
    assert app.success and "**Score: 0 of 12.**" in text(app)
    assert f"Your first answer counts: {wrong(question)}." in [c.value for c in app.caption]


def test_another_twelve_begin_anew():
    app = page()
    answer(app, right(drawn(1)[0]))
    click(app, "Another twelve")
    assert app.number_input(key="seed").value == 2 and "answers" not in app.query_params
    assert drawn(2)[0].question in text(app)
    app.number_input(key="seed").set_value(5).run()
    assert drawn(5)[0].question in text(app) and "0 answered" in text(app)


def test_answers_of_other_questions_do_not_count():
    asked = {question.slug for question in drawn(1)}
    other = next(slug for slug in POOL if slug not in asked)
    app = page(answers=ANSWERS.write({other: POOL[other].options[0]}))
    assert "0 answered" in text(app) and not app.warning


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "0"), ("seed", "x"), ("at", "13"), ("answers", "a.b"), ("guess", "nonsense")],
)
def test_a_silly_link_says_what_is_wrong_and_works(name, value):
    app = page(**{name: value})
    assert f"`{name}` is `{value}`" in app.warning[0].value
    assert "Question 1 of 12" in text(app)


ANY = st.text(max_size=30) | st.sampled_from(["true", "3", "12", "it works", *POOL, "plain-mask.1"])


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from([*RECAP, "guess"]), ANY, max_size=6))
def test_any_link_at_all_opens_a_working_page(parameters):
    assert page(**parameters).title[0].value == QUESTION
