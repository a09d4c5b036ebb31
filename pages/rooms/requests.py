"""What a request to a room brings, and how one is refused."""

import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.rooms.room import NoRoom, RoomError
from core.rooms.store import StoreDown
from pages.rooms import documents
from pages.rooms.guard import TooMany
from pages.server.asgi import accepts_gzip

BODY_BYTES = 1024
NOT_KEPT = {"cache-control": "no-store"}  # by browsers
COOKIE_SECONDS = 7 * 24 * 3600
Handler = Callable[[Request], Awaitable[ASGIApp]]


class Wrong(Exception):
    """A request that cannot be answered: its status, and a sentence for people."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(frozen=True)
class Endpoint:
    """A handler, with its refusals as answers: a page for people, JSON for scripts."""

    handler: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self.answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def answer(self, request: Request) -> ASGIApp:
        """What the handler answers, or how it refuses."""
        wait = 0
        try:
            return await self.handler(request)
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
        headers = NOT_KEPT | ({"retry-after": str(wait)} if wait else {})
        if "text/html" in request.headers.get("accept", ""):
            return page(request, documents.code_page(text), status, headers)
        return JSONResponse({"error": text}, status, headers)


def page(
    request: Request, text: str, status: int = 200, headers: Mapping[str, str] = NOT_KEPT
) -> Response:
    """A light page, packed for browsers that take it so."""
    headers = {**headers, "vary": "accept-encoding"}
    if not accepts_gzip(request.headers):
        return HTMLResponse(text, status, headers)
    return HTMLResponse(packed(text), status, {**headers, "content-encoding": "gzip"})


@lru_cache(64)
def packed(text: str) -> bytes:
    """A page as gzip, made once for all learners of a room."""
    return gzip.compress(text.encode(), mtime=0)


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
