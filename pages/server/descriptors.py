"""Open files: a server that runs out of descriptors says so, and goes on.

A browser's session costs four descriptors, and three of them for two minutes after it left. Where
256 are allowed, as on a Mac, that is less than a classroom.
"""

import contextlib
import time
from dataclasses import dataclass

import psutil
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.server.asgi import is_read, plain_page, refuse_websocket
from pages.server.limits import LIMITS

RESERVED_DESCRIPTORS = 56  # for workers, imports, and connections that bring the page below
SESSION_DESCRIPTORS = 10  # that a page takes while it loads: its session, and connections
LAST_DESCRIPTORS = 12  # descriptors below which a new connection gets the page below, unheard
COUNT_SECONDS = 1.0  # that one count of them serves at most

FULL = plain_page(
    503,
    "This server is full",
    "It holds as many visitors as it can. Places are free again when others leave, some two "
    "minutes after they did. Please try again then; this link stays as it is.",
    retry_after="60",
)


def allowed() -> int | None:
    """How many descriptors this process may hold, or None where there is no such limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_limit(wanted: int = LIMITS.open_files) -> int | None:
    """Raise the soft limit of open files toward the hard one; returns what is allowed then."""
    try:
        import resource
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    for target in (most, 10_240, 4_096, 1_024):  # a Mac's kernel refuses more than its own limit
        if soft < target <= most:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
                break
    return allowed()


@dataclass
class Counted:
    """What was free under a limit, and for how many questions and until when that will do."""

    limit: int = 0
    free: int = 0
    uses: int = 0
    until: float = 0.0


counted = Counted()


def free() -> int:
    """How many descriptors this process may still open, but for those of the last second.

    Counting takes time for each that is open. So while many are free, one count serves many
    visitors: as many as can't take them all, and none where the next may be the last.
    """
    limit, now = allowed(), time.monotonic()
    if limit is None:
        return 1_000_000
    counted.uses -= 1
    if counted.uses < 0 or counted.until < now or counted.limit != limit:
        counted.limit, counted.until = limit, now + COUNT_SECONDS
        counted.free = limit - psutil.Process().num_fds()
        spare = counted.free - RESERVED_DESCRIPTORS - SESSION_DESCRIPTORS
        counted.uses = spare // SESSION_DESCRIPTORS - 1
    return counted.free


def is_full() -> bool:
    """Whether there is no place for another visitor."""
    return free() < RESERVED_DESCRIPTORS + SESSION_DESCRIPTORS


def refuse_at_once() -> bool:
    """Whether not even a connection should be listened to."""
    return free() < LAST_DESCRIPTORS


def refuse_when_full(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: when there is no place, new pages and sessions hear so, and /_stcore/health.

    Files of pages that are open already still come. A session that reconnects is refused like any
    other; its browser tries again.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and is_full():
            return await refuse_websocket(FULL, scope, receive, send)
        if is_read(scope) and wants_place(scope["path"]) and is_full():
            return await FULL.send(send, body=scope["method"] == "GET")
        return await app(scope, receive, send)

    return answer


def wants_place(path: str) -> bool:
    """Whether an address is a page's, or asks whether there is a place: not that of a file."""
    last = path.rpartition("/")[2]
    return path.endswith("/_stcore/health") or ("." not in last and "/_stcore/" not in path)
