"""What the server does once: before the first visitor, and when a page of ours breaks."""

import asyncio
import contextlib
import importlib
import socket
from collections.abc import AsyncGenerator
from urllib.parse import urlunsplit

import psutil
import streamlit as st
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.server import descriptors, routes
from pages.server.internals import (
    AFTER_A_LOST_CONNECTION,
    Writer,
    keep_uploads_in_memory,
    wrap_runs,
    wrap_writes,
)
from pages.server.limits import LIMITS, MB, SEND_UNCHANGED
from pages.server.run_watch import RunWatch, bounded
from pages.server.together import Together
from pages.server.unchanged import Screen
from pages.server.uvicorn_internals import (
    listening_sockets,
    quiet_refused_websockets,
    watch_connections,
)

WARM = asyncio.Event()
TUNE_AFTER_SECONDS = 2  # the first visitor's page is there by then
REQUEST_BYTES = 1_000_000  # of a request line with its headers


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncGenerator[dict[str, object]]:
    """Before the first visitor: let long links in, answer without delay, and begin to warm up.

    Browsers are answered meanwhile, and load what they need. A link of more than 64 kB gets a page
    that says what is wrong with it, instead of uvicorn's bare "400 Bad Request".
    """
    descriptors.raise_limit()
    keep_uploads_in_memory((config.get_option("server.maxUploadSize") + 1) * MB)
    watch_connections(
        descriptors.refuse_at_once,
        descriptors.FULL.raw(),
        REQUEST_BYTES,
        LIMITS.header_seconds,
        LIMITS.body_seconds,
    )
    quiet_refused_websockets()
    watch = RunWatch(LIMITS.run_seconds)
    wrap_runs(lambda run: bounded(run, watch))
    if not SEND_UNCHANGED:
        wrap_writes(writer_of_changes)
    send_at_once()
    show_addresses()
    warming = asyncio.create_task(warm_up())
    async with routes.running():
        yield {}
    warming.cancel()


def writer_of_changes(write: Writer) -> Writer:
    """What a browser is sent: only what changed, and a run's messages together."""
    screen, together = Screen(AFTER_A_LOST_CONNECTION), Together(write)

    def send(message: ForwardMsg) -> None:
        for one in screen.pass_on(message):
            together.send(one)

    return send


def show_addresses() -> None:
    """Print where others in the network find the server; nobody is asked for that."""
    for listener in listening_sockets():
        host, port, *_ = listener.getsockname()
        if host in ("0.0.0.0", "::"):
            for address in network_addresses():
                place = urlunsplit(("http", f"{address}:{port}", "", "", ""))
                print(f"  In your network: {place}", flush=True)
            return


def network_addresses() -> list[str]:
    """This machine's IPv4 addresses in its networks, without those of loopback and link-local."""
    found = (one for cards in psutil.net_if_addrs().values() for one in cards)
    return [
        one.address
        for one in found
        if one.family == socket.AF_INET and not one.address.startswith(("127.", "169.254."))
    ]


def wait_until_warm(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: a visitor's session begins when the server has warmed up.

    Pages must not import beside it: some packages look at what another thread has half imported.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WARM.wait()
        return await app(scope, receive, send)

    return answer


def send_at_once() -> None:
    """Switch Nagle's algorithm off, which holds small messages back; asyncio does the same.

    But asyncio leaves sockets alone that were made without naming TCP, as Streamlit's is. The
    connections of a listening socket inherit the option from it.
    """
    for listener in listening_sockets():
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def warm_up() -> None:
    """Import PyTorch and all else, in a thread; let visitors in; tune a little later."""
    try:
        chores = await asyncio.to_thread(importlib.import_module, "pages.server.warm_up")
        await asyncio.to_thread(chores.warm_up)
    finally:
        WARM.set()
    await asyncio.sleep(TUNE_AFTER_SECONDS)
    await asyncio.to_thread(chores.tune_gc)


def show_error(error: Exception) -> bool:
    """An error of ours: the traceback is in the server's log, the visitor gets a way on."""
    st.error(
        "This page has a fault, and it is ours, not yours. Nothing you entered is lost: it is in "
        "the link. Change the last control back, or reload the page. The server's log has the "
        "details."
    )
    return True
