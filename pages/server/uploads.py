"""Uploaded files: all of them together have a bound, and so have those of a session and an address.

They are kept in memory, by Streamlit, until their session ends: two minutes after its browser left.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from pages.server.asgi import Answer
from pages.server.internals import uploaded_bytes
from pages.server.limits import LIMITS, MB, Limits

ROUTE = "/_stcore/upload_file/"


class TooMuch(Exception):
    """There is no room for an upload. The message names the limit and the way out."""


@dataclass
class Room:
    """What uploads take up: those that are kept, and those that are on their way."""

    limits: Limits = LIMITS
    address_of: dict[str, str] = field(default_factory=dict)  # session -> network address
    coming: Counter[str] = field(default_factory=Counter)  # session -> bytes on their way

    def take(self, session: str, address: str, nbytes: int) -> None:
        """Count bytes that arrive, or raise TooMuch."""
        kept = uploaded_bytes()
        for gone in set(self.address_of) - set(kept) - set(+self.coming):
            del self.address_of[gone]
        self.address_of[session] = address
        held = Counter(kept) + self.coming
        same = sum(n for one, n in held.items() if self.address_of.get(one) == address)
        for has, limit, whose in (
            (held[session], self.limits.upload_session_mb, "your uploads on this page"),
            (same, self.limits.upload_address_mb, "uploads from your network address"),
            (held.total(), self.limits.upload_mb, "uploads of all visitors"),
        ):
            if has + nbytes > limit * MB:
                raise TooMuch(
                    f"There is no room for this file: {whose} may hold {limit} MB at a time, and "
                    f"hold {has / MB:.0f} MB. Remove a file, or try again later."
                )
        self.coming[session] += nbytes

    def arrived(self, session: str, nbytes: int) -> None:
        """What take counted is kept by Streamlit now, or was given up."""
        self.coming[session] -= nbytes
        self.coming = +self.coming


def bound_uploads(app: ASGIApp, room: Room | None = None) -> ASGIApp:
    """ASGI middleware: 413 for an upload that there is no room for, counted as it arrives."""
    room = room or Room()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT" or ROUTE not in scope["path"]:
            return await app(scope, receive, send)
        session = scope["path"].partition(ROUTE)[2].partition("/")[0]
        address = (scope.get("client") or ("",))[0]
        claimed, received, began = 0, 0, False

        def claim(nbytes: int) -> None:
            nonlocal claimed
            if nbytes > claimed:
                room.take(session, address, nbytes - claimed)
                claimed = nbytes

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            claim(received)  # it may bring more than it announced
            return message

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            claim(announced(Headers(scope=scope)))
            await app(scope, counted, watched)
        except TooMuch as error:
            if not began:
                await drain(receive)  # a browser that still sends would not read the answer
                await refusal(str(error)).send(send)
        finally:
            room.arrived(session, claimed)
        return None

    return answer


async def drain(receive: Receive) -> None:
    """Let what is still sent come, and keep nothing of it; not more than a file may have."""
    rest = (config.get_option("server.maxUploadSize") + 1) * MB
    more = True
    while more and rest > 0:
        message = await receive()
        rest -= len(message.get("body", b""))
        more = message.get("more_body", False)


def refusal(text: str) -> Answer:
    headers = Headers({"content-type": "text/plain; charset=utf-8"})
    return Answer(413, headers, b"").with_body(text.encode())


def announced(headers: Mapping[str, str]) -> int:
    """The bytes that a request says it brings."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0
