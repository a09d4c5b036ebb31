"""What a person does on the page that checks modules, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect
from test_access import AXE, OF_STREAMLIT

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
    expect(page.get_by_text("FiveTensors: 3 errors")).to_be_visible()
    expect(page.get_by_text("1. A tensor is left behind by .to()")).to_be_visible()
    visitor.settled(charts=0)
    page.get_by_role("link", name="The lesson that explains it: Attention lab").first.click()
    expect(page).to_have_url(re.compile("/Attention_lab"))
    expect(page.get_by_role("switch", name="Register the mask")).not_to_be_checked()


def test_the_keyboard_alone_chooses_a_clean_module(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?predict=false")
    expect(page.get_by_text("FiveTensors: 3 errors")).to_be_visible(timeout=90_000)
    visitor.settled(charts=0)
    page.get_by_role("combobox", name="Module to check").focus()
    page.keyboard.type("nn.GRUCell")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("module=nn.GRUCell"))
    expect(page.get_by_text("GRUCell: nothing found")).to_be_visible()
    expect(page.get_by_text("No fault was found.")).to_be_visible()


def test_the_one_file_is_handed_over_as_it_is(visit):
    page = visit().open(f"{PAGE}?predict=false&home=true")
    with page.expect_download() as handed:
        page.get_by_role("button", name=f"Download {NAME}").click()
    assert handed.value.suggested_filename == NAME
    assert handed.value.path().read_text("utf-8") == single_file()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("", "Which of these tensors will be left behind?"),
        (
            "?predict=false&module=TensorsInContainers&kinds=true&home=true&code=true",
            "TensorsInContainers: 3 errors",
        ),
    ],
    ids=["gate closed", "a report, all open"],
)
def test_axe_finds_nothing_of_ours(visit, theme, link, words):
    visitor = visit(color_scheme=theme)
    page = visitor.open(PAGE + link)
    expect(page.get_by_text(words)).to_be_visible(timeout=90_000)
    visitor.settled(charts=0)
    page.wait_for_function("document.getAnimations().every(a => a.playState != 'running')")
    page.add_script_tag(path=AXE)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [
        (violation["id"], node["html"][:200])
        for violation in result["violations"]
        for node in violation["nodes"]
        if not any(part in node["html"] for part in OF_STREAMLIT.get(violation["id"], ()))
    ] == []


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_run_is_above_the_fold_on_check(visit, size):
    page = visit(viewport=dict(zip(("width", "height"), size, strict=True))).open(
        "/Check_your_module"
    )
    run = page.get_by_role("button", name="Check it", exact=True)
    expect(run).to_be_visible()
    box = run.bounding_box()
    assert box["y"] > 0 and box["y"] + box["height"] <= size[1]
