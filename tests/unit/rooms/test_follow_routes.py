"""What a browser hears that follows, and that no request shows a screen: the routes, over ASGI."""

import asyncio
import contextlib
import itertools
import json
import re

import pytest
from room_answers import send_answer
from starlette.applications import Starlette

from core.rooms.room import Question, Screen
from pages.rooms import routes
from pages.rooms.guard import Guard
from pages.rooms.hub import Hub

HOST = "127.0.0.1:8501"
WILL = Question("will", "Will it work?", ("yes", "no"))


class Browser:
    """A browser of an ASGI application in this process."""

    def __init__(self, cookie=""):
        self.app, self.cookie = Starlette(routes=routes.ROUTES), cookie

    def scope(self, method, path, **headers):
        path, _, query = path.partition("?")
        headers = {"host": HOST, "cookie": self.cookie, **headers}
        return {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in headers.items() if v],
            "scheme": "http",
            "http_version": "1.1",
        }

    async def post(self, path, data, origin=f"http://{HOST}"):
        """(status, body)."""
        sent = []

        async def receive():
            return {"type": "http.request", "body": json.dumps(data).encode()}

        async def send(message):
            sent.append(message)

        await self.app(self.scope("POST", path, origin=origin), receive, send)
        return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])

    @contextlib.asynccontextmanager
    async def listening(self, path):
        """(its headers, a function that waits for an event of a kind; `heard` has the others)."""
        queue, left = asyncio.Queue(), asyncio.Event()

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        task = asyncio.create_task(self.app(self.scope("GET", path), receive, queue.put))
        start = await queue.get()
        assert start["status"] == 200

        async def next_of(kind):
            while True:
                for event in next_of.heard:
                    if event.startswith(f"event: {kind}\n") or (not kind and "\nid: " in event):
                        next_of.heard.remove(event)
                        return json.loads(event.partition("data: ")[2])
                text = (await queue.get())["body"].decode()
                events = text.split("\n\n")
                next_of.heard += ["\n" + one if one[:3] == "id:" else one for one in events]

        next_of.heard = []
        try:
            yield dict(start["headers"]), next_of
        finally:
            left.set()
            await task


@pytest.fixture
def served(rooms):
    """Runs a coroutine of (rooms, code, key) while the routes serve."""
    code, key = rooms.create()

    def serve(test):
        async def main():
            routes.State.hub, routes.State.guard = Hub(lambda: rooms), Guard()
            try:
                await asyncio.wait_for(test(rooms, code, key), 30)
            finally:
                routes.State.hub.end()
                if watcher := routes.State.hub.watcher:
                    await asyncio.to_thread(watcher.join)

        asyncio.run(main())

    return serve


def test_a_browser_that_follows_is_sent_on_and_no_other_is(served):
    async def test(rooms, code, key):
        follower, reader = Browser("buffer_lab_learner=ann"), Browser("buffer_lab_learner=bob")
        async with (
            follower.listening(f"/r/{code}/events?follow=1") as (_, follows),
            reader.listening(f"/r/{code}/events") as (_, reads),
        ):
            await asyncio.to_thread(rooms.show_screen, code, key, Screen("Training", "seed=3"))
            assert await follows("go") == {"screen": "/Training?seed=3"}
            while not (room := await reads(""))["screen"]:
                pass
            assert (room["screen"], room["screen_title"]) == ("/Training?seed=3", "Training")
            await asyncio.to_thread(rooms.show_screen, code, key, Screen("State_dict"))
            assert await follows("go") == {"screen": "/State_dict"}
            await asyncio.to_thread(rooms.show_screen, code, key, None)
            for hears in (follows, reads):
                while (await hears(""))["version"] < rooms.read(code).room.version:
                    pass
                assert not any("event: go" in event for event in hears.heard)

    served(test)


def test_who_comes_late_or_back_is_sent_to_what_is_shown_now(served):
    async def test(rooms, code, key):
        rooms.show_screen(code, key, Screen("Training", "seed=1"))
        rooms.show_screen(code, key, Screen("Training", "seed=2"))
        for _ in range(2):
            async with Browser().listening(f"/r/{code}/events?follow=1") as (_, follows):
                assert await follows("go") == {"screen": "/Training?seed=2"}

    served(test)


def test_a_browser_that_came_by_a_link_of_the_lab_becomes_a_learner(served):
    async def test(rooms, code, key):
        rooms.ask(code, key, WILL)
        async with Browser().listening(f"/r/{code}/events") as (headers, _):
            cookie = headers[b"set-cookie"].decode()
        assert re.match(r"buffer_lab_learner=[\w-]{22}; HttpOnly; .*SameSite=lax", cookie)
        browser = Browser(cookie.partition(";")[0])
        data = {"asking": 1, "choice": 0, "attempt": 1}
        assert (await browser.post(f"/r/{code}/answer", data))[0] == 200
        async with browser.listening(f"/r/{code}/events?follow=1") as (headers, hears):
            assert b"set-cookie" not in headers, "the same learner in a second tab"
            assert (await hears("mine"))["choice"] == 0
        assert rooms.read(code).counts == (1, 0)

    served(test)


def test_an_answer_is_told_to_the_learners_other_tabs_but_not_to_its_own(served):
    async def test(rooms, code, key):
        rooms.ask(code, key, WILL)
        browser = Browser("buffer_lab_learner=" + "a" * 22)
        async with (
            browser.listening(f"/r/{code}/events?tab=one") as (_, one),
            browser.listening(f"/r/{code}/events?tab=two") as (_, two),
            browser.listening(f"/r/{code}/events") as (_, old),  # a page from before tabs had names
        ):
            data = {"asking": 1, "choice": 0, "attempt": 1, "tab": "one"}
            assert (await browser.post(f"/r/{code}/answer", data))[0] == 200
            assert (await two("mine"))["choice"] == (await old("mine"))["choice"] == 0
            await browser.post(
                f"/r/{code}/answer", data | {"choice": 1, "attempt": 2, "tab": "two"}
            )
            assert (await one("mine"))["choice"] == 1, "the first that it was told"

    served(test)


SCREENS = ["/Training?seed=3", "javascript:alert(1)", "//evil.example/", "https://evil.example"]
PLACES = ["", "/events", "/answer", "/key", "/control", "/screen", "/show_screen"]


@pytest.mark.parametrize("screen", SCREENS)
def test_no_request_shows_a_screen_not_even_the_instructors(served, screen):
    """It is done by the instructor's own page, which takes the screen from its own link."""

    async def test(rooms, code, key):
        rooms.ask(code, key, WILL)
        before = rooms.read(code)
        data = {"do": "show_screen", "screen": screen, "asking": 1, "choice": 9, "attempt": 1}
        cookies = ["", "buffer_lab_learner=ann", f"buffer_lab_room_{code}={key}"]
        for cookie, place in itertools.product(cookies, PLACES):
            status, _ = await Browser(cookie).post(f"/r/{code}{place}", data)
            assert status >= 400 or place == "/answer"
            assert rooms.read(code) == before

    served(test)


def test_a_learners_events_never_hold_the_key(served):
    async def test(rooms, code, key):
        rooms.show_screen(code, key, Screen("Training", "seed=3"))
        async with Browser().listening(f"/r/{code}/events?follow=1") as (_, hears):
            told = json.dumps([await hears(""), await hears("go")])
        assert key not in told and rooms.store.key(code) not in told

    served(test)


async def status_of(browser, path):
    """The status of a GET."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await browser.app(browser.scope("GET", path), receive, send)
    return sent[0]["status"]


def test_what_is_not_shown_yet_is_heard_with_the_key_alone(served):
    async def test(rooms, code, key):
        rooms.ask(code, key, WILL)
        send_answer(rooms, code, "ann", 1, 0, 1)
        for cookie in ("", "buffer_lab_learner=ann", f"buffer_lab_room_{code}=wrong"):
            assert await status_of(Browser(cookie), f"/r/{code}/events?as=instructor") == 403
        path = f"/r/{code}/events"
        teacher = Browser(f"buffer_lab_room_{code}={key}")
        async with teacher.listening(f"{path}?as=instructor") as (_, hears):
            room = await hears("")
            assert (room["counts"], room["seq"]) == ([1, 0], 1)
        async with Browser("buffer_lab_learner=bob").listening(path) as (_, hears):
            room = await hears("")
            assert (room["counts"], room["seq"]) == (None, 0), "seq would tell how many answered"

    served(test)


def test_wrong_codes_are_counted_and_so_are_rooms_that_are_opened(served):
    async def test(rooms, code, key):
        guesser = Browser("buffer_lab_learner=eve")
        found = [await status_of(guesser, "/r/BBBBBB") for _ in range(22)]
        assert found == [404] * 20 + [429] * 2
        assert await status_of(guesser, f"/r/{code}") == 429, "a right code waits as well"
        assert await status_of(Browser("buffer_lab_learner=bob"), f"/r/{code}") == 200
        opened = [(await Browser().post("/r/new", {}))[0] for _ in range(31)]
        assert opened == [200] * 30 + [429]

    served(test)


def test_over_https_a_cookie_is_sent_over_https_alone(served):
    async def test(rooms, code, key):
        for scheme in ("http", "https"):
            browser = Browser()
            plain = browser.scope
            browser.scope = lambda *a, s=scheme, p=plain, **k: p(*a, **k) | {"scheme": s}
            async with browser.listening(f"/r/{code}/events") as (headers, _):
                assert (b"Secure" in headers[b"set-cookie"]) is (scheme == "https")

    served(test)
