"""What a person does in the lesson on state, in a real Chromium."""

import re

import pytest
from axe import axe_finds_nothing
from playwright.sync_api import expect
from table_edges import edge_is_shaded

pytestmark = pytest.mark.browser
PAGE = "/What_is_state"


def grid(page):
    return page.get_by_test_id("stDataFrame")


def test_a_guess_opens_the_table_and_a_click_on_a_cell_shows_it_from_near(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_text("yes", exact=True).click()
    page.get_by_role("button", name="Run the experiments").click()
    expect(page.get_by_test_id("stAlert").first).to_contain_text("What happened: no")
    expect(grid(page)).to_be_visible()
    visitor.settled(charts=0)
    grid(page).click(position={"x": 240, "y": 32 + 5 + 32 * 2 + 16})  # .half() on bool, Parameter
    expect(page).to_have_url(re.compile(r"row=\.half%28%29\+on\+bool"))
    expect(page).to_have_url(re.compile(r"column=nn\.Parameter"))
    expect(page.get_by_text("RuntimeError: Only Tensors of floating point")).to_be_visible()
    other = visit().open(page.url.removeprefix(visitor.server))
    expect(other.get_by_text("RuntimeError: Only Tensors of floating point")).to_be_visible()


def test_the_keyboard_alone_chooses_a_cell(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false")
    expect(grid(page)).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("combobox", name="How the tensor is held").focus()
    page.keyboard.type("closure")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("column=closure"))
    expect(page.get_by_text("The tensor belongs to the function").last).to_be_visible()


def test_filters_are_in_the_link_and_outlive_a_look_at_the_quiz(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false&rows=in+buffers%28%29&rows=in+parameters%28%29")
    expect(page.get_by_text("in parameters()", exact=True).first).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("combobox", name="Columns").click()
    page.keyboard.type("dict")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("columns=dict"))
    visitor.settled(charts=0)
    page.get_by_text("the quiz", exact=True).click()
    expect(page.get_by_text("Question 1 of 12")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_text("the table", exact=True).click()
    expect(page).to_have_url(re.compile("columns=dict"))
    expect(page).to_have_url(re.compile(r"rows=in\+buffers%28%29&rows=in\+parameters%28%29"))


def test_the_quiz_keeps_score_over_a_reload_and_a_link_without_it_is_uncounted(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?view=the+quiz&quiz_row=in+state_dict%28%29")
    visitor.settled(charts=0)
    page.get_by_role("radiogroup", name="list", exact=True).get_by_text("yes", exact=True).click()
    expect(page).to_have_url(re.compile("says_InList=yes"))
    page.get_by_role("button", name="Reveal what you answered").click()
    expect(page.get_by_text("Score: 0 of 1 right, in 1 row.")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_text("the table", exact=True).click()
    expect(page.get_by_role("button", name="Run the experiments")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_text("the quiz", exact=True).click()
    expect(page.get_by_text("What happened: no.")).to_be_visible()
    expect(page).to_have_url(re.compile("revealed=list"))
    visitor.settled(charts=0)
    page.reload()
    expect(page.get_by_text("Score: 0 of 1 right, in 1 row.")).to_be_visible()
    link = re.sub("&scored=[^&]*", "", page.url.removeprefix(visitor.server))
    assert link != page.url.removeprefix(visitor.server)
    other = visit().open(link)
    expect(other.get_by_text("What happened: no.")).to_be_visible()
    expect(other.get_by_text("A link revealed this, so it is not counted.")).to_be_visible()
    expect(other.get_by_text("Score")).to_have_count(0)


def test_one_of_twelve_is_missed_by_keyboard_and_leads_to_its_cell(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?view=the+quiz")
    visitor.settled(charts=0)
    page.get_by_role("radio", name="raises").focus()
    page.keyboard.press("Space")
    button = page.get_by_role("button", name="Answer, and run it")
    expect(button).to_be_enabled()
    visitor.settled(charts=0)
    button.press("Enter")
    expect(page.get_by_text("Score: 0 of 12. 1 answered")).to_be_visible()
    expect(page).to_have_url(re.compile("twelve=move-plain.2"))
    visitor.settled(charts=0)
    page.reload()
    expect(page.get_by_text("Score: 0 of 12. 1 answered")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_text("Missed so far: 1").click()
    page.get_by_role("button", name=re.compile("the cell from near")).click()
    expect(grid(page)).to_be_visible()
    expect(page.get_by_text("the mask is on cpu", exact=True)).to_be_visible()
    visitor.settled(charts=0)
    page.reload()
    expect(page.get_by_text("the mask is on cpu", exact=True)).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_text("the quiz", exact=True).click()
    expect(page.get_by_text("Score: 0 of 12. 1 answered")).to_be_visible()


def test_another_row_forgets_a_guess_that_is_none_of_its_answers(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?view=the+quiz&quiz_row=under+torch.compile")
    visitor.settled(charts=0)
    guesses = page.get_by_role("radiogroup", name="list", exact=True)
    guesses.get_by_text("constant", exact=True).click()
    expect(page).to_have_url(re.compile("says_InList=constant"))
    visitor.settled(charts=0)
    page.get_by_role("combobox", name="The row to predict").click()
    page.keyboard.type("in parameters")
    page.keyboard.press("Enter")
    expect(guesses.get_by_text("yes", exact=True)).to_be_visible()
    expect(guesses.get_by_role("radio", checked=True)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("says_InList"))


def test_a_phone_scrolls_the_table_and_not_the_page(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(f"{PAGE}?predict=false")
    expect(grid(page)).to_be_visible()
    visitor.settled(charts=0)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
    short = page.get_by_role("table").filter(has_text="the tensor is")
    assert short.evaluate("e => e.parentElement.scrollWidth <= e.parentElement.clientWidth")
    scroller = grid(page).locator(".dvn-scroller")
    assert scroller.evaluate("e => e.scrollWidth > e.clientWidth + 500")
    assert edge_is_shaded(scroller)
    scroller.evaluate("e => e.scrollLeft = e.scrollWidth")
    page.wait_for_timeout(300)  # the canvas is drawn anew
    assert not edge_is_shaded(scroller)


def test_a_slow_row_can_be_cancelled_and_run_again(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false&rows=sent+by+DDP+at+the+start&slow=true")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. There are no results for these settings")).to_be_visible()
    expect(grid(page)).to_be_visible()
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("combobox", name="What PyTorch does").focus()
    page.keyboard.type("DDP at")
    page.keyboard.press("Enter")
    expect(page.get_by_text("rank 1 has 2.0")).to_be_visible(timeout=60_000)


def test_all_of_a_script_comes_when_its_fold_is_opened_by_keyboard(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false&row=moved+by+.to%28device%29&column=closure")
    visitor.settled(charts=0)
    elements = "document.querySelectorAll('*').length"
    assert page.evaluate(elements) < 3_000
    fold = page.get_by_test_id("stExpander").filter(has_text="What it needs, all in one file")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold.get_by_text("which runs as pasted wherever PyTorch is installed")).to_be_visible()
    expect(fold.get_by_test_id("stCode")).to_contain_text("def register(")
    page.wait_for_function(f"{elements} > 10_000")
    axe_finds_nothing(page, "light", "dark")
    grid(page).click(position={"x": 240, "y": 32 + 5 + 16})  # the fold stays open, with other code
    expect(page).to_have_url(re.compile(r"column=nn\.Parameter"))
    expect(fold.get_by_text("which runs as pasted wherever PyTorch is installed")).to_be_visible()
