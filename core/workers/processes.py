"""Processes and memory, on every system: what Linux, macOS and Windows name differently.

psutil knows each system's own way. Nothing else in core or pages asks the system directly.
"""

import contextlib
import subprocess

import psutil

NICENESS = 10  # of 19: the share of the processor that a worker of ours gives way with


def kill_tree(process: psutil.Process) -> None:
    """End a process and all that it started. It starts no more meanwhile: it is stopped first."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.suspend()
        for one in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def kill(process: subprocess.Popen[bytes]) -> int:
    """End a process of ours with all that it started; on return it is gone. Its exit status."""
    if process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            kill_tree(psutil.Process(process.pid))
    return process.wait()


def close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Give back the pipes to a process that is gone. Only the thread that talked to it may."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):  # the rest of a task that it did not take
                pipe.close()


def kill_children() -> None:
    """End all processes that this one started, and what these started."""
    for child in psutil.Process().children():
        kill_tree(child)


def lower_priority() -> None:
    """Let the other processes of this machine go first. What the system refuses stays as it is."""
    lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if psutil.WINDOWS else NICENESS
    with contextlib.suppress(psutil.AccessDenied):
        psutil.Process().nice(lower)


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    return psutil.virtual_memory().available
