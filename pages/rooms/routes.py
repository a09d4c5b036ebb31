"""The addresses of rooms, as `pages/rooms/addresses.py` lists them. No Streamlit session is needed.

Answers come from the hub; every code passes the guard; every POST says which page it came from.
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import FrameType
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.rooms.codes import new_key, read_code
from core.rooms.room import Answer, NoRoom, RoomError
from core.rooms.rooms import Rooms, rooms
from core.rooms.store import StoreDown
from pages.rooms import documents
from pages.rooms.addresses import join_address, join_path, server_addresses
from pages.rooms.guard import Guard, TooMany
from pages.rooms.hub import Hub, Stream
from pages.rooms.identity import LEARNER_COOKIE, key_cookie, key_of, learner_of
from pages.rooms.qr import qr_svg

BODY_BYTES = 1024
COOKIE_SECONDS = 7 * 24 * 3600
Handler = Callable[[Request], Awaitable[ASGIApp]]
CONTROLS: dict[str, Callable[[Rooms, str, str], object]] = {
    "close": Rooms.close,
    "reopen": Rooms.reopen,
    "again": Rooms.ask_again,
    "reset": Rooms.reset,
    "show": lambda rooms, code, key: rooms.show_counts(code, key, True),
    "hide": lambda rooms, code, key: rooms.show_counts(code, key, False),
    "lobby": Rooms.to_lobby,
    "end": Rooms.end,
}


class Wrong(Exception):
    """A request that cannot be answered: its status, and a sentence for people."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class State:
    """What the routes share in a process: `hub` and `guard`, while the server runs."""

    hub: Hub
    guard: Guard


@contextlib.asynccontextmanager
async def running() -> AsyncGenerator[None]:
    """While the server runs: the hub. SIGTERM and Ctrl+C end the streams that uvicorn waits for."""
    State.hub, State.guard = Hub(rooms), Guard()
    hub, loop, before = State.hub, asyncio.get_running_loop(), {}

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.end)
        handler = before[number]
        if callable(handler):
            handler(number, frame)

    with contextlib.suppress(ValueError):  # in another thread than the main one there are none
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.getsignal(number)
            signal.signal(number, end)
    try:
        yield
    finally:
        hub.end()
        with contextlib.suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


def answered(handler: Handler) -> Handler:
    """The handler with its refusals as answers: a page for people, JSON for scripts."""

    async def answer(request: Request) -> ASGIApp:
        wait = 0
        try:
            return await handler(request)
        except Wrong as error:
            status, text = error.status, error.text
        except NoRoom as error:
            status, text = 404, str(error)
        except TooMany as error:
            status, text, wait = 429, str(error), error.seconds
        except StoreDown as error:
            status, text, wait = 503, str(error), 1
        except RoomError as error:
            status, text = 409, str(error)
        headers = {"cache-control": "no-store"} | ({"retry-after": str(wait)} if wait else {})
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(documents.code_page(text), status, headers)
        return JSONResponse({"error": text}, status, headers)

    return answer


async def room_of(request: Request) -> str:
    """The code in the address, if there is such a room. Raises NoRoom, TooMany."""
    learner, guard = learner_of(request.cookies)[:64], State.guard
    code = read_code(request.path_params["code"])
    await guard.admit(code or "", learner)
    if code is None or not await State.hub.call(lambda rooms: rooms.exists(code)):
        guard.wrong(learner)
        raise NoRoom
    guard.right(code, learner)
    return code


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a page of ours posted."""
    if "origin" not in request.headers:  # pages/server/origins.py refuses foreign ones
        raise Wrong(403, "This request does not say which page it came from.")
    body = b""
    with contextlib.suppress(ClientDisconnect):
        async for part in request.stream():
            body += part
            if len(body) > BODY_BYTES:
                raise Wrong(413, f"At most {BODY_BYTES} bytes are read.")
    if not body:
        return {}
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Wrong(400, "This is no JSON object.")
    return data


def whole(data: dict[str, Any], name: str, low: int, high: int) -> int:
    """A whole number out of a body, within its limits."""
    value = data.get(name)
    if type(value) is not int or not low <= value <= high:
        raise Wrong(400, f"{name} must be a whole number from {low} to {high:,}.")
    return value


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """A cookie that scripts cannot read and that other sites' requests do not bring."""
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


async def enter(request: Request) -> ASGIApp:
    """/r: the form for a code, and where it leads."""
    typed = request.query_params.get("code", "")
    code = read_code(typed)
    if code:
        return RedirectResponse(join_path(code), 303)
    text = "That is no code. It has six letters and digits." if typed else ""
    return HTMLResponse(documents.code_page(text), 404 if typed else 200)


async def learner_page(request: Request) -> ASGIApp:
    """/r/CODE: the learners' page, and a cookie for a browser that has none."""
    code = await room_of(request)
    response = HTMLResponse(documents.learner_page(code), headers={"cache-control": "no-store"})
    if not learner_of(request.cookies):
        learner = new_key()
        State.guard.right(code, learner)
        set_cookie(request, response, LEARNER_COOKIE, learner)
    return response


class EventStream:
    """The answer to a browser that listens; it ends when the browser leaves or the server does."""

    def __init__(self, first: bytes, events: AsyncGenerator[bytes], stream: Stream) -> None:
        self.first, self.events, self.stream = first, events, stream
        self.left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind, quiet = b"text/event-stream; charset=utf-8", b"no-store"
        headers = [
            (b"content-type", kind),
            (b"cache-control", quiet),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(part(self.first))
        listening = asyncio.create_task(self.until_left(receive))
        try:
            async for event in self.events:
                if self.left:
                    break
                await send(part(event))
            await send(part(b"", more=False))
        finally:
            listening.cancel()
            await self.events.aclose()

    async def until_left(self, receive: Receive) -> None:
        """Wait until the browser is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.stream.wake()


def part(body: bytes, more: bool = True) -> Message:
    """The message with a part of an answer."""
    return {"type": "http.response.body", "body": body, "more_body": more}


async def events(request: Request) -> ASGIApp:
    """/r/CODE/events: what happens in the room; ?as=instructor takes the room's key."""
    code = await room_of(request)
    asked = request.query_params
    stream = Stream(code, learner_of(request.cookies)[:64], follows=asked.get("follow") == "1")
    if asked.get("as") == "instructor":
        await check_key(request, code)
        stream.instructor = True
    coming = State.hub.events(stream)
    return EventStream(await anext(coming), coming, stream)


async def answer(request: Request) -> ASGIApp:
    """POST /r/CODE/answer: {"asking": …, "choice": …, "attempt": …}."""
    data = await body_of(request)
    learner = learner_of(request.cookies)[:64]
    if not learner:
        raise Wrong(403, "Your browser keeps no cookie of this server, so no answer either.")
    code = await room_of(request)
    number = whole(data, "asking", 1, 1_000_000)
    new = Answer(whole(data, "choice", 0, 100), whole(data, "attempt", 1, 1_000_000_000))
    receipt = await State.hub.answer(code, learner, number, new)
    stands = receipt.stands
    said = {"choice": stands.choice, "attempt": stands.attempt} if stands else None
    return JSONResponse({"status": receipt.status, "asking": number, "stands": said})


async def check_key(request: Request, code: str) -> str:
    """The key of the room that the browser has, or 403."""
    key = key_of(request.cookies, code)[:64]
    if not await State.hub.call(lambda rooms: rooms.is_key(code, key)):
        raise Wrong(403, "Only who opened the room can do this, with its secret link.")
    return key


async def control(request: Request) -> ASGIApp:
    """POST /r/CODE/control: {"do": …}, one of CONTROLS."""
    data = await body_of(request)
    code = await room_of(request)
    key = await check_key(request, code)
    change = CONTROLS.get(str(data.get("do")))
    if change is None:
        raise Wrong(400, f"do must be one of {', '.join(CONTROLS)}.")
    await State.hub.call(lambda rooms: change(rooms, code, key))
    return JSONResponse({"done": data["do"]})


async def new_page(request: Request) -> ASGIApp:
    """/r/new: a button that opens a room."""
    return HTMLResponse(documents.new_page())


async def new_room(request: Request) -> ASGIApp:
    """POST /r/new: open a room; the browser gets its key."""
    await body_of(request)
    State.guard.create()
    code, key = await State.hub.call(lambda rooms: rooms.create())
    return with_key(request, code, key)


def with_key(request: Request, code: str, key: str) -> Response:
    """To the instructor's page, with the key in a cookie."""
    response = JSONResponse({"code": code, "next": f"/Workshop?room={code}"})
    set_cookie(request, response, key_cookie(code), key)
    return response


async def key_page(request: Request) -> ASGIApp:
    """/r/CODE/key: posts the key that stands behind the #, and forgets it."""
    await room_of(request)
    return HTMLResponse(documents.key_page(), headers={"cache-control": "no-store"})


async def take_key(request: Request) -> ASGIApp:
    """POST /r/CODE/key: {"key": …}; a right one becomes a cookie."""
    data = await body_of(request)
    code = await room_of(request)
    key = data.get("key")
    if not isinstance(key, str) or not await State.hub.call(lambda r: r.is_key(code, key)):
        State.guard.wrong(learner_of(request.cookies)[:64])
        raise Wrong(403, "This link does not open the room, or not any more.")
    return with_key(request, code, key)


async def qr(request: Request) -> ASGIApp:
    """/r/CODE/qr.svg: the learners' address, as others see it. ?address= picks one of several."""
    code = await room_of(request)
    seen = f"{request.url.scheme}://{request.headers.get('host', '')[:255]}"
    asked = request.query_params.get("address")
    base = asked if asked in server_addresses(seen) else None
    address = base + join_path(code) if base else join_address(seen, code)
    return Response(qr_svg(address), media_type="image/svg+xml")


def route(path: str, handler: Handler, method: str = "GET") -> list[Route]:
    """A route, also in capital letters, as the picture has it."""
    found = [Route(path, answered(handler), methods=[method])]
    return [*found, Route(path.replace("/r", "/R", 1), answered(handler), methods=[method])]


ROUTES = [
    *route("/r", enter),
    *route("/r/new", new_page),
    *route("/r/new", new_room, "POST"),
    *route("/r/{code}", learner_page),
    *route("/r/{code}/events", events),
    *route("/r/{code}/answer", answer, "POST"),
    *route("/r/{code}/control", control, "POST"),
    *route("/r/{code}/key", key_page),
    *route("/r/{code}/key", take_key, "POST"),
    *route("/r/{code}/qr.svg", qr),
]
