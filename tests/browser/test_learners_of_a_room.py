"""Two phones in a room, through a whole question: reload, lost connection, second tab, keyboard."""

import contextlib
import json
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from axe import axe_finds_nothing
from browser_visitor import Visitor
from playwright.sync_api import expect
from room_servers import rooms_at

from core.rooms.room import Question, Screen

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}}
WILL = Question(
    "will",
    "`CausalAttentionWithoutBuffers` was moved to **another device**. <b>What</b> will happen?",
    ("It works", "A device error", "Something else", "<img src=x onerror=alert(1)>"),
    Screen("Attention_lab", "buffer=false&device=sim"),
    "Two modules differ in **one** line.\nThe <i>mask</i> is in it.",
    'self.mask = causal_mask(6)  # <b>plain</b>\nmodel.to("sim")',
)


@pytest.fixture
def room(server, rooms_file):
    """(the server's address, its rooms, the code of one, its key)."""
    with rooms_at(rooms_file) as rooms:
        code, key = rooms.create()
        yield server, rooms, code, key
        with contextlib.suppress(Exception):
            rooms.delete(code, key)


def fits(page):
    return page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_whole_question_on_two_phones(chromium, room):
    address, rooms, code, key = room
    ann = Visitor(chromium, address, color_scheme="dark", **PHONE)
    bob = Visitor(chromium, address, color_scheme="light", **PHONE)
    ann.page.goto(f"{address}/r")
    ann.page.get_by_label("The code on the screen").fill(f" {code[:3].lower()} {code[3:]}")
    axe_finds_nothing(ann.page)
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading")).to_have_text("Waiting for a question")
    expect(ann.page.locator("pre")).to_be_hidden()
    bob.page.goto(f"{address}/R/{code}")  # as the picture has it
    rooms.ask(code, key, WILL)
    for phone in (ann, bob):
        expect(phone.page.get_by_role("radio")).to_have_count(4)
        assert phone.page.locator("img, b, i").count() == 0, "text is never markup"
        assert phone.page.locator("pre").inner_text() == WILL.code
        expect(phone.page.locator(".lesson")).to_have_text("Attention lab")
        expect(phone.page.locator(".context")).to_contain_text("The <i>mask</i> is in it.")
        expect(phone.page.get_by_text("A simulated accelerator")).to_be_visible()
        assert phone.page.locator("legend code").inner_text() == "CausalAttentionWithoutBuffers"
        axe_finds_nothing(phone.page)
        assert fits(phone.page)

    # by keyboard alone, and changed once
    ann.page.get_by_role("radio").first.focus()
    ann.page.keyboard.press("Space")
    expect(ann.page.get_by_text("Your answer has arrived")).to_be_visible()
    ann.page.keyboard.press("ArrowDown")
    expect(ann.page.get_by_role("radio", name="A device error")).to_be_checked()
    expect(ann.page.get_by_text("Your answer has arrived")).to_be_visible()
    ann.page.reload()
    expect(ann.page.get_by_role("radio", name="A device error")).to_be_checked()
    second = ann.context.new_page()
    second.goto(f"{address}/r/{code}")
    expect(second.get_by_role("radio", name="A device error")).to_be_checked()
    second.get_by_text("Something else").click()
    expect(ann.page.get_by_role("radio", name="Something else")).to_be_checked()
    second.close()

    # bob answers without a connection, and it arrives with the connection
    bob.context.set_offline(True)
    bob.page.get_by_text("It works").click()
    expect(bob.page.get_by_text("Sending your answer")).to_be_visible()
    bob.context.set_offline(False)
    expect(bob.page.get_by_text("Your answer has arrived")).to_be_visible()
    assert rooms.read(code).counts == (1, 0, 1, 0)
    assert bob.page.locator(".bar").count() == 0, "counts are secret while it is open"

    rooms.close(code, key)
    for phone in (ann, bob):
        expect(phone.page.get_by_text("The question is closed")).to_be_visible()
        # whoever could run the experiment would not have to predict
        expect(phone.page.get_by_role("link")).to_have_count(0)
        expect(phone.page.get_by_role("radio").first).to_be_disabled()
        expect(phone.page.locator(".bar")).to_have_count(4)
    rooms.reveal(code, key, 2, "The mask stays *behind*: `.to()` moves registered tensors.")
    mine = "Your answer: Something else. This is what happened."
    expect(ann.page.get_by_text(mine)).to_be_visible()
    expect(bob.page.get_by_text("Your answer: It works. Not what happened.")).to_be_visible()
    widths = bob.page.locator(".bar i").evaluate_all("all => all.map(one => one.offsetWidth > 0)")
    assert widths == [True, False, True, False], "a bar of zero answers is none"
    link = bob.page.get_by_role("link", name="The same screen in the lab")
    assert link.get_attribute("href") == f"/Attention_lab?buffer=false&device=sim&joined={code}"
    for phone in (ann, bob):
        axe_finds_nothing(phone.page)
        assert fits(phone.page)

    late = Visitor(chromium, address, **PHONE)
    late.page.goto(f"{address}/r/{code}")
    expect(late.page.get_by_text("What happened: Something else")).to_be_visible()
    rooms.delete(code, key)
    expect(late.page.get_by_role("heading")).to_have_text("This room is there no more")
    offline = "net::ERR_INTERNET_DISCONNECTED"
    for phone in (ann, bob, late):
        assert [text for text in phone.console if offline not in text] == []
        assert phone.hosts == {address.removeprefix("http://")}
        phone.context.close()


def test_an_earlier_question_comes_back_with_ones_own_answer(chromium, room):
    address, rooms, code, key = room
    visitor = Visitor(chromium, address, **PHONE)
    page = visitor.page
    page.goto(f"{address}/r/{code}")
    for question, choice in ((WILL, "It works"), (replace(WILL, id="other"), "A device error")):
        rooms.ask(code, key, question)
        expect(page.get_by_text("Choose one.")).to_be_visible()
        page.get_by_role("radio", name=choice).press("Space")
        expect(page.get_by_text("Your answer has arrived")).to_be_visible()
    rooms.reveal(code, key, 0, "The second.")
    expect(page.get_by_text("Your answer: A device error. Not what happened.")).to_be_visible()
    rooms.reveal(code, key, 0, "The first.", WILL.id)
    expect(page.get_by_text("The first.")).to_be_visible()
    expect(page.get_by_text("Your answer: It works. This is what happened.")).to_be_visible()
    expect(page.get_by_role("radio", name="It works")).to_be_checked()
    rooms.reveal(code, key, 0, "The second again.", "other")
    expect(page.get_by_text("The second again.")).to_be_visible()
    expect(page.get_by_role("radio", name="A device error")).to_be_checked()
    page.reload()  # and who has not seen the first one on this page
    expect(page.get_by_role("radio", name="A device error")).to_be_checked()
    rooms.reveal(code, key, 0, "The first.", WILL.id)
    expect(page.get_by_text("Your answer: It works. This is what happened.")).to_be_visible()
    expect(page.get_by_role("radio", name="It works")).to_be_checked()
    assert visitor.console == []
    visitor.context.close()


def test_the_secret_link_becomes_a_cookie_and_leaves_the_address(chromium, room):
    address, _, code, key = room
    visitor = Visitor(chromium, address)
    visitor.page.goto(f"{address}/r/{code}/key#{key}")
    visitor.page.wait_for_url(f"**/Workshop?room={code}*")
    assert key not in visitor.page.url and key not in visitor.page.content()
    (cookie,) = [c for c in visitor.context.cookies() if c["name"] == f"buffer_lab_room_{code}"]
    assert cookie["value"] == key and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert key not in visitor.page.evaluate("document.cookie + JSON.stringify(history.state)")
    visitor.context.close()


def post(address, path, data, **headers):
    """(status, body) of a POST of raw bytes."""
    headers = {"Origin": address} | headers
    sent = {name: value for name, value in headers.items() if value}
    request = urllib.request.Request(address + path, data, sent, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_what_a_stranger_sends_is_refused(room):
    address, rooms, code, key = room
    rooms.ask(code, key, WILL)
    path, good = f"/r/{code}/answer", b'{"asking": 1, "choice": 0, "attempt": 1}'
    me = {"Cookie": "buffer_lab_learner=me"}
    assert post(address, path, good, **me)[0] == 200
    assert post(address, path, good)[0] == 403  # no cookie
    assert post(address, path, good, **me, Origin="")[0] == 403
    assert post(address, path, good, **me, Origin="http://evil.example")[0] == 403
    assert post(address, path, b" " * 1025, **me)[0] == 413
    hostile = [b"[]", b"x", b"{}", b"[" * 1000, b'{"asking": 1, "choice": true, "attempt": 1}']
    hostile += [b'{"asking": 1, "choice": -1, "attempt": 1}', b'{"asking": 1e9, "choice": 0}']
    for body in hostile:
        assert post(address, path, body, **me)[0] == 400, body
    over = b'{"asking": 1, "choice": 9, "attempt": 2}'
    assert json.loads(post(address, path, over, **me)[1])["status"] == "closed"
    for value in ("", "wrong", key):  # a room is controlled on the instructor's pages alone
        cookie = f"buffer_lab_room_{code}={value}"
        control = post(address, f"/r/{code}/control", b'{"do": "close"}', Cookie=cookie)
        assert control[0] in (404, 405)
    assert rooms.read(code).room.phase == "open" and rooms.read(code).counts == (1, 0, 0, 0)
    assert post(address, "/r/BCDFGH/answer", good, **me)[0] == 404
