"""What was answered, as this browser keeps it: in a file, and where the browser keeps nothing."""

import json

import pytest
from playwright.sync_api import expect

from core.course.end import NEXT, TITLE
from core.lessons import QUESTIONS, lesson

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
BLOCKED = """
Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("The operation is insecure.", "SecurityError"); } });
"""


def test_progress_goes_into_a_file_is_forgotten_and_comes_back(visit, tmp_path):
    visitor = visit()
    page = visitor.open("/?done=1.ran&done=6.ran%3Arow-of-nan")
    page.get_by_role("button", name="Add them to my progress").click()
    expect(page.get_by_text("1 of 9 done.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my progress as a file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert json.loads(file.read_text())["done"] == ["1.ran", "6.ran:row-of-nan"]
    page.get_by_role("button", name="Forget my progress").click()
    page.evaluate("dispatchEvent(new Event('storage'))")  # all is drawn anew, as by a run
    page.get_by_role("button", name="Keep them").click()
    page.get_by_role("button", name="Forget my progress").click()
    page.evaluate("dispatchEvent(new Event('storage'))")
    page.get_by_role("button", name="Yes, forget them").click()
    expect(page.get_by_text("0 of 9 done.")).to_be_visible()
    place = page.get_by_label("Load my progress from a file").last
    place.set_input_files(file)
    expect(page.get_by_text("Loaded: 2 answers.")).to_be_visible()
    expect(page.get_by_text("1 of 9 done.")).to_be_visible()
    expect(page.get_by_text("begun, 1 of 3 cases")).to_be_visible()
    file.write_text('{"version": 1, "done": ["5.trained", "99.ran"]}')
    place.set_input_files(file)
    expect(page.get_by_text("Of this file, what is no progress")).to_be_visible()
    expect(page.get_by_text("2 of 9 done.")).to_be_visible()
    expect(page.get_by_role("heading", name=TITLE)).to_have_count(0)
    about = {name: [f":{n}" for n in range(times)] if times > 1 else [""]
             for name, times in QUESTIONS.items()}  # fmt: skip
    done = [name + one for name, cases in about.items() for one in cases]
    file.write_text(json.dumps({"version": 1, "done": done}))
    place.set_input_files(file)
    expect(page.get_by_text("9 of 9 done. You have done it all.")).to_be_visible()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    page.get_by_role("link", name=NEXT[0].words).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(lesson(NEXT[0].page).question)


def test_a_browser_that_keeps_nothing_says_so_and_the_course_goes_on(visit):
    visitor = visit()
    visitor.page.add_init_script(BLOCKED)
    page = visitor.open("/")
    expect(page.get_by_text("This browser keeps nothing for this page.")).to_be_visible()
    page.get_by_text("both work", exact=True).click()
    page.get_by_role("button", name="Move and run").click()
    expect(page.get_by_text("Take-away.")).to_be_visible()
    page.get_by_role("link", name="Next: 1 Attention lab").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Does it matter how a module holds its mask?"
    )


def test_the_menu_of_pages_works_by_touch(visit):
    page = visit(**PHONE).open("/")
    pages = page.get_by_role("navigation", name="Pages")
    workshop = pages.get_by_role("link", name="11 Workshop")
    menu = page.get_by_text("All pages")
    menu.tap()
    expect(workshop).to_be_visible()
    start = page.get_by_role("heading", level=1)
    start.tap(position={"x": 10, "y": 10})  # its left: the open menu covers its middle
    expect(workshop).to_be_hidden()
    expect(start).to_have_text(lesson("dashboard.py").question)  # no link of the menu was hit
    menu.tap()
    pages.get_by_role("link", name="5 Training").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What does training change")
    expect(workshop).to_be_hidden()
