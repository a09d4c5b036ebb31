"""What a person does on the page that checks modules, in a real Chromium."""

import re

import pytest
from axe import axe_finds_nothing
from playwright.sync_api import expect

from core.check.single_file import NAME, single_file

pytestmark = pytest.mark.browser
PAGE = "/Check_your_module"
GUESSES = {
    "scale": "it moves",
    "offset": "it moves",
    "table": "it is left behind",
    "shifts[0]": "it is left behind",
    "sign, in flip": "it moves",
}


def test_five_guesses_open_the_report_and_a_link_leads_to_the_lesson(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    button = page.get_by_role("button", name="Check it")
    expect(button).to_be_disabled()
    for label, guess in GUESSES.items():
        group = page.get_by_role("radiogroup", name=label)
        group.get_by_text(guess, exact=True).click()
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_text("4 of 5 right.")).to_be_visible(timeout=90_000)  # a worker starts
    expect(page.get_by_text("FiveTensors: 3 errors", exact=True)).to_be_visible()
    finding = page.get_by_test_id("stExpander").filter(has_text="1. A tensor is left behind")
    finding.locator("summary").click()
    expect(page).to_have_url(re.compile("finding1=true"))
    visitor.settled(charts=0)
    page.get_by_role("link", name="The lesson that explains it: Attention lab").first.click()
    expect(page).to_have_url(re.compile("/Attention_lab"))
    expect(page.get_by_role("switch", name="Register the mask")).not_to_be_checked()


def test_a_finding_opens_by_keyboard_and_touch_in_a_link_and_on_paper(visit):
    visitor = visit(has_touch=True)
    page = visitor.open(f"{PAGE}?predict=false&module=TwoParameters")
    line = page.locator(".st-key-findings summary")
    expect(line).to_contain_text("After .to(), two tensors no longer share", timeout=90_000)
    result = page.get_by_text("Result:").first
    expect(result).to_have_count(0)
    paper, lines = page.locator(".on-paper"), page.locator(".st-key-findings")
    expect(paper).to_be_hidden()
    page.emulate_media(media="print")  # the whole report, once
    expect(paper).to_be_visible()
    expect(paper).to_contain_text("Fix:")
    expect(lines).to_be_hidden()
    page.emulate_media(media="screen")
    for way in ("keyboard", "touch"):
        if way == "keyboard":
            line.focus()
            page.keyboard.press("Enter")
        else:
            line.tap()
        expect(result).to_be_visible()
        expect(page).to_have_url(re.compile("finding1=true"))
        visitor.settled(charts=0)
        if way == "keyboard":
            line.press("Enter")
            expect(result).to_have_count(0)
            expect(page).not_to_have_url(re.compile("finding1"))
            visitor.settled(charts=0)
    page.reload()
    expect(result).to_be_visible(timeout=90_000)


def test_the_keyboard_alone_chooses_a_clean_module(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false")
    expect(page.get_by_text("FiveTensors: 3 errors", exact=True)).to_be_visible(timeout=90_000)
    visitor.settled(charts=0)
    page.get_by_role("combobox", name="Module to check").focus()
    page.keyboard.type("nn.GRUCell")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("module=nn.GRUCell"))
    expect(page.get_by_text("GRUCell: nothing found", exact=True)).to_be_visible()
    expect(page.get_by_text("No fault was found.")).to_be_visible()


def test_the_one_file_is_handed_over_as_it_is(visit):
    page = visit().open(f"{PAGE}?predict=false&home=true")
    with page.expect_download() as handed:
        page.get_by_role("button", name=f"Download {NAME}").click()
    assert handed.value.suggested_filename == NAME
    assert handed.value.path().read_text("utf-8") == single_file()


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("", "Which of these tensors will be left behind?"),
        (
            "?predict=false&module=TensorsInContainers&kinds=true&home=true&code=true&checks=true"
            "&finding1=true&finding3=true",
            "TensorsInContainers: 3 errors",
        ),
    ],
    ids=["gate closed", "a report, all open"],
)
def test_axe_finds_nothing_of_ours_in_either_theme(visit, link, words):
    visitor = visit()
    page = visitor.open(PAGE + link)
    expect(page.get_by_text(words, exact=True)).to_be_visible(timeout=90_000)
    visitor.settled(charts=0)
    axe_finds_nothing(page, "light", "dark")


def test_run_is_above_the_fold_and_so_are_all_guesses(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(PAGE)
    button = page.get_by_role("button", name="Check it", exact=True)
    for size in ((390, 844), (1280, 720)):
        visitor.resize(*size)
        visitor.is_above_the_fold(button)
    top = button.bounding_box()["y"]
    for label in GUESSES:
        for choice in page.get_by_role("radiogroup", name=label).locator("label").all():
            box = choice.bounding_box()
            assert box["y"] + box["height"] <= top
