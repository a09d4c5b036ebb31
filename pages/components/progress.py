"""Work that a worker process does: its progress, a way to cancel, and its result."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.workers import pool as jobs
from pages.components import state

LOCAL = "this machine"  # stands for the address of a visitor whose browser runs beside the server

Live = Callable[[Any], object]


def work(
    key: str,
    function: Callable[..., Any],
    *args: Any,
    live: Live | None = None,
    private: bool = False,
    patience: float = 0,
) -> Any | None:
    """The result of function(report, *args), or None while it is not there.

    Until then the page shows how far it is, what live(note) draws of what was reported, and a way
    to cancel. key names the place on the page: asking there for something else cancels the old.
    private: the result is for this session alone. patience: seconds to wait for a new job before
    the page shows how far it is, for what is often there at once.
    """
    asker = who_asks()
    me = (asker.session, key)
    mine = state.work_at(key).get()
    if not mine:
        mine |= {"asked": None, "job": None, "me": me}
    asked = (function, tuple(map(hash, args)) if private else args)
    if mine["asked"] != asked:
        if mine["job"]:
            mine["job"].cancel(me)
        mine |= {"asked": asked, "job": None, "stopped": False}
    job = mine["job"]
    if job is None or (job.state == "cancelled" and not mine["stopped"]):
        try:
            job = mine["job"] = jobs.ask(function, *args, who=me, private=private, asker=asker)
        except jobs.Busy as busy:
            st.warning(str(busy))
            st.button("Try again", key=f"again {key}")
            return None
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not job.over:
            time.sleep(0.005)
    if job.state == "done" and not mine["stopped"]:
        return job.result
    if mine["stopped"]:
        st.info(
            "Cancelled. There are no results for these settings; *Run again* computes them.",
            icon=":material/cancel:",
        )
        if live and job.note is not None:
            live(job.note)
    elif job.state == "failed":
        st.error(f"This could not be finished. {job.error}")
    else:
        follow(me, mine, job, live)
        return None
    st.button("Run again", key=f"again {key}", on_click=mine.update,
              kwargs={"job": None, "stopped": False})  # fmt: skip
    return None


def who_asks() -> jobs.Asker:
    """This visitor's session and network address, which have their shares of the queue."""
    context = get_script_run_ctx()
    return jobs.Asker(context.session_id if context else "", st.context.ip_address or LOCAL)


def forget(key: str = "") -> None:
    """Give up what was asked at a place, or at all places: the visitor has gone elsewhere."""
    for place in state.places_of_work():
        if place == key or not key:
            mine = state.work_at(place).take()
            if mine["job"]:
                mine["job"].cancel(mine["me"])


@st.fragment(run_every=0.5)
def follow(me: tuple[str, str], mine: dict[str, Any], job: jobs.Job, live: Live | None) -> None:
    """Draw how far a job is, twice a second; at its end the page runs once more."""
    if job.over or mine["stopped"]:
        st.rerun()
    if job.state == "waiting":
        text = f"Waiting for {job.ahead} others" if job.ahead else "Waiting for a free worker"
    else:
        text = f"Running: {job.how_far}"
    st.progress(job.fraction, text)

    def stop() -> None:
        mine["stopped"] = True
        job.cancel(me)

    st.button("Cancel", key=f"cancel {me[1]}", icon=":material/cancel:", on_click=stop)
    if live and job.note is not None:
        live(job.note)
