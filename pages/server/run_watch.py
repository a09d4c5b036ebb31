"""A bound on the time that one run of a page may take in the server.

What takes seconds is done by worker processes, which have a bound of their own. This one is for
what nobody thought of: a run that does not end would keep its visitor waiting for ever, and others
up to a second at each of their runs.
"""

import ctypes
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

LOOK_SECONDS = 1.0  # between two looks at the runs that go on, at most
LOG = logging.getLogger(__name__)


class RunTooLong(StopException):
    """Raised in the thread of a run that is over its time; Streamlit's own way to stop a run."""


class RunWatch:
    """Watches runs from a thread of its own, and stops those that take longer than `seconds`.

    A run is stopped between two steps of Python. One that stays within a single call of C goes on,
    and the log says where it is.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.lock = threading.Lock()
        self.begun: dict[int, float] = {}  # thread -> time.monotonic() of its run's start
        self.watcher: threading.Thread | None = None

    def call(self, run: Callable[[], None]) -> None:
        """Call run(), and raise RunTooLong in it when its time is over."""
        thread = threading.get_ident()
        self._begin(thread)
        try:
            run()
        finally:
            try:
                self._end(thread)
            except RunTooLong:  # it came when the run was over already
                self._end(thread)

    def _begin(self, thread: int) -> None:
        with self.lock:
            self.begun[thread] = time.monotonic()
            if self.watcher is None:
                self.watcher = threading.Thread(target=self._look, daemon=True, name="run watch")
                self.watcher.start()

    def _end(self, thread: int) -> None:
        with self.lock:
            self.begun.pop(thread, None)
        for _ in range(2):  # Python raises at the end of a turn what the watcher sent before this
            pass

    def _look(self) -> None:
        while True:
            time.sleep(min(LOOK_SECONDS, self.seconds / 4))
            with self.lock:
                if not self.begun:
                    self.watcher = None
                    return
                late = time.monotonic() - self.seconds
                for thread in [one for one, begun in self.begun.items() if begun < late]:
                    self._stop(thread)

    def _stop(self, thread: int) -> None:
        self.begun[thread] = time.monotonic()  # it is told again if it does not stop
        frame = sys._current_frames().get(thread)
        where = "".join(traceback.format_stack(frame)) if frame else "nowhere"
        LOG.error("A page's run took longer than %g s and is stopped. It was at\n%s",
                  self.seconds, where)  # fmt: skip
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread), ctypes.py_object(RunTooLong)
        )


def bounded(run: Callable[[], None], watch: RunWatch) -> Callable[[], None]:
    """A page's or a fragment's run that ends with a message when its time is over."""

    def run_in_time() -> None:
        try:
            watch.call(run)
        except RunTooLong:
            st.toast(
                f"This page worked for more than {watch.seconds:g} seconds and was stopped. The "
                "fault is ours. Nothing you entered is lost: it is in the link. Change the last "
                "control back, or reload the page.",
                icon=":material/timer_off:",
                duration="infinite",
            )

    return run_in_time
