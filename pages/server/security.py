"""Headers that tell a browser what a page of ours may do, and routes that are nobody's business."""

import os
import re
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server.asgi import accepts_gzip, plain_page, without

FRAME_ANCESTORS = os.environ.get("BUFFER_LAB_FRAME_ANCESTORS", "'self'")
HIDDEN = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
NOT_FOUND = plain_page(404, "Not found", "There is nothing at this address.")
HOST = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}")


def policy(host: str = "") -> str:
    """The Content-Security-Policy of every answer.

    Scripts and styles come from the server, or stand in the page: Streamlit's own page has some.
    Vega compiles its expressions with `Function`, which takes 'unsafe-eval'. Nothing is loaded
    from, or sent to, another host. Older browsers do not count a websocket among 'self'.
    """
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            f"connect-src 'self' data: blob:{sockets}",
            "frame-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {FRAME_ANCESTORS}",
        ]
    )


@lru_cache(64)
def headers_for(host: str) -> list[tuple[bytes, bytes]]:
    """What every answer to that host says, where it does not say it itself."""
    return Headers(
        {
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
            "content-security-policy": policy(host),
        }
    ).raw


def add_security_headers(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: every answer carries the headers above, and says what it depends on."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        asked = Headers(scope=scope)

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                ours = headers_for(asked.get("host", "")[:256])
                headers = [*message["headers"], *(one for one in ours if one[0] not in said)]
                message = {**message, "headers": headers}
            await send(message)

        if scope["path"].startswith(HIDDEN):
            return await NOT_FOUND.send(add, body=scope["method"] != "HEAD")
        if not accepts_gzip(asked):  # what follows looks for the word only
            scope = without(scope, "accept-encoding")
        return await app(scope, receive, add)

    return answer
