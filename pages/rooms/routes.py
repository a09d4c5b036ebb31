"""The addresses of rooms, as `pages/rooms/addresses.py` lists them. No Streamlit session is needed.

Answers come from the hub; every code passes the guard; every POST says which page it came from.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator
from types import FrameType

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from core.rooms.codes import new_key, read_code
from core.rooms.room import Answer, NoRoom
from core.rooms.rooms import rooms
from pages.rooms import documents
from pages.rooms.addresses import join_address, join_path, server_addresses
from pages.rooms.channel import Stream
from pages.rooms.event_stream import EventStream
from pages.rooms.guard import Guard
from pages.rooms.hub import Hub
from pages.rooms.identity import LEARNER_COOKIE, key_cookie, key_of, learner_of
from pages.rooms.qr import qr_svg
from pages.rooms.requests import Endpoint, Handler, Wrong, body_of, page, set_cookie, whole

TAB = 32  # characters of a page's name that are kept


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


async def room_of(request: Request) -> str:
    """The code in the address, if there is such a room. Raises NoRoom, TooMany."""
    learner, guard = learner_of(request.cookies)[:64], State.guard
    code = read_code(request.path_params["code"])
    await guard.admit(code or "", learner)
    if code is None or not await State.hub.exists(code):
        guard.wrong(learner)
        raise NoRoom
    guard.right(code, learner)
    return code


async def enter(request: Request) -> ASGIApp:
    """/r: the form for a code, and where it leads."""
    typed = request.query_params.get("code", "")
    code = read_code(typed)
    if code:
        return RedirectResponse(join_path(code), 303)
    text = "That is no code. It has six letters and digits." if typed else ""
    return page(request, documents.code_page(text), 404 if typed else 200, {})


async def learner_page(request: Request) -> ASGIApp:
    """/r/CODE: the learners' page, and a cookie for a browser that has none."""
    code = await room_of(request)
    response = page(request, documents.learner_page(code))
    if not learner_of(request.cookies):
        new_learner(request, response, code)
    return response


def new_learner(request: Request, response: Response, code: str) -> str:
    """The id of a learner who has none: a random number, in a cookie of the response."""
    learner = new_key()
    State.guard.right(code, learner)
    set_cookie(request, response, LEARNER_COOKIE, learner)
    return learner


async def events(request: Request) -> ASGIApp:
    """/r/CODE/events: what happens in the room.

    ?as=instructor takes the room's key; ?follow=1 says when to go to the instructor's screen;
    ?tab= is a name of the page, which is not told of its own answers. A browser that came by a link
    of the lab gets its cookie here.
    """
    code = await room_of(request)
    asked = request.query_params
    stream = Stream(code, learner_of(request.cookies)[:64], tab=asked.get("tab", "")[:TAB])
    cookies = Response()
    if asked.get("as") == "instructor":
        await check_key(request, code)
        stream.instructor = True
    else:
        stream.follows = asked.get("follow") == "1"
        stream.learner = stream.learner or new_learner(request, cookies, code)
    coming = State.hub.events(stream)
    return EventStream(await anext(coming), coming, stream, cookies)


async def answer(request: Request) -> ASGIApp:
    """POST /r/CODE/answer: {"asking": …, "choice": …, "attempt": …}, and the "tab" of the page."""
    data = await body_of(request)
    learner = learner_of(request.cookies)[:64]
    if not learner:
        raise Wrong(403, "Your browser keeps no cookie of this server, so no answer either.")
    code = await room_of(request)
    number = whole(data, "asking", 1, 1_000_000)
    new = Answer(whole(data, "choice", 0, 100), whole(data, "attempt", 1, 1_000_000_000))
    receipt = await State.hub.answer(code, learner, number, new, str(data.get("tab", ""))[:TAB])
    stands = receipt.stands
    said = {"choice": stands.choice, "attempt": stands.attempt} if stands else None
    return JSONResponse({"status": receipt.status, "asking": number, "stands": said})


async def check_key(request: Request, code: str) -> str:
    """The key of the room that the browser has, or 403."""
    key = key_of(request.cookies, code)[:64]
    if not await State.hub.call(lambda rooms: rooms.is_key(code, key)):
        raise Wrong(403, "Only who opened the room can do this, with its secret link.")
    return key


async def new_page(request: Request) -> ASGIApp:
    """/r/new: a button that opens a room."""
    return page(request, documents.new_page(), headers={})


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
    return page(request, documents.key_page())


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
    capital = path.replace("/r", "/R", 1)
    return [Route(one, Endpoint(handler), methods=[method]) for one in (path, capital)]


ROUTES = [
    *route("/r", enter),
    *route("/r/new", new_page),
    *route("/r/new", new_room, "POST"),
    *route("/r/{code}", learner_page),
    *route("/r/{code}/events", events),
    *route("/r/{code}/answer", answer, "POST"),
    *route("/r/{code}/key", key_page),
    *route("/r/{code}/key", take_key, "POST"),
    *route("/r/{code}/qr.svg", qr),
]
