"""A run's messages are sent when it ends, or when it has taken a while, and in their order."""

import asyncio

import pytest
from coroutines import run
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.session_manager import SessionClientDisconnectedError

from pages.server import together
from pages.server.together import Together


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(together, "HOLD_SECONDS", 0.05)


def begins():
    message = ForwardMsg()
    message.new_session.name = "a run"
    return message


def element(text):
    message = ForwardMsg()
    message.delta.new_element.markdown.body = text
    return message


def ends(how=ForwardMsg.FINISHED_SUCCESSFULLY):
    return ForwardMsg(script_finished=how)


def test_a_short_run_is_sent_when_it_ends_and_its_timer_is_off():
    async def sent():
        got = []
        page = Together(got.append)
        whole = [begins(), element("a"), element("b"), ends()]
        for message in whole[:-1]:
            page.send(message)
        before = list(got)
        page.send(whole[-1])
        at_once = list(got)
        page.send(element("after it"))
        await asyncio.sleep(0.1)
        return before, at_once == whole, len(got)

    assert run(sent()) == ([], True, 5)


def test_a_long_run_shows_what_it_has_again_and_again_and_its_rest_at_its_end():
    async def sent():
        got, counts = [], []
        page = Together(got.append)
        page.send(begins())
        for text in "abc":
            page.send(element(text))
            counts.append(len(got))
            await asyncio.sleep(0.08)
            counts.append(len(got))
        page.send(ends())
        return counts, [one.delta.new_element.markdown.body for one in got[1:-1]], len(got)

    assert run(sent()) == ([0, 2, 2, 3, 3, 4], ["a", "b", "c"], 5)


def test_what_belongs_to_no_run_is_sent_at_once():
    async def sent():
        got = []
        page = Together(got.append)
        page.send(element("a"))
        return len(got)

    assert run(sent()) == 1


def test_a_run_that_is_broken_off_sends_what_it_has_and_the_next_is_held_anew():
    async def sent():
        got, counts = [], []
        page = Together(got.append)
        early = ends(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        for message in (begins(), element("a"), early, begins(), element("b"), ends()):
            page.send(message)
            counts.append(len(got))
        return counts

    assert run(sent()) == [0, 0, 3, 3, 3, 6]


def test_a_browser_that_is_gone_ends_the_waiting():
    async def sent():
        def gone(message):
            raise SessionClientDisconnectedError

        failures = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))
        page = Together(gone)
        page.send(begins())
        await asyncio.sleep(0.15)
        with pytest.raises(SessionClientDisconnectedError):  # so that Streamlit hears of it
            page.send(element("a"))
        return failures, page.timer

    assert run(sent()) == ([], None)
