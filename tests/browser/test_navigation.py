"""Going from page to page, in a real Chromium: what is kept, and what is given up."""

import re

import pytest
from browser_visitor import Visitor
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_page_comes_back_with_every_choice_of_several(visit):
    visitor = visit()
    page = visitor.open(
        "/What_is_state?predict=false&rows=in+buffers%28%29&rows=in+state_dict%28%29"
        "&columns=list&columns=dict"
    )
    files = page.get_by_test_id("stDownloadButton")
    expect(files).to_have_count(4)  # the browser asks for each, and leaving takes them away
    visitor.settled(charts=0)
    page.wait_for_load_state("networkidle")
    for leave, charts in (("Start", 2), ("Training", 10)):  # a worker trains, or has trained
        page.get_by_role("link", name=leave).first.click()
        expect(page).not_to_have_url(re.compile("What_is_state"))
        visitor.settled(charts=charts)
        page.get_by_role("link", name="What is state?").first.click()
        expect(page).to_have_url(re.compile("rows=in\\+buffers.*rows=in\\+state_dict"))
        expect(page).to_have_url(re.compile("columns=list&columns=dict"))
        expect(files).to_have_count(4)
        visitor.settled(charts=0)
        page.wait_for_load_state("networkidle")


def test_who_leaves_a_page_gives_up_the_work_that_it_asked_for(visit):
    visitor = visit()
    page = visitor.open("/Attention_lab?predict=false&input=text&tokens=4000&seed=11")
    expect(page.get_by_text("Running:")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Start").first.click()
    expect(page).not_to_have_url(re.compile("Attention_lab"))
    other = visit()
    other.open(
        "/Attention_lab?predict=false&input=text&tokens=1100&seed=11&compare=false&buffer=true"
    )
    expect(other.page.locator(".stVegaLiteChart canvas")).to_have_count(2, timeout=60_000)


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("phone", [False, True], ids=["1280", "phone"])
def test_the_navigation_is_one_row_and_leads_on_by_keyboard(visit, phone):
    visitor = visit(**(PHONE if phone else {"viewport": {"width": 1280, "height": 720}}))
    page = visitor.open("/Attention_lab")
    menu = page.get_by_text("All pages")
    expect(menu).to_be_visible()
    box = page.locator(".st-key-navigation").bounding_box()
    assert box["height"] < 48
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="11 Workshop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="11 Workshop")).to_have_count(0)
    expect(page.locator("a[aria-current=page]").first).to_have_text("Attention lab")
    page.get_by_role("link", name="Next: 2 Moving devices").click()
    expect(page).to_have_url(re.compile("Moving_devices"))


ALL_DONE = """localStorage.setItem("buffer-lab-progress", JSON.stringify({version: 1, done:
  ["0.home_ran", "1.ran", "2.ran", "2.counted_for", "3.keys_ran", "3.edit_ran", "3.load_ran",
   "3.price_ran", "4.ran", "5.trained"]}))"""


def test_the_row_of_pages_is_not_cut_off(visit):
    """A tool's page adds itself to the row, and marks of what is done make it wider."""
    visitor = visit(viewport={"width": 1280, "height": 720})
    page = visitor.open("/Check_your_module")
    page.evaluate(ALL_DONE)
    page.reload()
    row = page.locator(".course-part nav .inline")
    expect(row.get_by_text("Training ✓")).to_be_visible()
    end = row.evaluate("e => e.getBoundingClientRect().right")
    edges = row.locator("a").evaluate_all("all => all.map(a => a.getBoundingClientRect().right)")
    assert len(edges) == 10 and max(edges) <= end
    assert row.evaluate("e => e.scrollHeight <= e.clientHeight")  # and nothing wraps out of sight


def test_the_course_leads_on_with_another_question(visit):
    page = visit().open("/")
    expect(page.get_by_text("Begin with the question at the top of this page.")).to_be_visible()
    page.get_by_role("link", name="Next: 1 Attention lab").click()
    expect(page).to_have_url(re.compile("persistent=false"))
    expect(page.get_by_text("has persistent=False")).to_be_visible()


def test_of_a_lesson_that_was_begun_it_says_what_is_left(visit):
    page = visit(viewport={"width": 1280, "height": 720}).open("/Attention_lab")
    page.get_by_role("link", name="Next: 2 Moving devices").click()
    expect(page.get_by_role("radio", name="Move the module")).to_be_checked()  # the first story
    far = page.get_by_text("You have answered 1 of 2 questions of this lesson.")
    expect(far).to_have_count(0)
    page.get_by_text("it works", exact=True).click()
    page.get_by_role("button", name="Run the timeline").click()
    expect(far).to_be_visible()
    entry = page.locator("nav .inline").get_by_role("link", name="Moving devices")
    expect(entry).to_have_attribute("title", "1 of 2 questions answered")
    page.get_by_text("A second question: what does each forward pass copy?").click()
    count = page.get_by_role("button", name="Count the copies")
    count.scroll_into_view_if_needed()  # the section is open, and moves no more
    page.get_by_text("all five", exact=True).click()
    count.click()
    expect(entry).to_contain_text("✓")
    expect(entry).not_to_have_attribute("title", re.compile(""))
    expect(far).to_have_count(0)
    page.get_by_role("link", name="Next: 3 state_dict").click()  # from the end of a long page
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "What is saved, what comes back, what breaks?"
    )
    expect(page.get_by_role("link", name="Next: 4")).to_be_visible()
    page.wait_for_function("document.querySelector('.stMain').scrollTop === 0")  # from its top


def test_what_was_answered_is_marked_kept_and_forgotten(visit):
    visitor = visit()
    page = visitor.open("/")
    page.get_by_text("both work", exact=True).click()
    page.get_by_role("button", name="Move and run").click()
    expect(page.get_by_text("1 of 9 done.")).to_be_visible()
    visitor.open("/")
    expect(page.get_by_text("1 of 9 done.")).to_be_visible()
    page.get_by_role("button", name="Forget my progress").click()
    page.get_by_role("button", name="Keep them").click()
    expect(page.get_by_text("1 of 9 done.")).to_be_visible()
    page.get_by_role("button", name="Forget my progress").click()
    page.get_by_role("button", name="Yes, forget them").click()
    expect(page.get_by_text("0 of 9 done.")).to_be_visible()
    visitor.open("/?done=1.ran&done=5.trained")
    page.get_by_role("button", name="Add them to my progress").click()
    expect(page.get_by_text("2 of 9 done.")).to_be_visible()
    expect(page).not_to_have_url(re.compile("done="))


def test_three_different_cases_make_the_failure_cases_done(visit):
    page = visit().open("/?done=6.ran%3Astale-alias&done=10.ran&done=6.ran%3Astale-alias")
    page.get_by_role("button", name="Add them to my progress").click()
    expect(page.get_by_text("begun, 1 of 3 cases")).to_be_visible()
    expect(page.get_by_text("begun, 1 of 12 questions")).to_be_visible()
    expect(page.get_by_text("open, 0 of 14 cases")).to_be_visible()
    for case, marks in (("stale-alias", "1 of 3"), ("row-of-nan", "2 of 3"), ("lazy-mask", "")):
        page.goto(f"{page.url.split('/?')[0].rstrip('/')}/Failure_cases?case={case}")
        page.get_by_role("radiogroup").get_by_role("radio").first.check(force=True)
        page.get_by_role("button", name="Run it, and the fix").click()
        expect(page.get_by_text(re.compile("You said|That is what")).first).to_be_visible()
        page.get_by_role("link", name="Start", exact=True).click()
        where = page.get_by_role("listitem").filter(has_text="6 Failure cases")
        expect(where).to_contain_text(f"begun, {marks} cases" if marks else "20 minutes · done")


def test_what_a_browser_has_kept_and_is_none_gets_a_message(visit):
    visitor = visit()
    page = visitor.open("/")
    for kept in ("{", '{"version":1,"done":[1,null,"<b>"]}', "[" * 20_000):
        page.evaluate("text => localStorage.setItem('buffer-lab-progress', text)", kept)
        visitor.open("/")
        expect(page.get_by_text("Of what this browser had kept")).to_be_visible()
        expect(page.get_by_text("0 of 9 done.")).to_be_visible()


def test_who_comes_after_a_visitor_finds_nothing_of_theirs(visit):
    """Visitors of these tests come after each other in one browser, with its files at hand."""
    first = visit()
    page = first.open("/?done=1.ran")
    page.get_by_role("button", name="Add them to my progress").click()
    expect(page.get_by_text("1 of 9 done.")).to_be_visible()
    page.evaluate("document.cookie = 'a=b'")
    first.leave()
    page = Visitor(None, first.server, first.context).open("/")
    expect(page.get_by_text("0 of 9 done.")).to_be_visible()
    assert "a=b" not in page.evaluate("document.cookie")
