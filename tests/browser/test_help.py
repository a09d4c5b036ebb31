"""The "?" beside a control shows its help, by mouse and by touch, and changes nothing."""

import re

import pytest
from browser_visitor import at_rest
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LINKS = ("/Attention_lab?inputs=true", "/State_dict?failures=true", "/Training", "/What_is_state")


@pytest.mark.parametrize("phone", [False, True], ids=["mouse", "touch"])
@pytest.mark.parametrize("link", LINKS)
def test_asking_for_help_changes_nothing_and_shows_it(visit, link, phone):
    page = visit(**(PHONE if phone else {})).open(link)
    page.get_by_role("button", name="Help for").first.wait_for()
    at_rest(page)
    address = page.url
    switches = page.get_by_role("switch")
    before = [switch.is_checked() for switch in switches.all()]
    for button in page.get_by_role("button", name="Help for").all():
        button.tap() if phone else button.click()
        expect(page.get_by_role("tooltip")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.get_by_role("tooltip")).to_have_count(0)
    assert [switch.is_checked() for switch in switches.all()] == before
    assert page.url == address


@pytest.mark.parametrize("phone", [False, True], ids=["mouse", "touch"])
def test_the_line_below_a_choice_chooses_it(visit, phone):
    page = visit(**(PHONE if phone else {})).open("/Attention_lab?cost=true")
    caption = page.get_by_text("a simulated accelerator")
    caption.tap() if phone else caption.click()
    expect(page.get_by_role("radio", name="sim").last).to_be_checked()
    expect(page).to_have_url(re.compile("cost_device=sim"))


@pytest.mark.parametrize("phone", [False, True], ids=["keyboard", "touch"])
def test_the_words_of_a_page_are_explained_on_demand(visit, phone):
    page = visit(**(PHONE if phone else {})).open("/State_dict")
    meaning = page.get_by_text("from names to tensors: what is saved")
    button = page.get_by_role("button", name="Words")
    expect(button).to_be_visible()
    expect(meaning).to_have_count(0)
    if phone:
        button.tap()
        expect(meaning).to_be_visible()
        page.get_by_role("heading", level=1).tap()
    else:
        button.focus()
        page.keyboard.press("Enter")
        expect(meaning).to_be_visible()
        page.keyboard.press("Escape")
    expect(meaning).to_have_count(0)


def test_words_that_go_on_below_have_a_shadow_until_their_end(visit):
    page = visit(viewport={"width": 1280, "height": 720}).open("/Attention_lab")
    page.get_by_role("button", name="Words").click()
    words = page.get_by_test_id("stPopoverBody")
    shadow = "e => getComputedStyle(e.firstElementChild, '::after').content"
    expect(words).to_be_visible()
    assert words.evaluate("e => e.scrollHeight > e.clientHeight")
    assert words.evaluate(shadow) == '""'
    words.evaluate("e => e.scrollTo(0, e.scrollHeight)")
    page.wait_for_timeout(500)
    assert words.evaluate(shadow) == "none"
