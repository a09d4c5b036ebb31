"""What a person does with an error of their own, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PASTED = (
    '  File "/home/me/secret.py", line 7, in forward\n    return x @ <b>w</b>\n'
    "RuntimeError: Error(s) in loading state_dict for Net:\n\t"
    'Missing key(s) in state_dict: "h.0.attn.mask". '
)


def test_a_pasted_error_is_read_and_stays_out_of_the_link(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open("/Your_own_error")
    page.get_by_label("The error").fill(PASTED)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        "The file lacks a key that the module expects"
    )
    expect(page.get_by_role("cell", name="h.0.attn.mask", exact=True)).to_be_visible()
    expect(page.get_by_role("cell").filter(has_text="return x @ <b>w</b>")).to_be_visible()
    visitor.settled(charts=0)
    assert "?" not in page.url
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
    page.get_by_role("link", name=re.compile("To the experiment")).click()
    expect(page).to_have_url(re.compile("/State_dict.*source=plain"))
