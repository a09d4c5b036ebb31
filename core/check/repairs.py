"""Repairs that are tried on a running module, and the smallest set of them that helps.

A repair is a unit: tensors that one line of a class holds, to be moved by hand, or a line of
`forward` that makes a tensor on the default device.
"""

import contextlib
import functools
import sys
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from core.check.places import TORCH_FOLDER
from core.check.tensors import Held

MOST_RUNS = 60  # in the search for the smallest set


@dataclass(frozen=True, order=True)
class Line:
    """A line of source that ran, and what about it can be repaired."""

    file: str
    number: int
    role: str  # "makes" a tensor on the CPU; "takes" one that came from elsewhere; "numpy"
    function: str  # the PyTorch function that it called


class Watcher(TorchFunctionMode):
    """Sees every PyTorch function that forward calls, and which lines bring in tensors on the CPU.

    device: where the module and its inputs are. repaired: lines whose new tensors are to be made on
    the device. as_cuda: answer `is_cuda` and `.cuda()` as tensors on a GPU would.
    """

    def __init__(self, device: str, repaired: Iterable[Line] = (), as_cuda: bool = False,
                 copies: list | None = None) -> None:  # fmt: skip
        super().__init__()
        self.device, self.repaired, self.as_cuda = device, frozenset(repaired), as_cuda
        self.copies = copies
        self.made: dict[Line, None] = {}  # lines that made a tensor on the CPU, in their order
        self.met: dict[Line, None] = {}  # lines where tensors of two devices met
        self.crossings: dict[Line, int] = {}  # lines that copied to the device: bytes
        self.asked_cuda = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__self__", None) is torch.Tensor.is_cuda or func is torch.Tensor.cuda:
            self.asked_cuda = True
            if self.as_cuda and args[0].device.type == self.device:
                return args[0] if func is torch.Tensor.cuda else True
            if self.as_cuda and func is torch.Tensor.cuda:
                return args[0].to(self.device)
        if func is torch.Tensor.numpy and args[0].device.type == self.device:
            line = _line("numpy", func)
            self.made[line] = None
            return args[0].cpu().numpy() if line in self.repaired else args[0].numpy()
        devices = {tensor.device.type for tensor in _tensors((*args, *kwargs.values()))}
        if len(devices) > 1 and "cpu" in devices and func not in _TAKES_BOTH:
            line = _line("takes", func)
            self.met[line] = None
            if line in self.repaired:
                args, kwargs = self._moved(args), self._moved(kwargs)
        return self._watched(func, args, kwargs, "cpu" in devices)

    def _watched(self, func: Any, args: tuple, kwargs: dict, from_cpu: bool) -> Any:
        before = len(self.copies) if self.copies is not None else 0
        result = func(*args, **kwargs)
        if self.copies is not None and len(self.copies) > before:
            self._crossed(func, self.copies[before:])
        if not from_cpu and isinstance(result, torch.Tensor) and result.device.type == "cpu":
            line = _line("makes", func)
            self.made[line] = None
            if line in self.repaired:
                return result.to(self.device)
        return result

    def _moved(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.to(self.device)
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._moved, value))
        if isinstance(value, dict):
            return {key: self._moved(part) for key, part in value.items()}
        return value

    def _crossed(self, func: Any, copies: list) -> None:
        for copy in copies:
            if copy.direction.startswith("cpu"):
                line = _line("copies", func)
                self.crossings[line] = self.crossings.get(line, 0) + copy.nbytes


_TAKES_BOTH = (torch.Tensor.copy_, torch.Tensor.to, torch.Tensor.type_as)  # which may take both


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


@functools.cache
def _of_pytorch(file: str) -> bool:
    return file.startswith((TORCH_FOLDER, "<frozen"))


def _line(role: str, func: Any) -> Line:
    """The line outside PyTorch that is running."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code in _WATCHING or _of_pytorch(frame.f_code.co_filename)
    ):
        frame = frame.f_back
    name = getattr(func, "__name__", str(func))
    return Line(frame.f_code.co_filename, frame.f_lineno, role, name)


_WATCHING = {f.__code__ for f in (Watcher.__torch_function__, Watcher._watched, Watcher._crossed)}


# --------------------------------------------------------------- moving by hand


def on_cpu(held: Iterable[Held]) -> list[Held]:
    """Those that are on the CPU and have numbers."""
    return [h for h in held if h.tensor.device.type == "cpu" and h.tensor.numel()]


@contextlib.contextmanager
def moved_by_hand(held: Iterable[Held], device: str) -> Generator[None]:
    """Hold copies on the device in place of these tensors; put the tensors back at the end."""
    puts = [(h, h.put) for h in held if h.put is not None]
    for h, put in puts:
        put(_like(h.tensor, h.tensor.detach().to(device)))
    try:
        yield
    finally:
        for h, put in puts:
            put(h.tensor)


def _like(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    if isinstance(old, torch.nn.Parameter):
        return torch.nn.Parameter(new, old.requires_grad)
    return new


# --------------------------------------------------------------- the smallest set


def smallest(units: Iterable[Hashable], works: Callable[[frozenset], bool]) -> frozenset | None:
    """The units without which it does not work, of a set with which it does; None where it fails.

    Takes away one unit after another; with many units, first half of them at a time.
    """
    rest = list(dict.fromkeys(units))
    if not works(frozenset(rest)):
        return None
    runs, step = 0, max(1, len(rest) // 2)
    while step:
        start = 0
        while start < len(rest) and runs < MOST_RUNS:
            without = rest[:start] + rest[start + step :]
            runs += 1
            if works(frozenset(without)):
                rest = without
            else:
                start += step
        step //= 2
    return frozenset(rest)
