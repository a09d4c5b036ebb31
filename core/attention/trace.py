"""One forward pass, observed line by line while it runs, without a second copy of its code.

`trace(model, x)` calls `model(x)` and watches the local variables of its `forward`. Each tensor
that a line creates, or changes in place, is kept as it is at that moment. So the raw attention
scores survive `masked_fill_`, and an error leaves behind all that came before it.

A small tensor is copied at once. A large one on the CPU is copied only when the next line can
change it: when that line calls a method such as `masked_fill_`, assigns to an index, or has `+=`.

Exported scripts contain this file: of ours, it uses module_tensors only.
"""

import dis
import functools
import linecache
import sys
from dataclasses import dataclass, replace
from typing import Any

import torch

from core.attention.tensor_table import module_tensors


@dataclass(frozen=True)
class Stage:
    """A tensor as it was right after one line of forward."""

    name: str  # the local variable that held it
    change: int  # 0 as it was created, 1 after its first change in place, and so on
    line: int  # line number in the file that defines forward
    source: str  # that line
    device: str  # where the tensor was
    tensor: torch.Tensor  # on the CPU, detached; not to be changed


@dataclass(frozen=True)
class ForwardError:
    """The exception that ended a forward pass, and where every tensor was at that moment."""

    type: str
    message: str
    line: int
    source: str
    devices: tuple[tuple[str, str], ...]  # (name, device) of forward's tensors and the module's


@dataclass(frozen=True)
class AttentionTrace:
    """What one call of a module did: its stages in order, and the error if it did not finish."""

    stages: tuple[Stage, ...]
    output: torch.Tensor | None
    error: ForwardError | None

    def get(self, name, change=0):
        """The stage of that name, or None where forward did not come that far."""
        for stage in self.stages:
            if (stage.name, stage.change) == (name, change):
                return stage
        return None


SMALL_NUMEL = 65_536  # a copy of so few costs less than to think about it


@functools.cache
def changing_lines(code):
    """The line numbers of a code object that can change a tensor in place."""
    lines, line = set(), code.co_firstlineno
    for step in dis.get_instructions(code):
        line = step.starts_line or line
        name = str(step.argval)
        method = step.opname in ("LOAD_METHOD", "LOAD_ATTR") and name.endswith("_")
        operator = step.opname == "BINARY_OP" and step.argrepr.endswith("=")
        if method or operator or step.opname == "STORE_SUBSCR":
            lines.add(line)
    return frozenset(lines)


def trace(model, x):
    """Call model(x) without gradients and return its AttentionTrace.

    An exception of the call is kept in the trace, not raised. Only the frame of
    `type(model).forward` is watched, in this thread only.
    """
    code = type(model).forward.__code__
    stages, versions, seen, shared = [], {}, {}, []
    last: dict[str, Any] = {"line": code.co_firstlineno, "locals": {}}

    def keep(frame):
        for name, tensor in frame.f_locals.items():
            if not isinstance(tensor, torch.Tensor):
                continue
            if versions.get(name) != (id(tensor), tensor._version):
                changed = name in versions and versions[name][0] == id(tensor)
                seen[name] = seen.get(name, -1) + 1 if changed else 0
                versions[name] = (id(tensor), tensor._version)
                source = linecache.getline(code.co_filename, last["line"]).strip()
                large_here = tensor.device.type == "cpu" and tensor.numel() > SMALL_NUMEL
                kept = tensor.detach() if large_here else tensor.detach().to("cpu", copy=True)
                if large_here:
                    shared.append(len(stages))
                device = str(tensor.device)
                stages.append(Stage(name, seen[name], last["line"], source, device, kept))

    def copy_shared():
        while shared:
            index = shared.pop()
            stages[index] = replace(stages[index], tensor=stages[index].tensor.clone())

    def watch(frame, event, _):
        if frame.f_code is not code:
            return None
        if event != "exception":
            keep(frame)
            if event == "line" and frame.f_lineno in changing_lines(code):
                copy_shared()
        last["line"], last["locals"] = frame.f_lineno, frame.f_locals
        return watch

    output = error = None
    before = sys.gettrace()
    sys.settrace(watch)
    try:
        with torch.no_grad():
            output = model(x)
    except Exception as exception:
        sys.settrace(before)
        source = linecache.getline(code.co_filename, last["line"]).strip()
        devices = [(n, t) for n, t in last["locals"].items() if isinstance(t, torch.Tensor)]
        devices += [(f"self.{n}", t) for n, t in module_tensors(model).items()]
        places = tuple((name, str(tensor.device)) for name, tensor in devices)
        error = ForwardError(type(exception).__name__, str(exception), last["line"], source, places)
    finally:
        sys.settrace(before)
    observed = AttentionTrace(tuple(stages), output, error)
    stages.clear(), last.clear()  # `watch` and its frame refer to each other, and would keep them
    return observed
