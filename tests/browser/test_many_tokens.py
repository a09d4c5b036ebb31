"""The lab with many tokens, in a real Chromium: what is drawn, pointed at, sent, cancelled."""

import re

import pytest
from playwright.sync_api import expect
from test_lab import switch

pytestmark = pytest.mark.browser
LAB = "/Attention_lab?predict=false"
TEXT = f"{LAB}&input=text"


class Traffic:
    """Counts the bytes that the server sends to a page over its websocket."""

    def __init__(self, page):
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self.note))

    def note(self, payload):
        self.bytes += len(payload)


def interact(visitor, traffic, action, charts):
    """The bytes of one interaction, from rest to rest."""
    visitor.settled(charts)
    before = traffic.bytes
    action()
    visitor.page.wait_for_timeout(300)
    visitor.settled(charts)
    return traffic.bytes - before


def test_one_interaction_at_six_tokens_sends_less_than_60_kb(visit):
    visitor = visit()
    traffic = Traffic(visitor.page)
    page = visitor.open(f"{LAB}&device=cpu")
    toggled = interact(visitor, traffic, lambda: switch(page, "Register the mask as a buffer"), 4)
    assert 1_000 < toggled < 60_000


@pytest.mark.parametrize("tokens", [64, 1024])
def test_one_interaction_with_many_tokens_sends_less_than_1_5_mb(visit, tokens):
    visitor = visit()
    traffic = Traffic(visitor.page)
    page = visitor.open(f"{TEXT}&device=cpu&tokens={tokens}&context_length={tokens}&inputs=true")
    visitor.settled(4)
    assert traffic.bytes < 1_500_000, "the whole first page"

    def reseed():
        page.get_by_label("Seed", exact=True).fill("7")
        page.get_by_label("Seed", exact=True).press("Enter")

    assert 10_000 < interact(visitor, traffic, reseed, 4) < 1_500_000


def test_pointing_names_query_key_and_exact_value(visit):
    visitor = visit()
    page = visitor.open(f"{TEXT}&device=cpu&tokens=40&context_length=40&compare=false&seed=3")
    visitor.settled(2)
    place = page.locator(".stVegaLiteChart canvas").nth(1).bounding_box()
    tip = page.locator("#vg-tooltip-element")
    for step in range(8):  # the plot begins somewhere inside of the canvas
        page.mouse.move(place["x"] + place["width"] * 0.4, place["y"] + 200 + 20 * step)
        if tip.is_visible():
            break
    expect(tip).to_contain_text(re.compile(r"query\d+key\d+value0\.\d{6}atquery \d+ “"))


def test_a_window_shows_exact_numbers_and_is_in_the_link(visit):
    visitor = visit()
    page = visitor.open(f"{TEXT}&device=cpu&tokens=1024&context_length=1024")
    visitor.settled(4)
    page.get_by_text("Zoom into a window", exact=True).last.click()
    query = page.get_by_label("First query of the window (1 to 1024)")
    query.fill("500")
    query.press("Enter")
    key = page.get_by_label("First key of the window (1 to 1024)")
    key.fill("497")
    key.press("Enter")
    expect(page).to_have_url(re.compile("zoom_key=497"))
    visitor.settled(4)
    expect(page.get_by_role("table", name="Masked scores").first).to_contain_text("−∞")
    shown = page.get_by_role("table", name="Attention weights").first.inner_text()
    other = visit()
    again = other.open(page.url.removeprefix(visitor.server))
    other.settled(4)
    expect(again.get_by_role("table", name="Attention weights").first).to_be_visible()
    assert again.get_by_role("table", name="Attention weights").first.inner_text() == shown


def test_a_heavy_run_can_be_cancelled_while_others_go_on(visit):
    heavy, light = visit(), visit()
    other = light.open(f"{LAB}&device=cpu&inputs=true")
    light.settled(4)
    page = heavy.open(f"{TEXT}&device=cpu&tokens=4096&context_length=4096&seed=5&inputs=true")
    expect(page.get_by_role("progressbar")).to_be_visible()
    switch(other, "Compare")
    light.settled(2)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. There are no results for these settings")).to_be_visible()
    switch(page, "Compare")
    expect(page).to_have_url(re.compile("compare=false"))
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


def test_2048_tokens_come_from_a_worker(visit):
    visitor = visit()
    visitor.open(f"{TEXT}&device=sim&tokens=2048&context_length=2048&compare=false&buffer=true")
    expect(visitor.page.locator(".stVegaLiteChart canvas")).to_have_count(2, timeout=60_000)


def test_looking_elsewhere_beyond_1024_tokens_keeps_what_is_there(visit):
    visitor = visit()
    page = visitor.open(
        f"{TEXT}&device=cpu&tokens=1100&compare=false&zoom=true&zoom_query=500&zoom_key=497"
    )
    expect(page.locator(".stVegaLiteChart canvas")).to_have_count(2, timeout=60_000)
    table = page.get_by_role("table", name="Masked scores")
    before = table.inner_text()
    key = page.get_by_label("First key of the window (1 to 1100)")
    key.fill("490")
    key.press("Enter")
    expect(page.locator(".stVegaLiteChart canvas")).to_have_count(2)
    expect(key).to_be_focused()
    expect(page.get_by_role("progressbar")).to_have_count(0, timeout=60_000)
    expect(table).not_to_have_text(before)
    expect(page).to_have_url(re.compile("zoom_key=490.*|zoom_query=500.*"))
    page.get_by_text("Change the settings").click()
    page.get_by_label("Tokens", exact=True).fill("4096")
    page.get_by_label("Tokens", exact=True).press("Enter")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("There are no results for these settings")).to_be_visible()
    for part in ("zoom=true", "zoom_query=500", "zoom_key=490", "tokens=4096"):
        expect(page).to_have_url(re.compile(part))


def test_a_phone_shows_many_tokens_without_scrolling_sideways(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(f"{TEXT}&device=cpu&tokens=300&context_length=300&zoom=true&causality=true")
    visitor.settled(4)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
