"""What comes next begins in sight: a question after *Next*, a case chosen from the list."""

import pytest
from playwright.sync_api import expect

from core.cases.catalogue import CASES
from core.course.case_machine import CASES as MACHINE

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TOP, BOTTOM = 0, 844 / 2  # pixels, of a phone


def in_sight(page, text, kind="p"):
    """Wait until the element of this kind with this text is in the upper half of the screen."""
    expect(page.locator(kind, has_text=text).first).to_be_visible()
    page.wait_for_function(
        "([kind, text, top, bottom]) => { const found = [...document.querySelectorAll(kind)].find("
        "(one) => one.textContent.includes(text)); const y = found?.getBoundingClientRect().top;"
        "return y >= top && y < bottom; }",
        arg=[kind, text, TOP, BOTTOM],
    )


def test_next_in_a_quiz_shows_the_next_question_from_its_start(visit):
    for place, second in (
        ("/Recap", "Question 2 of 12"),
        ("/What_is_state?view=the+quiz", "Question 2 of 12"),
        ("/Decision_card?view=the+case+machine", f"2 of {len(MACHINE)}:"),
    ):
        visitor = visit(**PHONE)
        page = visitor.open(place)
        visitor.settled(charts=0)
        page.get_by_role("button", name="Next", exact=True).tap()
        in_sight(page, second)
        focused = page.evaluate("document.activeElement.className")
        assert focused == "start-of", place  # the keyboard goes on from there


def test_a_case_from_the_middle_of_the_list_begins_with_its_title(visit):
    visitor = visit(**PHONE)
    page = visitor.open("/Failure_cases")
    visitor.settled(charts=0)
    title = list(CASES.values())[8].title
    page.get_by_role("link", name=title).tap()
    in_sight(page, title, "h2")
