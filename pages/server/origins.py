"""Who may talk to the server: pages that came from it, and those of origins that it was told of.

Streamlit compares a foreign Origin with the address that the machine has on the internet, and asks
another server for it, in the event loop: each knock stops everybody for a second or two. So foreign
origins are refused before Streamlit sees them.
"""

from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from pages.server.asgi import plain_page, refuse_websocket

FOREIGN = plain_page(
    403,
    "Not from here",
    "A page of another site asked for this. If this server stands behind a proxy under another "
    "name, let the proxy pass the <code>Host</code> header with its port, or start the server with "
    "<code>--server.corsAllowedOrigins</code> and the address that browsers see.",
)


def is_same(origin: str, host: str | None) -> bool:
    """Whether an Origin is the server itself, by the name that the browser called it."""
    try:
        parts = urlsplit(origin)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and host is not None and parts.netloc == host


def is_allowed(origin: str) -> bool:
    """Whether the option server.corsAllowedOrigins names it, or server.enableCORS is off."""
    allowed = {one.strip().rstrip("/") for one in config.get_option("server.corsAllowedOrigins")}
    return origin in allowed or not config.get_option("server.enableCORS")


def refuse_foreign_origins(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: 403, or no websocket, for an Origin that is neither ours nor allowed.

    An allowed one is passed on as the server's own for a websocket: Streamlit would look it up on
    the internet before it reads its list.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await app(scope, receive, send)
        headers = Headers(scope=scope)
        origin, host = headers.get("origin"), headers.get("host")
        if origin is None or is_same(origin, host):
            return await app(scope, receive, send)
        if not is_allowed(origin):
            if scope["type"] == "http":
                return await FOREIGN.send(send, body=scope["method"] != "HEAD")
            return await refuse_websocket(FOREIGN, scope, receive, send)
        if scope["type"] == "websocket":
            own = MutableHeaders(raw=list(scope["headers"]))
            own["origin"] = urlunsplit(("http", host or "", "", "", ""))
            scope = {**scope, "headers": own.raw}
        return await app(scope, receive, send)

    return answer
