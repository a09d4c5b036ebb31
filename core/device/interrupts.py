"""Neither an exception of a hook nor Ctrl-C aborts a process that uses `sim`.

PyTorch asks our device guard for its type in functions that may not raise. Before it calls the
answer, pybind11 runs pending signal handlers (get_type_override, through PyObject_Str), so Ctrl-C
would raise there. In place of Python's own handler stands one that waits in that moment.

While an exception of a hook is pending, PyTorch's engine restores its streams
(torch/csrc/autograd/engine.cpp, `parent_stream_guard`), and asks the guard again. There a function
in Python has to put the exception aside, and so has the handler of Ctrl-C, which may come first.
Ctrl-C waits until backward() is over.
"""

import _thread
import contextlib
import functools
import importlib
import operator
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any

import torch
from torch._C._autograd import DeviceType

from core.device.backend_module import _ASKED, _CALLED
from core.device.memory import _CPU, _NAME, _shared

_LOCK = threading.Lock()
_HANDLERS: Any = importlib.import_module("_signal")  # what `signal` wraps; asked at every op


def _type_while_an_exception_is_pending(guard: Any) -> Any:
    try:
        for _ in {}:  # the end of a loop lets a pending exception surface
            pass
    except BaseException as error:
        _shared().pending.error = error
    return DeviceType.PrivateUse1


def _in_the_guard() -> bool:
    return operator.length_hint(_ASKED) != operator.length_hint(_CALLED)


def _interrupt(number: int, frame: Any) -> None:
    """Python's handler of Ctrl-C, but where that would abort the process: there it comes again,
    from a thread that has to wait for this one."""
    try:
        for _ in {}:  # as above: PyTorch may ask while an exception of a hook is pending
            pass
    except BaseException as error:
        _shared().pending.error = error
    if _in_the_guard() or getattr(_shared().pending, "passes", 0):
        _thread.start_new_thread(signal.raise_signal, (number,))
    else:
        signal.default_int_handler(number, frame)


def _guard_interrupts() -> None:
    """Put `_interrupt` in the place of Python's own handler, if that is in charge (a notebook puts
    it back for every cell)."""
    ours = _HANDLERS.getsignal(_HANDLERS.SIGINT) is not _HANDLERS.default_int_handler
    if not ours and threading.current_thread() is threading.main_thread():
        _HANDLERS.signal(_HANDLERS.SIGINT, _interrupt)


@contextlib.contextmanager
def _exceptions_may_be_pending() -> Generator[None, None, None]:
    """Counts the backward passes of all threads; with the last one the safe answer comes back."""
    shared = _shared()
    shared.pending.passes = getattr(shared.pending, "passes", 0) + 1
    with _LOCK:
        shared.passes += 1
        type(shared.guard).type_ = _type_while_an_exception_is_pending
    try:
        yield
    finally:
        with _LOCK:
            shared.passes -= 1
            if not shared.passes:
                type(shared.guard).type_ = shared.type_
        shared.pending.passes -= 1


def _backward_in_the_calling_thread(run: Callable) -> Callable:
    @functools.wraps(run)
    def run_here(roots: Any, *args: Any, **kwargs: Any) -> Any:
        devices = {getattr(root, "device", _CPU).type for root in roots}
        if not hasattr(torch, _NAME):
            return run(roots, *args, **kwargs)
        threads = bool(devices - {"cpu", _NAME}) and torch._C._is_multithreading_enabled()
        with torch.autograd.set_multithreading_enabled(threads), _exceptions_may_be_pending():
            try:
                return run(roots, *args, **kwargs)
            except SystemError:  # "returned NULL without setting an exception"
                error = _shared().pending.__dict__.pop("error", None)
                if error is None:
                    raise
                raise error from None

    return run_here
