"""What the server does once: before the first visitor, and when a page of ours breaks."""

import contextlib
import gc
import socket

import streamlit as st
import torch
from uvicorn.protocols.http import h11_impl

from core.experiment import Experiment
from core.mask_cost import settle
from core.picture import template
from core.view import Look, look_here
from pages.shared.panels import chart

LONGEST_REQUEST = 1_000_000  # bytes of a request line with its headers


@contextlib.asynccontextmanager
async def lifespan(app):
    """Before the first visitor: let long links in, answer without delay, and warm up."""
    allow_long_links()
    send_at_once()
    warm_up()
    yield {}


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


def warm_up():
    """Do once what the first visitor would wait for.

    One thread for PyTorch: every rerun is a fresh thread, for which PyTorch would start a team of
    its own. What is loaded by now stays: the garbage collector need not look at it again. It also
    comes less often, for a full collection takes a tenth of a second with a hundred sessions open,
    and everybody waits; what it collects is some 1,000 small objects a second.
    """
    torch.set_num_threads(1)
    settle()
    observation = look_here(Look(Experiment()))
    weights = observation.with_buffer.trace.get("attn_weights").tensor
    chart(weights, observation.experiment.tokens, "weights", 1.0)
    for kind in ("scores", "weights"):
        for shows in ("cells", "blocks"):
            template(kind, shows)
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 25)


def say_sorry(error):
    """An error of ours: the traceback is in the server's log, the visitor gets a way on."""
    st.error(
        "This page has a fault, and it is ours, not yours. Nothing you entered is lost: it is in "
        "the link. Change the last control back, or reload the page. The server's log has the "
        "details."
    )
    return True
