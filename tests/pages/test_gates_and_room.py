"""A gate tells the room's host what it asks, when it opens, and what happened."""

import pytest
from page_driver import open_page

from pages.components import room_hook


class Listener:
    """A Host that writes down what it hears."""

    def __init__(self):
        self.heard = []

    def at_page(self, page, catalogue): ...

    def page_done(self, page, catalogue): ...

    def at_gate(self, gate):
        self.heard.append(("at", gate.page, gate.about, gate.prediction.guess.options))

    def opened(self, gate):
        self.heard.append(("opened", gate.about))

    def who_said(self, guess, said):
        return f"whoever guessed {said}"

    def happened(self, guess, happened, reason):
        self.heard.append(("happened", guess, happened, bool(reason)))


@pytest.fixture
def listener():
    room_hook.HOST.append(Listener())
    yield room_hook.HOST[-1]
    room_hook.HOST.pop()


def test_a_closed_gate_says_what_it_asks_and_no_more(listener):
    open_page("3_State_dict.py")
    page = "pages/3_State_dict.py"
    assert [heard[:3] for heard in listener.heard] == [("at", page, "four")]


def test_an_open_gate_says_what_happened(listener):
    app = open_page("3_State_dict.py", in_state="two", keys_ran="four-two")
    assert ("opened", "four") in listener.heard
    assert app.success[0].value.startswith("**Whoever guessed two: two.")
    assert [heard for heard in listener.heard if heard[0] == "happened"] == [
        ("happened", "", "two", True)
    ]


def test_nobody_hears_of_a_page_without_gates(listener):
    open_page("3_State_dict.py", predict="false")
    assert listener.heard == []
