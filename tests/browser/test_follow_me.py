"""Follow me: an instructor changes settings and pages; a laptop follows, lets go, comes back."""

import re

import pytest
from axe import axe_finds_nothing
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}}


def at(page, link):
    """Wait until a page's address is a page of the lab with these settings, in any order."""
    name, _, query = link.partition("?")
    wanted = set(query.split("&")) - {""}
    expect(page).to_have_url(re.compile(rf"/{name}(\?|$)"))
    page.wait_for_function(
        "wanted => wanted.every(one => location.search.slice(1).split('&').includes(one))",
        arg=list(wanted),
    )


def settings(page):
    return set(page.url.partition("?")[2].split("&")) - {""}


@pytest.fixture
def room(visit):
    """(the instructor, whose page shows what changes; the room's code)."""
    teacher = visit()
    page = teacher.open("/Workshop")
    page.get_by_role("button", name="Open a room").click()
    page.wait_for_url("**/Workshop?room=*")
    code = page.url.partition("room=")[2]
    page.goto(f"{teacher.server}/Training")
    page.get_by_role("button", name="Show this screen").click()
    expect(page.get_by_text("Shown to the room")).to_be_visible()
    page.get_by_role("button", name="Room", exact=True).click()
    page.get_by_role("button", name="Keep showing what I change").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_text("The room sees what you change")).to_be_visible()
    return teacher, code


def go_on(page, lesson):
    """The instructor goes to another lesson."""
    page.get_by_role("navigation").get_by_role("link", name=lesson).first.click()


def test_a_laptop_follows_lets_go_and_comes_back(visit, room):
    teacher, code = room
    lead = teacher.page
    learner = visit(color_scheme="dark")
    page = learner.page
    page.goto(f"{learner.server}/r/{code}")
    page.get_by_role("link", name="The instructor's screen: Training").click()
    at(page, f"Training?joined={code}&follow=true")
    switch = page.get_by_role("switch", name="Follow the instructor")
    expect(switch).to_be_checked()
    learner.settled(0)

    # another setting, and the same page: only the settings go along
    lead.get_by_text("Predict first").first.click()
    at(page, f"Training?predict=false&joined={code}&follow=true")
    expect(page.get_by_role("switch", name="Predict first")).not_to_be_checked()
    assert settings(page) == {"predict=false", f"joined={code}", "follow=true"}
    lead.get_by_text("Predict first").first.click()
    expect(page.get_by_role("switch", name="Predict first")).to_be_checked()
    axe_finds_nothing(page)

    # lets go, by keyboard
    switch.press("Space")
    page.wait_for_function("!location.search.includes('follow')")
    go_on(lead, "Moving devices")
    expect(page.get_by_role("link", name="The instructor's screen: Moving devices")).to_be_visible()
    at(page, f"Training?joined={code}")
    page.reload()
    expect(switch).not_to_be_checked()
    expect(page.get_by_role("link", name="The instructor's screen: Moving devices")).to_be_visible()
    at(page, f"Training?joined={code}")

    # comes back with one click; a reload goes on following, and so does a second tab
    switch.click()
    at(page, f"Moving_devices?joined={code}&follow=true")
    page.reload()
    expect(switch).to_be_checked()
    second = learner.context.new_page()
    second.goto(page.url)
    expect(second.get_by_role("switch", name="Follow the instructor")).to_be_checked()
    go_on(lead, "state_dict")
    for tab in (page, second):
        at(tab, f"State_dict?joined={code}&follow=true")

    # the room's question is there too, and both tabs are the same learner
    expect(lead.get_by_role("heading", level=1)).to_contain_text("What is saved")
    teacher.settled(0)  # the button of the page before is gone
    lead.get_by_role("button", name="Ask the room").first.click()
    page.locator(".room").get_by_role("radio", name="three").check()
    expect(page.get_by_text("Your answer has arrived")).to_be_visible()
    expect(second.locator(".room").get_by_role("radio", name="three")).to_be_checked()
    expect(lead.get_by_text("1 answer", exact=False).first).to_be_visible()
    axe_finds_nothing(page)

    keys = [c["value"] for c in lead.context.cookies() if c["name"].startswith("buffer_lab_room")]
    for text in (page.content(), page.url, second.url):
        assert not any(key in text for key in keys)
    page.get_by_role("button", name="Leave the room").click()
    expect(switch).to_have_count(0)
    page.wait_for_function("!location.search.includes('joined')")


def test_a_phone_gets_a_link_that_changes(visit, room):
    teacher, code = room
    phone = visit(**PHONE)
    page = phone.page
    page.goto(f"{phone.server}/r/{code}")
    link = page.get_by_role("link", name="The instructor's screen")
    expect(link).to_have_attribute("href", f"/Training?joined={code}")
    link.focus()
    teacher.page.get_by_text("Predict first").first.click()
    expect(link).to_have_attribute("href", f"/Training?predict=false&joined={code}")
    expect(link).to_be_focused()
    axe_finds_nothing(page)
    assert page.url.endswith(f"/r/{code}"), "a phone goes nowhere by itself"

    # in the lab, too, and whatever the link says
    page.goto(f"{phone.server}/State_dict?joined={code}&follow=true")
    expect(page.get_by_role("link", name="The instructor's screen: Training")).to_be_visible()
    expect(page.get_by_role("switch", name="Follow the instructor")).to_have_count(0)
    phone.settled(0)
    axe_finds_nothing(page)
    assert page.url.partition("?")[0].endswith("/State_dict")
    page.get_by_role("link", name="The instructor's screen: Training").click()
    at(page, f"Training?predict=false&joined={code}")
