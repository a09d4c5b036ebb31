"""An instructor and two phones, by keys alone, from the open room to the result of a question."""

import pytest
from axe import axe_finds_nothing
from playwright.sync_api import expect
from qr_codes import qr_codes

pytestmark = pytest.mark.browser
NOT_OURS = "[class*=st-key-prediction] *, [class*=st-key-room] *"
CONTROLS = f".stMain :is(input, textarea, canvas, .stButton button):not(:is({NOT_OURS}))"
PHONE = {"viewport": {"width": 390, "height": 844}}
OFFLINE = "ERR_INTERNET_DISCONNECTED"  # the browser says itself that it had no connection


def tab_to(page, what):
    """Press Tab until it has the focus."""
    for _ in range(60):
        if what.evaluate("one => one.matches(':focus')"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {what}")


def address_is_in_the_picture(page):
    """What a phone reads from the screen is the address that stands there as text."""
    picture = page.get_by_role("img", name="QR code")
    picture.evaluate("picture => picture.decode()")
    (read,) = qr_codes(page.screenshot())
    assert read == picture.get_attribute("alt").removeprefix("QR code of ").upper()
    assert read.endswith("/R/" + page.locator(".room-code").inner_text().replace(" ", ""))


def is_in_sight(page, selector):
    """Wait until the first of these is on the screen, and nothing lies on it."""
    page.wait_for_function(
        "selector => { const one = document.querySelector(selector); if (!one) return false;"
        " const {left, top, right, bottom} = one.getBoundingClientRect();"
        " const there = document.elementFromPoint((left + right) / 2, top + 5);"
        " return top >= 0 && bottom <= innerHeight"
        " && (one.contains(there) || there?.contains(one)); }",
        arg=selector,
    )


def test_a_question_from_the_open_room_to_the_reveal(visit):
    teacher = visit(color_scheme="dark", viewport={"width": 1280, "height": 720})
    page = teacher.open("/Workshop?plan=State_dict&plan=Decision_card")
    tab_to(page, page.get_by_role("button", name="Open a room"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/Workshop?*room=*")
    code = page.url.partition("room=")[2]
    spaced = f"{code[:3]} {code[3:]}"
    expect(page.get_by_text(spaced, exact=True).first).to_be_visible()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    teacher.settled(0)
    address_is_in_the_picture(page)
    axe_finds_nothing(page)

    # two phones come in, by the code and by the picture's address
    learners = [visit(**PHONE, color_scheme=theme) for theme in ("light", "dark")]
    ann, bob = phones = [learner.page for learner in learners]
    ann.goto(f"{teacher.server}/r")
    expect(ann.get_by_label("The code on the screen")).to_be_focused()
    ann.keyboard.type(f"{code[:3].lower()} {code[3:]}")
    ann.keyboard.press("Enter")
    bob.goto(f"{teacher.server}/R/{code}")
    for phone in phones:
        expect(phone.get_by_text("Connected")).to_be_visible()

    page.goto(f"{teacher.server}/State_dict?present=true")
    expect(page.locator("html[data-remote=on]")).to_have_count(1)
    expect(page.get_by_role("button", name="Ask the room").first).to_be_visible()
    teacher.settled(0)
    page.keyboard.press("Space")  # a page scrolls by it, and a button that has the focus is pressed
    expect(ann.get_by_role("heading")).to_have_text("Waiting for a question")
    page.get_by_role("radio", name="none").focus()  # a remote asks from an answer of one's own too
    page.keyboard.press("PageDown")
    for phone in phones:
        expect(phone.get_by_role("radio")).to_have_count(5)
    here = page.locator(".st-key-room-bar")
    expect(here).to_contain_text(spaced)
    expect(here).to_contain_text(f"/r/{code}")
    expect(page.get_by_text("0 answers")).to_be_visible()
    is_in_sight(page, "[class*=st-key-room-now]")
    is_in_sight(page, ".st-key-room-bar")

    # one answers and changes it, one answers without a connection; the instructor reloads
    tab_to(ann, ann.get_by_role("radio").first)
    ann.keyboard.press("Space")
    for _ in range(3):
        ann.keyboard.press("ArrowDown")
    expect(ann.get_by_text("Your answer has arrived")).to_be_visible()
    expect(page.get_by_text("1 answer")).to_be_visible()  # without a run of the page
    ann.reload()
    expect(ann.get_by_role("radio", name="three")).to_be_checked()
    bob.context.set_offline(True)
    tab_to(bob, bob.get_by_role("radio").first)
    bob.keyboard.press("Space")
    bob.keyboard.press("ArrowDown")
    bob.keyboard.press("ArrowDown")
    expect(bob.get_by_text("Sending your answer")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 answer")).to_be_visible()
    bob.context.set_offline(False)
    expect(page.get_by_text("2 answers")).to_be_visible()
    expect(page.get_by_text("1 (50 %)")).to_have_count(0)
    axe_finds_nothing(ann, "dark", "light")

    # the room guesses now; a presenter's remote goes on
    expect(page.get_by_role("radio", name="none")).to_be_hidden()
    page.keyboard.press("PageDown")
    expect(page.get_by_text("1 (50 %)")).to_have_count(2)
    expect(ann.get_by_text("The question is closed")).to_be_visible()
    bob.context.set_offline(True)
    page.keyboard.press("PageDown")
    expect(page.get_by_text("revealed")).to_be_visible()
    expect(page.locator(".stAlert").first).to_contain_text("1 of 2 in a divided room said: two.")
    is_in_sight(page, ".stAlert")
    expect(page.locator("[class*=st-key-prediction] .bars")).to_be_in_viewport(ratio=1)
    is_in_sight(page, ".st-key-room-bar")
    bob.context.set_offline(False)
    expect(bob.get_by_text("Your answer: two. This is what happened.")).to_be_visible()
    expect(ann.get_by_text("Your answer: three. Not what happened.")).to_be_visible()
    axe_finds_nothing(bob, "light", "dark")
    axe_finds_nothing(page, "light", "dark")

    # on and back in the plan; what was revealed needs nothing more
    for key, place in (
        ("PageDown", "Decision_card"),
        ("ArrowLeft", "State_dict"),
        ("ArrowRight", "Decision_card"),
        ("PageUp", "State_dict"),
    ):
        page.keyboard.press(key)
        page.wait_for_url(f"**/{place}?*present=true*")
        number = 1 if place == "State_dict" else 2
        expect(page.get_by_text(f"{number} of 2", exact=True)).to_be_visible()
        teacher.settled(0)

    # the room's own page, on the projector
    page.goto(f"{teacher.server}/Workshop?room={code}&present=true")
    expect(page.get_by_text("1 (50 %)").first).to_be_visible()
    teacher.settled(0)
    address_is_in_the_picture(page)
    axe_finds_nothing(page, "light", "dark")
    page.locator(".room-code").evaluate("one => one.style.marginTop = '200vh'")  # a long page
    page.get_by_role("button", name="End the room").scroll_into_view_if_needed()
    is_in_sight(page, ".st-key-room-bar")
    expect(page.locator(".st-key-room-bar")).to_contain_text(f"/r/{code}")
    page.goto(f"{teacher.server}/Workshop?room={code}")
    expect(page.get_by_text("1 (50 %)").first).to_be_visible()
    teacher.settled(0)
    axe_finds_nothing(page, "dark", "light")
    address_is_in_the_picture(page)

    # in the lab, on a laptop: Reveal brings what came of it into sight
    page.goto(f"{teacher.server}/Attention_lab?device=sim")
    page.get_by_role("button", name="Ask the room").click()
    expect(page.get_by_text("0 answers")).to_be_visible()
    own = page.get_by_role("radio", name="a device error")
    expect(own).to_be_hidden()
    options = page.locator(".st-key-prediction-ran .options li")
    expect(options).to_have_text(["it works", "a device error", "something else"])  # in front
    question, count = page.get_by_text("Predict. What will"), page.get_by_text("0 answers")
    assert question.bounding_box()["y"] < count.bounding_box()["y"]
    page.get_by_role("button", name="Reveal").click()
    expect(page.get_by_text("Nobody has answered yet.")).to_be_visible()
    expect(own).to_be_visible()
    ann.get_by_role("radio", name="a device error").check()
    expect(page.get_by_text("1 answer")).to_be_visible()
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".st-key-prediction-ran .bars")).to_be_in_viewport(ratio=1)
    is_in_sight(page, "[data-testid=stAlert]")
    is_in_sight(page, ".st-key-variants .stVegaLiteChart")
    expect(own).to_be_hidden()  # it is said above
    teacher.settled(3)
    page.wait_for_load_state("networkidle")

    # what hides the controls hides them all, and leaves the question
    for screen in (
        "Attention_lab?input=numbers&inputs=true",
        "State_dict?keys=false&edit=true&change=paint",
        "Moving_devices?build=true",
    ):
        page.goto(f"{teacher.server}/{screen}&controls=hidden")
        expect(page.get_by_text("Predict.").first).to_be_visible()
        expect(page.locator(CONTROLS).filter(visible=True)).to_have_count(0)
        page.wait_for_load_state("networkidle")
    assert all(OFFLINE in line for line in learners[1].console)
    learners[1].console.clear()
