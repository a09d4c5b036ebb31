"""A guess, and every other control, belongs to one page."""

import re

from playwright.sync_api import expect


def test_a_guess_made_in_the_lab_is_none_in_moving_devices(visit):
    visitor = visit()
    page = visitor.open("/Attention_lab?seed=7&device=cpu")
    guess = page.get_by_role("radio", name="it works")
    page.locator("label").filter(has_text=re.compile("^it works$")).first.click()
    expect(guess).to_be_checked()
    expect(page).to_have_url(re.compile("guess=it"))
    page.get_by_role("link", name="Moving devices").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("What moves"))
    gate = page.locator("[class*=st-key-prediction]")
    expect(gate.get_by_role("radio").first).to_be_visible()
    expect(gate.get_by_role("radio", checked=True)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("guess="))
    page.get_by_role("link", name="Attention lab").first.click()
    expect(page.get_by_role("radio", name="it works")).to_be_checked()


def test_a_seed_in_the_lab_is_not_trainings_and_a_link_keeps_what_two_pages_have_a_control_for(
    visit,
):
    page = visit().open("/Attention_lab?seed=7&inputs=true&device=cpu")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("7")
    page.get_by_role("link", name="Training").first.click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(re.compile("hold"))
    page.get_by_text("Change the settings").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("123")
    page.get_by_role("link", name="Attention lab").first.click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("7")
    expect(page).to_have_url(re.compile("seed=7"))
    expect(page).to_have_url(re.compile("device=cpu"))
    expect(page.get_by_text("The link had something")).to_have_count(0)
