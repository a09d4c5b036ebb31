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
        focused = page.locator(".start-of:focus")  # the keyboard goes on from there
        expect(focused, place).to_have_count(1)


def test_a_case_from_the_middle_of_the_list_begins_with_its_title(visit):
    visitor = visit(**PHONE)
    page = visitor.open("/Failure_cases")
    visitor.settled(charts=0)
    title = list(CASES.values())[8].title
    page.get_by_role("link", name=title).tap()
    in_sight(page, title, "h2")


@pytest.mark.parametrize(
    ("link", "run"),
    [("/Failure_cases?case=graph-kept", "Run it, and the fix"),
     ("/Attention_lab?seed=7", "Run the forward pass"), ("/Recap", "Answer, and run it")],
)  # fmt: skip
def test_on_a_phone_what_happened_comes_into_sight(visit, link, run):
    visitor = visit(**PHONE)
    page = visitor.open(link)
    visitor.settled(charts=0)
    page.locator("[class*=st-key-prediction] label").filter(
        has=page.get_by_role("radio")
    ).first.tap()
    page.get_by_role("button", name=run).tap()
    page.wait_for_function(
        "() => { const said = document.querySelector('.stMain [data-testid=stAlert]');"
        "const y = said?.getBoundingClientRect().top; return !said?.textContent.includes('appear')"
        " && y > 40 && y < innerHeight / 3; }"
    )


@pytest.mark.parametrize("link", ["/Failure_cases?case=graph-kept", "/Check_your_module", "/Recap",
                                  "/Decision_card?view=the+case+machine"])  # fmt: skip
def test_where_the_code_is_below_the_question_a_line_says_so(visit, link):
    visitor = visit(**PHONE)
    page = visitor.open(link)
    said = page.get_by_text("The code is below the question. Read it first.")
    expect(said).to_be_visible()
    visitor.resize(1280, 720)
    expect(said).to_be_hidden()
