"""What a person does with the decision card and the case machine, in a real Chromium."""

import re

import pytest
from browser_visitor import at_rest
from playwright.sync_api import expect

from core.course.case_machine import CASES

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MACHINE = "/Decision_card?view=the+case+machine"


def press(page, name):
    """Press a button with the keyboard, once it may be pressed and nothing runs any more."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_enabled()
    at_rest(page)
    button.press("Enter")


def test_the_card_is_on_one_screen_and_alone_on_the_sheet(visit):
    visitor = visit(viewport={"width": 1280, "height": 720}, color_scheme="dark")
    page = visitor.open("/Decision_card")
    visitor.settled(charts=0)
    card = page.locator(".st-key-decision_card")
    box = card.bounding_box()
    assert box["y"] + box["height"] <= 720
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Attention lab")).to_be_hidden()
    expect(page.get_by_role("radio", name="the card")).to_be_hidden()
    expect(page.get_by_role("button", name="Card (.svg)")).to_be_hidden()
    expect(card.get_by_text("Does a new module need its values?")).to_be_visible()
    assert card.bounding_box()["y"] < 60
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_a_branch_leads_to_the_experiment_that_proves_it(visit):
    visitor = visit()
    page = visitor.open("/Decision_card")
    visitor.settled(charts=0)
    page.get_by_role("link", name="A plain attribute stays").click()
    expect(page).to_have_url(re.compile("Moving_devices"))
    page = visitor.open("/Decision_card")
    visitor.settled(charts=0)
    page.get_by_role("button", name="The case machine: how to hold a running mean").click()
    expect(page).to_have_url(re.compile("case=running-mean"))
    expect(page.get_by_role("button", name="Run it")).to_be_disabled()  # the learner decides
    expect(page.get_by_role("cell")).to_have_count(0)
    visitor.settled(charts=0)
    page.reload()
    expect(page.get_by_role("button", name="Run it")).to_be_disabled()
    page.get_by_text("non-persistent buffer", exact=True).click()
    press(page, "Run it")
    expect(page.get_by_role("cell", name="no, its output differs")).to_be_visible()
    expect(page.get_by_text("1 answered")).to_be_visible()


def test_the_keyboard_alone_decides_and_a_reload_keeps_the_score(visit):
    visitor = visit()
    page = visitor.open(MACHINE)
    visitor.settled(charts=0)
    page.get_by_role("radio", name="nn.Parameter").focus()
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="plain attribute")).to_be_checked()
    press(page, "Run it")
    expect(page.get_by_test_id("stAlert").first).to_contain_text("The tensor stays on cpu")
    press(page, "Next")
    expect(page.get_by_text(f"2 of {len(CASES)}:")).to_be_visible()
    expect(page.get_by_role("radio", name="plain attribute")).not_to_be_checked()
    expect(page).to_have_url(re.compile("decided=causal-mask.3"))
    visitor.settled(charts=0)
    page.reload()
    expect(page.get_by_text(f"2 of {len(CASES)}:")).to_be_visible()
    expect(page.get_by_text(f"Score: 0 of {len(CASES)}.")).to_be_visible()
    page.get_by_text("Missed so far: 1").click()
    expect(
        page.get_by_role("link", name=re.compile("→ state_dict: what masks cost"))
    ).to_be_visible()


def test_a_phone_decides_by_touch(visit):
    visitor = visit(**PHONE)
    page = visitor.open(MACHINE)
    visitor.settled(charts=0)
    assert page.get_by_role("button", name="Run it").bounding_box()["y"] < 844
    page.get_by_text("non-persistent buffer", exact=True).tap()
    visitor.settled(charts=0)
    page.get_by_role("button", name="Run it").tap()
    expect(page.get_by_test_id("stAlert").first).to_contain_text("That is the recommended way")
    assert page.evaluate("document.body.scrollWidth") <= 390
