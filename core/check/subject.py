"""The module under test: built anew for every run, called on copies of the inputs.

Nothing that a caller holds is changed: not the given module, not the inputs, not the state of the
random number generators of Python, NumPy and PyTorch.
"""

import contextlib
import copy
import io
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MAX_SECONDS = 120  # for one call of check, where the system has an alarm clock


class CannotCheck(Exception):
    """There is nothing to check: the message says why, and the way out."""


class TookTooLong(BaseException):
    """The time for one call of `check` is over. No `except Exception` of a module catches it."""


@dataclass(frozen=True, eq=False)
class Run:
    """One call of a module: its output, or the exception that ended it."""

    output: Any = None
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def outcome(self) -> str:
        return "it runs" if self.error is None else in_words(self.error)


def in_words(error: BaseException, most: int = 300) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    text = text if len(text) <= most else text[:most] + " …"
    return f"{type(error).__name__}: {text}"


class Subject:
    """A builder with its inputs."""

    def __init__(
        self, build: Callable[[], nn.Module], inputs: tuple, prepare: Callable | None = None
    ) -> None:
        if isinstance(build, nn.Module):
            raise CannotCheck(
                f"`build` is a module, {type(build).__name__}, but a function that builds one is "
                "needed, since every run takes a fresh one: write `lambda: MyModule(…)`."
            )
        if not callable(build):
            raise CannotCheck(
                f"`build` is {type(build).__name__}, but a function without arguments is needed "
                "that returns a module: write `lambda: MyModule(…)`."
            )
        self.build, self.inputs, self.prepare = build, inputs, prepare
        self.printed = 0  # characters that the module wrote to standard output
        self.needs_grad = False  # where forward fails under no_grad
        self.original: nn.Module | None = None  # where build hands out one module again and again
        first = self._built(0)
        if shares_storage(first, self._built(0)):
            self.original = first
            self._copied()

    def _built(self, seed: int) -> nn.Module:
        try:
            with self._quietly(seed):
                module = self.build()
        except Exception as error:
            raise CannotCheck(
                f"The builder failed, before anything could be checked. {in_words(error)}. "
                "Call it alone first, and pass what works."
            ) from error
        if not isinstance(module, nn.Module):
            raise CannotCheck(
                f"The builder returned {type(module).__name__}, but a torch.nn.Module is needed."
            )
        return module

    def _copied(self) -> nn.Module:
        assert self.original is not None
        try:
            return copy.deepcopy(self.original)
        except Exception as error:
            raise CannotCheck(
                "The builder returns modules that share their tensors, and such a module cannot be "
                f"copied ({in_words(error)}). Let the builder construct a new one at each call."
            ) from error

    def fresh(self, seed: int = 0, prepared: bool = True) -> nn.Module:
        """A module that nobody used before. Equal seeds give equal random numbers."""
        module = self._copied() if self.original is not None else self._built(seed)
        if prepared and self.prepare is not None:
            try:
                with self._quietly(seed):
                    self.prepare(module)
            except Exception as error:
                raise CannotCheck(
                    f"`prepare` failed on a fresh module. {in_words(error)}. It is called with the "
                    "module as its only argument, and changes it in place."
                ) from error
        return module

    def call(self, module: nn.Module, device: str = "cpu", dtype: torch.dtype | None = None,
             inputs: tuple | None = None, seed: int = 0) -> Run:  # fmt: skip
        """Call a module on copies of the inputs, on a device, floating point cast to dtype."""
        inputs = self.inputs if inputs is None else inputs
        try:
            with self._quietly(seed), torch.set_grad_enabled(self.needs_grad):
                return Run(output=module(*copied(inputs, device, dtype)))
        except Exception as error:
            return Run(error=error)

    @contextlib.contextmanager
    def _quietly(self, seed: int) -> Generator[None]:
        """With random numbers of a seed, and nothing printed."""
        text = io.StringIO()
        with seeded(seed), warnings.catch_warnings(), contextlib.redirect_stdout(text):
            warnings.simplefilter("ignore")
            try:
                yield
            finally:
                self.printed += len(text.getvalue())


@contextlib.contextmanager
def seeded(seed: int) -> Generator[None]:
    """Seed the generators of Python, NumPy (where loaded) and PyTorch; set them back after."""
    numpy = sys.modules.get("numpy")
    before = random.getstate(), torch.get_rng_state(), numpy and numpy.random.get_state()
    random.seed(seed)
    torch.manual_seed(seed)
    if numpy:
        numpy.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        torch.set_rng_state(before[1])
        if numpy:
            numpy.random.set_state(before[2])


def shares_storage(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules are one, or have a parameter or buffer in the same memory."""
    return one is other or bool(_addresses(one) & _addresses(other))


def _addresses(module: nn.Module) -> set[int]:
    tensors = [*module.parameters(), *module.buffers()]
    usable = [t for t in tensors if type(t) in (torch.Tensor, nn.Parameter) and t.numel()]
    return {t.untyped_storage().data_ptr() for t in usable if t.device.type == "cpu"}


def copied(value: Any, device: str = "cpu", dtype: torch.dtype | None = None) -> Any:
    """A copy of inputs, of which tensors are on the device, floating point in dtype."""
    if isinstance(value, torch.Tensor):
        floating = dtype is not None and value.is_floating_point()
        new = value.detach().clone().to(device=device, dtype=dtype if floating else None)
        return new.requires_grad_(value.requires_grad and new.is_floating_point())
    if isinstance(value, Mapping) and type(value).__init__ is dict.__init__:
        return type(value)((k, copied(v, device, dtype)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        parts = [copied(part, device, dtype) for part in value]
        return type(value)._make(parts) if hasattr(value, "_make") else type(value)(parts)
    if callable(getattr(value, "to", None)) and not isinstance(value, type):
        return copy.deepcopy(value).to(device)
    return copy.deepcopy(value)


@contextlib.contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Raise TookTooLong in the main thread after so many seconds, where there is an alarm clock."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer") or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def ring(number: int, frame: Any) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
