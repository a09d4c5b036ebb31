"""What the server does once: before the first visitor, and when a page of ours breaks."""

import contextlib

import streamlit as st
from uvicorn.protocols.http import h11_impl

from core.experiment import Experiment, run

LONGEST_REQUEST = 1_000_000  # bytes of a request line with its headers


@contextlib.asynccontextmanager
async def lifespan(app):
    """Warm up what the first visitor would wait for, and let long links in.

    uvicorn answers a link of more than 64 kB with a bare "400 Bad Request". Ours gets a page
    that says what is wrong with it. uvicorn has an option for this; Streamlit does not pass it
    on, so the default that it falls back to is raised.
    """
    h11_impl.DEFAULT_MAX_INCOMPLETE_EVENT_SIZE = LONGEST_REQUEST
    run(Experiment())
    yield {}


def say_sorry(error):
    """An error of ours: the traceback is in the server's log, the visitor gets a way on."""
    st.error(
        "This page has a fault, and it is ours, not yours. Nothing you entered is lost: it is in "
        "the link. Change the last control back, or reload the page. The server's log has the "
        "details."
    )
    return True
