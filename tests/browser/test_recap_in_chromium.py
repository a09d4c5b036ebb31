"""What a person does with the recap, in a real Chromium."""

import re

import pytest
from browser_visitor import at_rest
from playwright.sync_api import expect

from core.course.recap import drawn, kept_seen
from core.course.recap_question import what_holds

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def right(question):
    return what_holds(question, kept_seen(question.slug)).text


def press(page, name):
    """Press a button with the keyboard, once it may be pressed and nothing runs any more."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_enabled()
    at_rest(page)
    button.press("Enter")


def test_the_keyboard_alone_answers_and_a_reload_keeps_score_and_answer(visit):
    first, second, *_ = drawn(1)
    visitor = visit()
    page = visitor.open("/Recap")
    visitor.settled(charts=0)
    page.get_by_role("radio", name=right(first)).focus()
    page.keyboard.press("Space")
    press(page, "Answer, and run it")
    expect(page.get_by_test_id("stAlert").first).to_contain_text("That is what happened")
    press(page, "Next")
    expect(page.get_by_text("Question 2 of 12")).to_be_visible()
    visitor.settled(charts=0)
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    wrong = next(option for option in second.options if option != right(second))
    page.get_by_role("radio", name=wrong).focus()
    page.keyboard.press("Space")
    press(page, "Answer, and run it")
    expect(page.get_by_text("Score: 1 of 12. 2 answered")).to_be_visible()
    expect(page).to_have_url(re.compile(f"answers={first.slug}.*{second.slug}"))
    visitor.settled(charts=0)
    page.reload()
    expect(page.get_by_text("Score: 1 of 12.")).to_be_visible()
    expect(page.get_by_role("radio", checked=True)).to_have_count(1)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("What happened:")
    page.get_by_text("Missed so far: 1").click()
    page.get_by_role("link", name=re.compile("→ " + re.escape(second.back.words))).click()
    expect(page).not_to_have_url(re.compile("Recap"))


def test_a_phone_answers_by_touch(visit):
    questions = drawn(1)
    first, longest = questions[0], max(questions, key=lambda one: len(one.code + one.question))
    visitor = visit(**PHONE)
    button = visitor.page.get_by_role("button", name="Answer, and run it")
    for question in (longest, first):
        page = visitor.open(f"/Recap?at={questions.index(question) + 1}")
        visitor.settled(charts=0)
        box = button.bounding_box()
        assert box["y"] + box["height"] <= 844, question.slug
    page.get_by_text(right(first), exact=True).tap()
    visitor.settled(charts=0)
    button.tap()
    expect(page.get_by_text("Score: 1 of 12.")).to_be_visible()
    assert page.evaluate("document.body.scrollWidth") <= 390
