"""Which processes run, for tests that end them."""

import contextlib

import psutil


def runs(pid):
    """Whether a process with this id runs; one that ended and was not waited for does not."""
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end while it is asked
        return psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    return False
