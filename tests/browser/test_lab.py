"""What a person does in the attention lab, in a real Chromium."""

import re
import subprocess
import sys

import pytest
from browser_visitor import at_rest
from playwright.sync_api import expect

from core.charts.palette import HOVERED

pytestmark = pytest.mark.browser
LAB = "/Attention_lab"
PHONE = {"width": 390, "height": 844}
REAL_ERROR = (
    "RuntimeError: expected self and mask to be on the same device, "
    "but got mask on cpu and self on sim:0"
)


def switch(page, name):
    """Click a toggle by its label, as people do."""
    label = page.get_by_text(name, exact=True)
    expect(label).to_have_count(1)  # two while a rerun replaces the page
    label.click()


def test_predict_run_and_explain(visit):
    page = visit().open(LAB)
    expect(page.get_by_role("button", name="Run the forward pass")).to_be_disabled()
    expect(page.get_by_role("switch", name="Register the mask")).not_to_be_checked()
    expect(page.get_by_text("Take-away.")).to_have_count(0)
    page.get_by_text("it works", exact=True).click()
    page.get_by_role("button", name="Run the forward pass").click()
    expect(page.get_by_role("alert").first.locator("strong").first).to_contain_text(
        "What happened: a device error. The mask of CausalAttentionWithoutBuffers is a plain "
        "attribute, so it stayed on cpu"
    )
    expect(page.locator("svg.marks")).to_have_count(3)
    expect(page.get_by_text("Take-away.")).to_be_visible()
    assert "guess=it+works" in page.url and "ran=plain-sim-moved" in page.url


def test_toggle_to_failure_on_sim_and_back(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&compare=false&buffer=true")
    visitor.settled(charts=2)
    switch(page, "Register the mask as a buffer")
    expect(page.get_by_text(REAL_ERROR)).to_be_visible()
    visitor.settled(charts=1)
    expect(page).not_to_have_url(re.compile("buffer="))
    page.get_by_role("radio", name="cpu").check(force=True)
    visitor.settled(charts=2)
    expect(page.get_by_text(REAL_ERROR)).to_have_count(0)
    page.get_by_role("radio", name="sim").check(force=True)
    expect(page.get_by_text(REAL_ERROR)).to_be_visible()
    switch(page, "Register the mask as a buffer")
    visitor.settled(charts=2)


def screen(page):
    """All that a person reads below the navigation, charts included, in order."""
    drawn = page.locator("svg.marks").evaluate_all(
        "all => all.map(svg => [...svg.querySelectorAll('text')].map(t => t.textContent))"
    )
    main = page.locator("[data-testid=stMain]").inner_text()
    marks = page.locator(".st-key-navigation").inner_text()  # of what this browser has done
    return main.replace(marks, ""), drawn


def test_a_shared_link_reproduces_the_screen_in_a_second_browser(visit):
    first = visit()
    page = first.open(LAB)
    switch(page, "Register the mask as a buffer")
    page.get_by_text("Change the settings").click()
    switch(page, "Move the mask by hand")
    page.get_by_label("Seed", exact=True).fill("7")
    page.get_by_label("Seed", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("seed=7"))
    first.settled(charts=0)
    page.get_by_text("it works", exact=True).click()
    page.get_by_role("button", name="Run the forward pass").click()
    first.settled(charts=4)
    page.get_by_text("The causality probe").click()
    expect(page.get_by_text("identical, bit for bit")).to_be_visible()
    second = visit()
    other = second.open(page.url.removeprefix(first.server))
    second.settled(charts=4)
    expect(other.get_by_text("identical, bit for bit")).to_be_visible()
    assert screen(other) == screen(page)


def test_the_keyboard_alone_is_enough(visit):
    page = visit().open(LAB)

    def tab_to(role, name):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.get_by_role(role, name=name).evaluate_all(
                "found => found.some(e => e === document.activeElement)"
            ):
                return
        raise AssertionError(f"the tab key never reached {role} {name}")

    expect(page.get_by_role("switch", name="Register the mask")).to_be_visible()
    tab_to("switch", "Register the mask as a buffer")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("buffer=true"))
    page.keyboard.press("Space")
    expect(page).not_to_have_url(re.compile("buffer="))
    at_rest(page)  # a guess made sooner would be forgotten with the old question
    tab_to("radio", "it works")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="a device error")).to_be_checked()
    expect(page.get_by_role("button", name="Run the forward pass")).to_be_enabled()
    tab_to("button", "Run the forward pass")
    page.keyboard.press("Enter")
    expect(page.get_by_text(REAL_ERROR)).to_be_visible()


def test_hovering_a_query_highlights_its_row_and_the_charts_live_on_through_a_toggle(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&device=cpu")
    visitor.settled(charts=4)
    cell = page.locator("svg.marks").first.locator("path[aria-label^='query with, key Your']")
    cell.hover(position={"x": 4, "y": 4})
    for number in range(4):
        rows = page.locator("svg.marks").nth(number)
        expect(rows.locator(f"path[aria-label^='query '][stroke='{HOVERED}']")).to_have_count(6)
        expect(rows.locator(f"path[aria-label^='query with'][stroke='{HOVERED}']")).to_have_count(6)
        expect(
            rows.locator("path[aria-label^='query '][opacity]:not([opacity='1'])")
        ).to_have_count(0)
    page.mouse.move(5, 5)
    expect(page.locator(f"path[aria-label^='query '][stroke='{HOVERED}']")).to_have_count(0)
    page.locator("svg.marks").evaluate_all("all => all.forEach(svg => { svg.marked = true; })")
    switch(page, "Register the mask as a buffer")
    expect(page).to_have_url(re.compile("buffer=true"))
    visitor.settled(charts=4)
    lived = page.locator("svg.marks").evaluate_all("all => all.map(svg => svg.marked === true)")
    assert lived == [True] * 4


def test_a_number_edited_in_the_table_is_in_the_link(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&input=numbers&inputs=true&device=cpu")
    visitor.settled(charts=4)
    grid = page.locator("[data-testid=stDataFrame]")
    box = grid.bounding_box()
    page.mouse.dblclick(box["x"] + 120, box["y"] + 52)  # the first number of the first token
    expect(page.locator("#portal input")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("0.9", delay=60)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"x=0\.9\+0\.15\+0\.89%3B"))
    second = visit()
    other = second.open(page.url.removeprefix(visitor.server))
    second.settled(charts=4)
    visitor.settled(charts=4)
    assert screen(other)[1] == screen(page)[1]
    first = grid.get_by_test_id("glide-cell-1-0")
    expect(first).to_have_text("0.9")
    page.get_by_role("link", name="Moving devices").first.click()  # and back
    expect(page).to_have_url(re.compile("Moving_devices"))
    visitor.settled(charts=0)
    page.get_by_role("link", name="Attention lab").first.click()
    visitor.settled(charts=4)
    expect(first).to_have_text("0.9")


def test_the_downloaded_script_prints_the_error_of_the_page(visit, tmp_path):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&buffer=false&code=true")
    visitor.settled(charts=3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Script (.py)").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    done = subprocess.run([sys.executable, "-I", file], capture_output=True, text=True, timeout=120)
    assert file.name == "buffer_lab.py" and REAL_ERROR in done.stdout


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("seed=1e999&device=quantum", "seed is 1e999, but it must be a whole number from 0"),
        ("buffer=maybe&buffer=no&dropout=nan", "dropout is nan, but it must be a number from 0"),
        ("x=" + "y" * 100_000, "(100,000 characters)"),
        (
            "sentence=%3Cscript%3Ealert(1)%3C/script%3E&input=%00&context_length=-3",
            "context_length",
        ),
        ("what=![](http://example.org/x.png)", "is not a setting of this page"),
    ],
)
def test_a_hostile_link_opens_a_working_page_that_names_the_fault(visit, query, sentence):
    visitor = visit()
    page = visitor.open(f"{LAB}?{query}")
    expect(page.get_by_role("alert").first).to_contain_text(sentence)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("The link had something")).to_have_count(0)
    visitor.settled(charts=0)
    switch(page, "Predict first")
    visitor.settled(charts=3)


def test_a_phone_shows_everything_without_scrolling_sideways(visit):
    visitor = visit(viewport=PHONE)
    page = visitor.open(f"{LAB}?predict=false&pipeline=true&tensors=true&inputs=true&code=true")
    visitor.settled(charts=3)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_controls_of_the_input_come_with_their_section_and_keep_what_the_link_says(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&seed=7")
    visitor.settled(charts=3)
    seed = page.get_by_label("Seed", exact=True)
    expect(seed).to_have_count(0)
    section = page.get_by_text("Change the settings", exact=True)
    section.click()
    expect(seed).to_have_value("7")
    seed.fill("8")
    seed.press("Enter")
    expect(page).to_have_url(re.compile("seed=8"))
    visitor.settled(charts=3)
    section.click()
    expect(page).not_to_have_url(re.compile("inputs=true"))
    visitor.settled(charts=3)
    expect(page).to_have_url(re.compile("seed=8"))
    page.reload()
    visitor.settled(charts=3)
    section.click()
    expect(seed).to_have_value("8")


def test_the_back_button_leads_back_to_the_same_screen(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&seed=7&inputs=true")
    visitor.settled(charts=3)
    page.get_by_role("link", name="state_dict").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What is saved")
    expect(page).to_have_url(re.compile("source=plain"))  # which is none of the lab's
    page.go_back()
    visitor.settled(charts=3)
    expect(page.get_by_label("Seed", exact=True)).to_have_value("7")
    expect(page).to_have_url(re.compile("seed=7"))


@pytest.mark.parametrize(
    ("link", "label", "texts"),
    [
        (
            f"{LAB}?inputs=true&input=sentence",
            "Your sentence",
            {"word " * 65: "sentence is word", "": "sentence is (empty)"},
        ),
        (f"{LAB}?inputs=true&input=numbers", "The same numbers as text", {"1 2": "x is 1 2"}),
        ("/Moving_devices?x&build=true", "The same steps as text", {"jump": "steps is jump"}),
        ("/State_dict?edit=true&change=paint", "Cells to paint", {"9-9": "cells is 9-9"}),
    ],
)
def test_what_is_typed_beyond_a_limit_gets_a_message_and_stays(visit, link, label, texts):
    page = visit().open(link)
    box = page.get_by_label(label, exact=True)
    for text, sentence in texts.items():
        box.fill(text)
        box.press("Enter")
        expect(page.get_by_test_id("stAlert").filter(has_text=sentence)).to_be_visible()
        expect(box).to_have_value(text)
        expect(page.get_by_text("fault, and it is ours")).to_have_count(0)


def test_the_navigation_leads_back_to_the_same_screen(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&buffer=true")
    visitor.settled(charts=3)
    page.get_by_role("link", name="Start").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is a buffer?")
    page.get_by_role("link", name="Attention lab").first.click()
    visitor.settled(charts=3)
    expect(page.get_by_role("switch", name="Register the mask")).to_be_checked()
    expect(page).to_have_url(re.compile("buffer=true"))


def test_the_first_token_of_a_choice_is_in_the_link(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&causality=true")
    changed = page.get_by_label("Token to change (1 to 6)")
    changed.fill("1")
    changed.press("Enter")
    expect(page.get_by_text("Token 1 is “Your”.")).to_be_visible()
    expect(page).to_have_url(re.compile("changed=1(&|$)"))


def boxes(page, selector):
    """(top, bottom) of every element that is on the screen, in pixels from the viewport's top."""
    found = [e.bounding_box() for e in page.locator(selector).all() if e.is_visible()]
    return [(box["y"], box["y"] + box["height"]) for box in found]


def test_both_variants_are_on_one_screen_side_by_side_and_fit_a_small_phone(visit):
    visitor = visit(viewport={"width": 1280, "height": 720})
    page = visitor.open(f"{LAB}?predict=false")
    tables = page.locator(".st-key-variants table")
    for buffer in (False, True):
        if buffer:
            switch(page, "Register the mask as a buffer")
            expect(page).to_have_url(re.compile("buffer=true"))
        visitor.settled(charts=3)
        shown = boxes(page, ".st-key-variants :is(svg.marks, table)")
        assert len(shown) == 5 and all(0 <= top < bottom <= 720 for top, bottom in shown), shown
        assert tables.first.bounding_box()["x"] + 400 < tables.last.bounding_box()["x"]
    switch(page, "Register the mask as a buffer")
    expect(page).not_to_have_url(re.compile("buffer="))
    visitor.resize(360, 740)
    visitor.settled(charts=3)
    expect(tables).to_have_count(2)
    fits = "es => es.every(e => e.parentElement.scrollWidth <= e.parentElement.clientWidth)"
    assert tables.evaluate_all(fits)


def test_run_is_above_the_fold(visit):
    visitor = visit(viewport=PHONE)
    run = visitor.open(LAB).get_by_role("button", name="Run the forward pass")
    visitor.settled(charts=0)
    visitor.is_above_the_fold(run)
    visitor.resize(1280, 720)
    visitor.is_above_the_fold(run)


def test_what_a_chart_shows_is_read_out_beside_it(visit):
    visitor = visit()
    page = visitor.open(f"{LAB}?predict=false&device=cpu&compare=false")
    visitor.settled(charts=2)
    said = page.get_by_text("Masked scores of CausalAttentionWithoutBuffers: 6 queries by 6 keys")
    expect(said).to_have_count(1)
    assert not said.evaluate("e => e.closest('[aria-hidden=true]') !== null")
    assert "6 queries by 6 keys" in page.locator(".st-key-variants").aria_snapshot()
