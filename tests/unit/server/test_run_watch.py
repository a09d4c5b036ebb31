"""A run that does not end is stopped in its time, with a message; all others are left alone."""

import contextlib
import logging
import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from pages.server import internals
from pages.server.run_watch import RunTooLong, RunWatch, bounded

SOON = 0.2  # seconds; the tests wait for events, and not for this


def endless():
    while True:
        time.sleep(0.001)


def test_a_run_that_does_not_end_is_stopped_and_the_log_says_where(caplog):
    caplog.set_level(logging.ERROR)
    with pytest.raises(RunTooLong):
        RunWatch(SOON).call(endless)
    assert "longer than 0.2 s" in caplog.text and "in endless" in caplog.text


def test_a_run_that_catches_all_errors_is_stopped_too():
    def stubborn():
        while True:
            try:
                endless()
            except Exception:
                raise AssertionError("it looked like an error of the run") from None

    with pytest.raises(RunTooLong):
        RunWatch(SOON).call(stubborn)


def test_runs_in_their_time_are_left_alone_however_many_they_are():
    """Ten threads run again and again, all together longer than the limit: none is stopped."""
    watch, stopped, ends = RunWatch(1), [], time.monotonic() + 1.5

    def runs():
        try:
            while time.monotonic() < ends:
                watch.call(lambda: time.sleep(0.001))
        except BaseException as error:
            stopped.append(error)

    threads = [threading.Thread(target=runs) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not stopped and not watch.begun


def test_what_arrives_after_the_end_of_a_run_is_dropped():
    """Runs that end about when their time does: each ends well or is stopped, none leaks."""
    watch = RunWatch(0.1)
    for _ in range(15):
        with contextlib.suppress(RunTooLong):
            watch.call(lambda: time.sleep(0.1))
        for _ in range(1_000):  # a late exception would come here
            pass
    assert not watch.begun


def test_the_watching_thread_ends_when_nothing_runs():
    watch, watchers = RunWatch(SOON), []
    watch.call(lambda: watchers.append(watch.watcher))
    watchers[0].join(5)
    assert not watchers[0].is_alive() and watch.watcher is None


def page():
    import streamlit as st

    if st.toggle("For ever"):
        while True:
            pass
    st.write("It ends.")


def test_a_page_that_does_not_end_says_so_and_works_again(monkeypatch):
    monkeypatch.setattr(
        internals.script_runner, "exec_func_with_error_handling", internals.ORIGINAL_EXECUTE
    )
    watch = RunWatch(60)
    internals.wrap_runs(lambda run: bounded(run, watch))
    app = AppTest.from_function(page, default_timeout=20).run()
    assert not app.toast
    watch.seconds = SOON
    app.toggle[0].set_value(True).run()
    assert "more than 0.2 seconds and was stopped" in app.toast[0].value
    assert not app.exception
    watch.seconds = 60
    app.toggle[0].set_value(False).run()
    assert app.markdown[0].value == "It ends." and not app.toast
