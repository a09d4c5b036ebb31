"""What a person does in the lesson on state_dict, in a real Chromium."""

import re

import pytest
from axe import STILL
from playwright.sync_api import expect
from table_edges import edge_is_shaded

pytestmark = pytest.mark.browser
PAGE = "/State_dict"


def test_a_load_failure_is_guessed_read_and_fixed(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?keys=false&failures=true")
    page.get_by_role("radio", name="Target: context length 4", exact=True).click()
    expect(page).to_have_url(re.compile("target_length=4"))
    page.get_by_text("it loads", exact=True).click()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_test_id("stAlert").first).to_contain_text("What happened: it raises")
    expect(page.get_by_text("size mismatch for mask").first).to_be_visible()
    page.get_by_role("button", name="Run this fix").first.click()
    expect(page.get_by_text("<All keys matched successfully>")).to_be_visible()
    expect(page).to_have_url(re.compile("fix=add-mask"))
    expect(page.get_by_test_id("stAlert").first).to_contain_text("What happened: it raises")
    second = visit()
    other = second.open(page.url.removeprefix(visitor.server))
    expect(other.get_by_text("<All keys matched successfully>")).to_be_visible()


def test_a_zeroed_mask_comes_back_and_leaks(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?keys=false&edit=true")
    page.get_by_text("zeros", exact=True).click()
    expect(page).to_have_url(re.compile("change=zeros"))
    visitor.settled(charts=0)  # a guess made sooner would be forgotten with the old question
    page.get_by_text("only with the buffer", exact=True).click()
    page.get_by_role("button", name="Save and load").click()
    visitor.settled(charts=4)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("now see later ones")
    expect(page.get_by_text("Causality is gone for: Your, journey")).to_be_visible()


def test_keys_that_one_way_of_holding_does_not_save_show_as_not_saved(visit):
    page = visit().open(f"{PAGE}?predict=false")
    table = page.get_by_role("table").first
    expect(table.get_by_text("not saved")).to_have_count(2)
    row = table.get_by_role("row", name=re.compile("^a plain attribute"))
    expect(row.get_by_text("not saved")).to_have_count(1)


def test_a_phone_shows_all_sections_without_scrolling_sideways(visit):
    visitor = visit(viewport={"width": 320, "height": 640})
    page = visitor.open(f"{PAGE}?predict=false&edit=true&failures=true&target_length=4")
    visitor.settled(charts=4)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
    table = page.locator("[data-testid=stMarkdownContainer]:has(> table)").nth(1)
    assert table.evaluate("e => e.scrollWidth > e.clientWidth + 50")
    assert edge_is_shaded(table)
    table.evaluate("e => e.scrollLeft = e.scrollWidth")
    assert not edge_is_shaded(table)
    first = table.get_by_role("row", name=re.compile("^an nn.Buffer")).get_by_role("cell").first
    expect(first).to_be_in_viewport(ratio=0.95)


def test_the_load_lab_shows_presets_first(visit):
    page = visit().open(f"{PAGE}?keys=false&failures=true")
    expect(page.get_by_role("button", name="Load", exact=True)).to_be_visible()
    expect(page.get_by_text("Source holds its mask as")).not_to_be_visible()
    page.get_by_text("Change the source, the target and the loading").click()
    expect(page.get_by_text("Source holds its mask as")).to_be_visible()


def test_the_keyboard_alone_ticks_one_cell_after_another(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false&keys=false&edit=true&change=paint")
    visitor.settled(charts=4)
    box = page.get_by_role("textbox", name="Cells to paint")
    table = page.get_by_test_id("stDataFrame")
    table.hover()
    buttons = table.get_by_test_id("stElementToolbarButtonContainer")
    expect(buttons).to_be_visible()
    page.wait_for_function(STILL)
    buttons = buttons.bounding_box()
    assert buttons["y"] >= box.bounding_box()["y"] + box.bounding_box()["height"]
    box.focus()
    cell = page.locator("[data-testid=stDataFrame] td[role=gridcell]:focus")
    for _ in range(8):  # past the help and the table's own buttons
        if cell.count():
            break
        page.keyboard.press("Tab")
    for key in ["ArrowLeft"] * 6 + ["ArrowRight"]:  # to the names of the rows, and back one
        page.keyboard.press(key)
    for keys, cells in (("Space", "1-1+1-6"), ("ArrowRight Space", "1-1+1-2+1-6")):
        for key in keys.split():
            page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"cells={re.escape(cells)}$"))
        visitor.settled(charts=4)
        expect(cell).to_have_count(1)
    expect(box).to_have_value("1-1 1-2 1-6")
    page.keyboard.press("Space")  # the tick is taken back
    expect(page).to_have_url(re.compile(r"cells=1-1\+1-6$"))
