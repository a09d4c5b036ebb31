"""Where a room is found: the addresses that others type, scan or are sent.

POST /r/new         opens a room: sets the cookie with its key, answers {"code": …, "next": …},
                    or leads a form there: to /Workshop?room=CODE
/r                  asks for a code
/r/CODE             the learners' page
/r/CODE/key#KEY     the instructor's secret link, for another device; keep it off the projector
/r/CODE/qr.svg      the picture of the learners' address, ?address= says which
/r/CODE/events      server-sent events, ?follow=1 also with when to go to the instructor's screen
POST /r/CODE/answer takes an answer
"""

import contextlib
import socket
from urllib.parse import urlsplit, urlunsplit

from pages.server.lifespan import network_addresses

HERE_ONLY = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0")


def join_path(code: str) -> str:
    """The path of the learners' page."""
    return f"/r/{code}"


def key_path(code: str, key: str) -> str:
    """The path of the instructor's secret link. The key stands where browsers do not send it."""
    return f"/r/{code}/key#{key}"


def server_addresses(seen: str) -> list[str]:
    """Addresses of this server for others, the likeliest first, such as 192.168.1.20:8501.

    seen: the address in the instructor's browser (`st.context.url`), with its scheme. If it is one
    that only this machine understands, those of its networks take its place, with the same port.
    """
    parts = urlsplit(seen)
    host = parts.netloc.rsplit(":", 1)[0] if parts.port else parts.netloc
    if host not in HERE_ONLY:
        return [urlunsplit((parts.scheme, parts.netloc, "", "", ""))]
    port = f":{parts.port}" if parts.port else ""
    first = way_out()
    networks = sorted(network_addresses(), key=lambda address: address != first)
    found = [f"{address}{port}" for address in networks] or [parts.netloc]
    return [urlunsplit((parts.scheme, one, "", "", "")) for one in found]


def way_out() -> str:
    """This machine's address in the network that leads to all others; empty where none does.

    Nothing is sent: the machine only looks up the way to an address that belongs to nobody.
    """
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.connect(("198.51.100.1", 9))
        return datagrams.getsockname()[0]
    return ""


def join_address(seen: str, code: str) -> str:
    """The whole address of the learners' page, as it is shown and put into the picture."""
    return server_addresses(seen)[0] + join_path(code)
