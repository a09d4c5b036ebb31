"""A result that is longer than two screens has its sum on top; measured in a real Chromium."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SCREEN = {"width": 1280, "height": 720}
TWO_SCREENS = 2 * SCREEN["height"]


def test_sections_with_a_result_stay_within_two_screens(visit):
    visitor = visit(viewport=SCREEN)
    visitor.open("/State_dict?predict=false&keys=true&edit=true&failures=true&price=true")
    page = visitor.page
    expect(page.get_by_text("Take-away.")).to_have_count(4)
    for name in ("keys", "edit", "failures", "price"):
        box = page.locator(f".st-key-{name}").bounding_box()
        assert 300 < box["height"] <= TWO_SCREENS, name


@pytest.mark.parametrize(
    ("link", "end"),
    [
        ("/Training?predict=false", "Weight decay on the mask"),
        ("/What_is_state?predict=false", "One cell in detail"),
        ("/Failure_cases?case=mask-left-behind&predict=false", "Take it home"),
    ],
)
def test_a_longer_result_begins_with_its_sum(visit, link, end):
    page = visit(viewport=SCREEN).open(link)
    short, last = page.get_by_text("In short", exact=False).first, page.get_by_text(end, exact=True)
    drawn = page.locator("svg.marks, [data-testid=stDataFrame] canvas, pre.difference").first
    for part in (short, drawn, last):
        expect(part).to_be_visible()
    assert short.bounding_box()["y"] < drawn.bounding_box()["y"] < last.bounding_box()["y"]
