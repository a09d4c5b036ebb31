"""What a person does in the lesson on training, in a real Chromium with a real worker."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PAGE = "/Training"


def test_guesses_are_answered_by_a_run_whose_link_shows_the_same(visit):
    visitor = visit()
    made = "weight_guess=stays&plain_guess=stays&parameter_guess=stays&running_guess=stays"
    page = visitor.open(f"{PAGE}?steps=20&{made}")
    expect(page.get_by_role("button", name="Train")).to_be_disabled()
    question = page.get_by_test_id("stRadio").filter(has_text="mask, a buffer")
    question.get_by_text("stays", exact=True).click()
    page.get_by_role("button", name="Train").click()
    visitor.settled(charts=10)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("2 of 5 right")
    expect(page.get_by_text("you said stays")).to_have_count(5)
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(page.get_by_text("Mask after 0 steps")).to_have_count(2)
    expect(page).to_have_url(re.compile("at=0"))
    visitor.settled(charts=10)
    expect(page).to_have_url(re.compile("trained=stays-stays-stays-stays-stays"))
    other = visit()
    again = other.open(page.url.removeprefix(visitor.server))
    other.settled(charts=10)
    expect(again.get_by_text("Mask after 0 steps")).to_have_count(2)
    shown = (seen.get_by_test_id("stMarkdown").all_inner_texts() for seen in (page, again))
    assert next(shown) == next(shown)


def test_the_lesson_is_marked_as_done_when_the_results_are_there(visit):
    visitor = visit()
    asked = ("weight_guess", "plain_guess", "buffer_guess", "parameter_guess", "running_guess")
    guesses = "&".join(f"{name}=stays" for name in asked)
    page = visitor.open(f"{PAGE}?device=sim&steps=200&text=sonnet&{guesses}")
    mark = page.locator(".course-part nav .inline").get_by_text("Training ✓")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    expect(mark).to_have_count(0)
    page.goto(page.url.replace("device=sim&", "").replace("steps=200", "steps=20"))
    visitor.settled(charts=10)
    expect(mark).to_have_count(0)  # a link to results is no answer
    page.get_by_text("changes", exact=True).first.click()
    page.get_by_role("button", name="Train").click()
    visitor.settled(charts=10)
    expect(mark).to_be_visible()


def test_a_run_is_watched_and_stopped_and_its_losses_stay(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false&device=sim&steps=200&text=sonnet")
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.settled(charts=1)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    visitor.settled(charts=1)
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


def test_a_phone_shows_it_all_without_scrolling_the_page_sideways(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(
        f"{PAGE}?predict=false&steps=20&decay=true&norm=true&tensors=true&code=true"
    )
    visitor.settled(charts=13)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_run_is_above_the_fold_on_training(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    run = visitor.open("/Training").get_by_role("button", name="Train", exact=True)
    for size in ((390, 844), (1280, 720)):
        visitor.resize(*size)
        visitor.is_above_the_fold(run)
