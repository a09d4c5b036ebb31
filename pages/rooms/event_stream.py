"""A stream of server-sent events, as the answer to a request."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from pages.rooms.channel import Stream


class EventStream:
    """The answer to a browser that listens; it ends when the browser leaves or the server does.

    cookies: a response whose cookies the browser gets.
    """

    def __init__(
        self, first: bytes, events: AsyncGenerator[bytes], stream: Stream, cookies: Response
    ) -> None:
        self.first, self.events, self.stream = first, events, stream
        self.cookies = [pair for pair in cookies.raw_headers if pair[0] == b"set-cookie"]
        self.left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind, quiet = b"text/event-stream; charset=utf-8", b"no-store"
        headers = [
            (b"content-type", kind),
            (b"cache-control", quiet),
            (b"x-accel-buffering", b"no"),
            *self.cookies,
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
