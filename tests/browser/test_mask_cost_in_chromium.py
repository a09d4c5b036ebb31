"""What the mask costs, measured by a worker while a person watches, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LAB = "/Attention_lab?predict=false"
COST = "cost=true&cost_longest=256"


def drawn(page):
    chart = page.get_by_test_id("stVegaLiteChart").filter(has=page.get_by_text("tokens"))
    expect(chart).to_have_count(2)
    return chart


def test_a_guess_is_measured_and_the_link_shows_it_again(visit):
    visitor = visit()
    page = visitor.open(f"/Attention_lab?{COST}")
    ways = page.get_by_role("radiogroup", name="Which is the fastest?")
    ways.get_by_text("SDPA", exact=True).click()
    measure = page.get_by_role("button", name="Measure them")
    expect(measure).to_be_enabled()
    measure.click()
    expect(page.get_by_text(re.compile(r"^You said: SDPA\."))).to_be_visible(timeout=60_000)
    drawn(page)
    expect(page.get_by_text("All four gave the same context vectors")).to_be_visible()
    page.get_by_text("All figures").click()
    expect(page).to_have_url(re.compile("cost_ran=cpu-256-SDPA"))
    expect(page).to_have_url(re.compile("cost_figures=true"))
    other = visit()
    again = other.open(page.url.removeprefix(visitor.server))
    drawn(again)
    # the same measurement, kept by the server
    figures = "All figures, a row for each length and way"
    assert again.get_by_label(figures).inner_text() == page.get_by_label(figures).inner_text()
    other.resize(390, 844)
    drawn(again)
    assert again.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_it_can_be_cancelled_and_run_again(visit):
    page = visit().open(f"{LAB}&cost=true&cost_longest=2048")
    page.get_by_role("button", name="Cancel").click(timeout=30_000)
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    again = page.get_by_role("button", name="Run again")
    page.get_by_text("256", exact=True).first.click()
    expect(again).to_have_count(0)
    expect(page.get_by_text("All figures")).to_be_visible(timeout=60_000)
    drawn(page)
