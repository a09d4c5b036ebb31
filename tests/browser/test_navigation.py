"""Going from page to page, in a real Chromium: what is kept, and what is given up."""

import re

import pytest
from playwright.sync_api import expect

from core.lessons import LESSONS

pytestmark = pytest.mark.browser


def test_a_page_comes_back_with_every_choice_of_several(visit):
    visitor = visit()
    page = visitor.open(
        "/What_is_state?predict=false&rows=in+buffers%28%29&rows=in+state_dict%28%29"
        "&columns=list&columns=dict"
    )
    visitor.settled(charts=0)
    for leave in ("Start", "Training"):
        page.get_by_role("link", name=leave).first.click()
        expect(page).not_to_have_url(re.compile("What_is_state"))
        visitor.settled(charts=2 if leave == "Start" else 0)
        page.get_by_role("link", name="What is state?").first.click()
        expect(page).to_have_url(re.compile("rows=in\\+buffers.*rows=in\\+state_dict"))
        expect(page).to_have_url(re.compile("columns=list&columns=dict"))
        visitor.settled(charts=0)


def test_who_leaves_a_page_gives_up_the_work_that_it_asked_for(visit):
    visitor = visit()
    page = visitor.open("/Attention_lab?predict=false&input=text&tokens=4000&seed=11")
    expect(page.get_by_text("Running:")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Start").first.click()
    expect(page).not_to_have_url(re.compile("Attention_lab"))
    other = visit()
    other.open("/Attention_lab?predict=false&input=text&tokens=1100&seed=11&compare=false")
    expect(other.page.locator(".stVegaLiteChart canvas")).to_have_count(2, timeout=60_000)


def test_a_phone_shows_the_links_below_the_home_page_in_full(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open("/")
    visitor.settled(charts=2)
    heights = "links => links.map(link => link.getBoundingClientRect().height)"
    foot = page.locator(".stPageLink:not(.st-key-navigation *)")
    navigation = page.locator(".st-key-navigation .stPageLink")
    expect(foot).to_have_count(len(LESSONS) - 1)
    cut = foot.evaluate_all(
        """links => links.flatMap(link => [link, ...link.querySelectorAll("*")])
          .filter(part => part.scrollWidth > part.clientWidth).map(part => part.textContent)"""
    )
    assert cut == []
    narrow, above = foot.evaluate_all(heights), navigation.evaluate_all(heights)
    page.set_viewport_size({"width": 1400, "height": 844})
    visitor.settled(charts=2)
    wide = foot.evaluate_all(heights)
    # Two lines each, and one where there is room; the navigation's links stay as they are.
    assert all(tall > 1.4 * low for tall, low in zip(narrow, wide, strict=True))
    assert navigation.evaluate_all(heights) == above
