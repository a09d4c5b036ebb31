"""What a person does on the page of failure cases, in a real Chromium."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from core.cases.catalogue import CASES

pytestmark = pytest.mark.browser
PAGE = "/Failure_cases"
GUESS = "guess=a+device+error+at+the+mask&ran=mask-left-behind-a-device-error-at-the-mask"


def heading(page, text):
    return page.get_by_role("heading", level=2, name=re.compile(rf"^\d+\. {re.escape(text)}$"))


def test_from_the_list_to_a_case_a_guess_and_both_outcomes(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    expect(page.get_by_text("50 of 50 cases")).to_be_visible()
    page.get_by_role("link", name="A mask as an attribute").first.click()
    expect(heading(page, "A mask as an attribute")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?case=mask-left-behind$"))
    expect(page.get_by_text("With the fix")).to_have_count(0)
    page.get_by_text("it works", exact=True).click()
    page.get_by_role("button", name="Run it, and the fix").click()
    expect(page.get_by_test_id("stAlert").first).to_contain_text("What happened: a device error at")
    expect(page.get_by_text("raises RuntimeError", exact=True)).to_be_visible()
    expect(page.get_by_text("runs without an error", exact=True)).to_be_visible()
    difference = page.get_by_role("region", name="The code difference")
    expect(difference.locator("ins")).to_contain_text("self.register_buffer")
    other = visit().open(page.url.removeprefix(visitor.server))
    expect(other.get_by_text("raises RuntimeError", exact=True)).to_be_visible()


def test_next_previous_and_back_show_their_case_and_the_address_bar_follows(visit):
    first, second, *_ = CASES.values()
    visitor = visit(viewport={"width": 1280, "height": 720})
    page = visitor.open(f"{PAGE}?case={first.slug}&{GUESS}")
    expect(page.get_by_text("raises RuntimeError", exact=True)).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("link", name=f"Next case: {second.title}").first.click()
    expect(heading(page, second.title)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?case={second.slug}$"))
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    visitor.settled(charts=0)
    assert page.locator(".stMain").evaluate("e => e.scrollTop") == 0
    page.get_by_role("link", name=f"Previous case: {first.title}").first.click()
    expect(heading(page, first.title)).to_be_visible()
    expect(page).to_have_url(re.compile(f"case={first.slug}"))
    visitor.settled(charts=0)
    page.go_back()
    expect(heading(page, second.title)).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("link", name="All cases").first.click()
    expect(page.get_by_text("50 of 50 cases")).to_be_visible()
    expect(page).not_to_have_url(re.compile("case="))


def test_a_search_is_in_the_link_and_leads_from_one_case_to_the_next(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?tags=export")
    expect(page.get_by_text("2 of 50 cases")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("link", name="Saved after torch.compile").click()
    expect(page.get_by_role("link", name="Next case: A mask in an exported").first).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("link", name="All cases").first.click()
    expect(page.get_by_text("2 of 50 cases")).to_be_visible()
    page.get_by_role("textbox", name="Search").fill("phone")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 50 cases")).to_be_visible()
    expect(page).to_have_url(re.compile("find=phone"))


def test_a_slow_case_runs_in_a_worker_and_can_be_cancelled(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?case=not-broadcast&predict=false")  # two processes
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. There are no results for these settings")).to_be_visible()
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("link", name="Previous case: A mask in an exported").first.click()
    expect(page.get_by_text("mask: CONSTANT_TENSOR").last).to_be_visible(timeout=60_000)
    expect(page.get_by_text("mask: BUFFER").last).to_be_visible()


def test_a_case_leads_to_the_lessons_experiment(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?case=mask-left-behind&{GUESS}")
    expect(page.get_by_text("That is what happened.")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("link", name="To the experiment: Attention lab").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Does it matter how a module holds its mask?"
    )
    switch = page.get_by_role("switch", name="Register the mask as a buffer")
    box = page.get_by_role("checkbox", name="Register the mask as a buffer")
    expect(switch.or_(box)).not_to_be_checked()


def test_the_listing_is_repaired_with_the_keyboard(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?view=spot+the+bug&repairs=20c&repairs=16b&repairs=17a&repairs=22c")
    expect(page.get_by_text("SyntaxError: expected ':'")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("combobox", name="Which line is wrong?").focus()
    page.keyboard.type("39")
    page.keyboard.press("Enter")
    group = page.get_by_role("radiogroup", name="What should stand in line 39?")
    expect(group).to_be_visible()
    visitor.settled(charts=0)
    group.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("IndentationError: expected an indented block")).to_be_visible()
    visitor.settled(charts=0)
    group.get_by_role("radio").nth(3).check(force=True)
    expect(page.get_by_text("The listing is whole")).to_be_visible()
    expect(page.get_by_text("-0.4519,  0.2216").first).to_be_visible()
    expect(page).to_have_url(re.compile("repairs=39c"))
    other = visit().open(page.url.removeprefix(visitor.server))
    expect(other.get_by_text("The listing is whole")).to_be_visible()


@pytest.mark.parametrize("link", [PAGE, f"{PAGE}?case=mask-left-behind&{GUESS}&home=true",
                                  f"{PAGE}?case=stale-alias"])  # fmt: skip
def test_a_phone_scrolls_the_page_down_and_not_sideways(visit, link):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(link)
    visitor.settled(charts=0)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
    if link.endswith("stale-alias"):  # what is asked is seen first, and the code comes after it
        run = page.get_by_role("button", name="Run it, and the fix").bounding_box()
        assert (
            run["y"] + run["height"] <= 844 < page.locator(".stCode").last.bounding_box()["y"] + 200
        )


def test_the_listing_keeps_its_lines_and_their_numbers_on_a_phone_and_fits_wider(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(f"{PAGE}?view=spot+the+bug")
    visitor.settled(charts=0)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
    expect(page.get_by_text("The listing scrolls sideways")).to_be_visible()
    numbers = page.locator(".st-key-listing .linenumber")
    expect(numbers).to_have_count(39)
    assert numbers.first.bounding_box()["x"] < 40
    tops = [number.bounding_box()["y"] for number in numbers.all()]
    steps = [below - above for above, below in pairwise(tops)]
    assert max(steps) - min(steps) < 1, "a line wraps"
    before = numbers.nth(11).bounding_box()["x"]
    listing = page.locator(".st-key-listing")
    assert listing.evaluate("e => (e.scrollLeft = 150, e.scrollLeft)") == 150
    assert abs(numbers.nth(11).bounding_box()["x"] - before) < 1, "the numbers left the screen"
    visitor.resize(1280, 720)
    assert listing.evaluate("e => e.scrollWidth <= e.clientWidth")
    expect(page.get_by_text("The listing scrolls sideways")).not_to_be_visible()


def test_the_list_uses_the_width_and_its_first_screen(visit):
    visitor = visit(viewport={"width": 1280, "height": 720})
    page = visitor.open(PAGE)
    cases = page.locator(".st-key-cases a")
    expect(cases).to_have_count(len(CASES))
    for width, columns, seen in ((1280, 3, 30), (1100, 3, 20), (390, 1, 0)):
        visitor.resize(width, 720)
        boxes = [case.bounding_box() for case in cases.all()]  # in the order of the Tab key
        assert len({round(box["x"]) for box in boxes}) == columns
        assert sum(box["y"] + box["height"] <= 720 for box in boxes) >= seen
        places = [(round(box["x"]), box["y"]) for box in boxes]
        assert places == sorted(places), "down a column, then the next one"
        assert all(box["x"] + box["width"] <= width for box in boxes)


ROWS_THAT_GO_ON = """code => [...code.children].flatMap(line => {
  const text = document.createRange();
  text.selectNodeContents(line.querySelector('.linenumber + span') || line);
  const boxes = [...text.getClientRects()].filter(box => box.width > 1);
  const on = boxes.filter(box => box.top > boxes[0].top + 10).map(box => box.left);
  return on.length ? [Math.min(...on)] : [];
})"""


@pytest.mark.parametrize("link", ["/Recap?seed=1", f"{PAGE}?case=graph-kept&present=true"])
def test_a_line_of_code_that_goes_on_begins_where_no_statement_does(visit, link):
    page = visit(viewport={"width": 1100, "height": 800}).open(link)
    code = page.locator(".stCode code").first
    expect(code.get_by_text("experiment")).to_be_visible()
    left, step = code.evaluate("""code => {
      const one = document.createElement('i');
      one.style.cssText = 'display: inline-block; width: 1ch';
      code.append(one);
      const wide = one.getBoundingClientRect().width;
      one.remove();
      const first = code.querySelector('.linenumber + span') || code.firstElementChild;
      return [first.getBoundingClientRect().left, wide];
    }""")
    starts = code.evaluate(ROWS_THAT_GO_ON)
    assert starts, "no line is too long for its box"
    columns = [(start - left) / step for start in starts]
    assert all(column > 16 and round(column) % 4 for column in columns), columns
