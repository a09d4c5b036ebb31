"""What the server does once: before the first visitor, and when a page of ours breaks."""

import asyncio
import contextlib
import gc
import importlib
import socket

import streamlit as st
from uvicorn.protocols.http import h11_impl

WARM = asyncio.Event()
IDLE = 2  # seconds after which the first visitor's page is there
LONGEST_REQUEST = 1_000_000  # bytes of a request line with its headers


@contextlib.asynccontextmanager
async def lifespan(app):
    """Before the first visitor: let long links in, answer without delay, and begin to warm up.

    Browsers are answered meanwhile, and load what they need.
    """
    allow_long_links()
    send_at_once()
    warming = asyncio.create_task(warm_up())
    yield {}
    warming.cancel()


def when_warm(app):
    """ASGI middleware: a visitor's session begins when the server has warmed up.

    Pages must not import beside it: some packages look at what another thread has half imported.
    """

    async def answer(scope, receive, send):
        if scope["type"] == "websocket":
            await WARM.wait()
        return await app(scope, receive, send)

    return answer


def allow_long_links():
    """A link of more than 64 kB gets a page that says what is wrong with it.

    uvicorn answers it with a bare "400 Bad Request". It has an option for this; Streamlit does not
    pass it on, so the default that it falls back to is raised.
    """
    h11_impl.DEFAULT_MAX_INCOMPLETE_EVENT_SIZE = LONGEST_REQUEST


def send_at_once():
    """Switch Nagle's algorithm off, which holds small messages back; asyncio does the same.

    But asyncio leaves sockets alone that were made without naming TCP, as Streamlit's is. The
    connections of a listening socket inherit the option from it.
    """
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() >= 0:
            with contextlib.suppress(OSError):
                if thing.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    thing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def warm_up():
    """Import PyTorch and all else, in a thread; let visitors in; settle down a little later."""
    try:
        chores = await asyncio.to_thread(importlib.import_module, "pages.server.warm_up")
        await asyncio.to_thread(chores.warm_up)
    finally:
        WARM.set()
    await asyncio.sleep(IDLE)
    await asyncio.to_thread(chores.settle_down)


def say_sorry(error):
    """An error of ours: the traceback is in the server's log, the visitor gets a way on."""
    st.error(
        "This page has a fault, and it is ours, not yours. Nothing you entered is lost: it is in "
        "the link. Change the last control back, or reload the page. The server's log has the "
        "details."
    )
    return True
