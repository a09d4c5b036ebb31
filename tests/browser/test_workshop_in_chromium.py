"""An instructor and two phones, from the open room to the revealed answer."""

import pytest
from playwright.sync_api import expect
from test_access import AXE, OF_STREAMLIT

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}}


def axe_finds_nothing(page):
    page.wait_for_function("document.getAnimations().every(a => a.playState != 'running')")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    nodes = [(one["id"], node["html"]) for one in found for node in one["nodes"]]
    ours = [
        (rule, html[:200])
        for rule, html in nodes
        if not any(part in html for part in OF_STREAMLIT.get(rule, ()))
    ]
    assert ours == []


def test_a_question_from_the_open_room_to_the_reveal(visit):
    teacher = visit(color_scheme="dark")
    page = teacher.open("/Workshop")
    page.get_by_role("button", name="Open a room").press("Enter")
    page.wait_for_url("**/Workshop?room=*")
    code = page.url.partition("room=")[2]
    expect(page.get_by_text(f"{code[:3]} {code[3:]}", exact=True).first).to_be_visible()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    teacher.settled(0)
    axe_finds_nothing(page)
    learners = [visit(**PHONE, color_scheme=theme) for theme in ("light", "dark")]
    phones = [learner.page for learner in learners]
    for phone in phones:
        phone.goto(f"{teacher.server}/r/{code}")
    page.goto(f"{teacher.server}/State_dict?present=true")
    expect(page.locator("html[data-remote=on]")).to_have_count(1)
    expect(page.get_by_role("button", name="Ask the room").first).to_be_visible()
    teacher.settled(0)
    page.keyboard.press("PageDown")
    for phone, choice in zip(phones, ("three", "two"), strict=True):
        phone.get_by_role("radio", name=choice).press("Space")
    expect(page.get_by_text("2 answers")).to_be_visible()  # without a run of the page
    phones[0].reload()
    expect(phones[0].get_by_role("radio", name="three")).to_be_checked()
    expect(page.get_by_text("1 (50 %)")).to_have_count(0)
    page.keyboard.press("PageDown")
    expect(page.get_by_text("1 (50 %)")).to_have_count(2)
    phones[1].context.set_offline(True)
    page.keyboard.press("PageDown")
    expect(page.get_by_text("revealed")).to_be_visible()
    expect(page.get_by_text("1 of 2 in the room said:")).to_be_visible()
    phones[1].context.set_offline(False)
    for phone in phones:
        expect(phone.get_by_text("module", exact=False).first).to_be_visible()
        axe_finds_nothing(phone)
    axe_finds_nothing(page)
    # the browser says itself that it had no connection
    assert all("ERR_INTERNET_DISCONNECTED" in line for line in learners[1].console)
    learners[1].console.clear()
