"""What a person does in the lesson on moving devices, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect
from table_edges import edge_is_shaded

from core.moving.steps import PRESETS

pytestmark = pytest.mark.browser
PAGE = "/Moving_devices"
REAL_ERROR = (
    "RuntimeError: expected self and mask to be on the same device, "
    "but got mask on cpu and self on sim:0"
)


def test_a_story_is_predicted_run_and_then_mended_step_by_step(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?build=true")
    page.get_by_text("a device error", exact=True).click()
    page.get_by_role("button", name="Run the timeline").click()
    expect(page.get_by_text(REAL_ERROR)).to_be_visible()
    expect(page.get_by_test_id("stAlert").first).to_contain_text("That is what happened")
    page.get_by_role("button", name="Take the last step back").click()
    expect(page).to_have_url(re.compile("steps=to-sim(&|$)"))
    page.get_by_role("button", name="move the mask by hand").click()
    expect(page).to_have_url(re.compile(r"steps=to-sim\.by-hand(&|$)"))
    page.get_by_role("button", name="forward", exact=True).click()
    expect(page).to_have_url(re.compile(r"steps=to-sim\.by-hand\.forward"))
    visitor.settled(charts=0)  # a guess made sooner would be forgotten with the old question
    page.get_by_text("it works", exact=True).click()
    page.get_by_role("button", name="Run the timeline").click()
    expect(page.get_by_test_id("stAlert").first).to_contain_text("Every tensor is on sim:0")
    second = visit()
    other = second.open(page.url.removeprefix(visitor.server))
    expect(other.get_by_role("row", name=re.compile("by hand"))).to_contain_text("→ sim:0")
    assert other.get_by_role("table").inner_text() == page.get_by_role("table").inner_text()


def test_the_copies_are_counted_and_drawn(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false&crossings=true&counted=256")
    visitor.settled(charts=1)
    expect(page.get_by_role("row", name=re.compile("moved in every forward"))).to_contain_text(
        "mask, 262 kB"
    )
    expect(page.get_by_role("row", name=re.compile("a registered buffer"))).to_contain_text(
        "nothing"
    )


def test_a_phone_shows_the_ledger_without_scrolling_the_page_sideways(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(f"{PAGE}?predict=false&crossings=true&code=true&counted=256")
    visitor.settled(charts=1)
    expect(page.get_by_text(REAL_ERROR)).to_be_visible()
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_a_phone_shows_every_step_of_a_story_and_every_tensor(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    first, *others = PRESETS.values()
    page = visitor.open(f"{PAGE}?predict=false&start={first.start}&steps={'.'.join(first.steps)}")
    for preset in (first, *others):
        if preset is not first:
            page.get_by_role("radio", name=preset.title, exact=True).click()
            expect(page).to_have_url(re.compile(rf"steps={re.escape('.'.join(preset.steps))}(&|$)"))
        visitor.settled(charts=0)
        table = page.get_by_role("table")
        expect(table.get_by_role("row")).to_have_count(1 + 1 + len(preset.steps))
        assert table.evaluate("e => e.parentElement.scrollWidth <= e.parentElement.clientWidth")


def test_run_is_above_the_fold(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(PAGE)
    for size in ((390, 844), (1280, 720)):
        visitor.resize(*size)
        visitor.is_above_the_fold(page.get_by_role("button", name="Run the timeline"))
        expect(page.get_by_role("button", name="deepcopy")).not_to_be_visible()


def test_code_on_a_phone_keeps_its_lines_and_a_message_wraps_with_an_indent(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(f"{PAGE}?predict=false")
    code = page.locator(".stCode pre").filter(has_text="masked_fill_")
    assert code.evaluate("e => e.scrollWidth > e.clientWidth + 50")
    assert code.evaluate("e => e.querySelector('code').getBoundingClientRect().height") < 30
    assert edge_is_shaded(code)
    code.evaluate("e => e.scrollLeft = e.scrollWidth")
    assert not edge_is_shaded(code)
    message = page.locator(".stCode pre").filter(has_text="RuntimeError")
    assert message.evaluate("e => e.scrollWidth <= e.clientWidth")
    lines = (  # the left end of each line, but for the spaces at which a line ends
        "e => { const range = document.createRange(); range.selectNodeContents(e);"
        " return [...range.getClientRects()].filter(r => r.width > 20).map(r => r.left); }"
    )
    first, *others = message.locator("code > span > span").evaluate(lines)
    assert others and all(left > first + 10 for left in others)


def test_the_chosen_story_says_so_to_a_screen_reader_and_a_pressed_one_runs(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false")
    stories = page.get_by_role("radiogroup", name="A story")
    chosen = stories.get_by_role("radio", checked=True)
    expect(chosen).to_have_text([PRESETS["notebook"].title])
    for _ in range(2):  # pressed again, it stays
        stories.get_by_role("radio", name=PRESETS["half"].title).click()
        expect(page).to_have_url(re.compile(r"steps=half\.forward"))
        visitor.settled(charts=0)
        expect(chosen).to_have_text([PRESETS["half"].title])
    page.get_by_text("Change the steps").click()
    page.get_by_role("button", name="deepcopy").click()
    expect(chosen).to_have_count(0)
