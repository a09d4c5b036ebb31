"""One forward pass, observed line by line while it runs, without a second copy of its code.

`trace(model, x)` calls `model(x)` and watches the local variables of its `forward`. Each tensor
that a line creates, or changes in place, is copied to the CPU at that moment. So the raw
attention scores survive `masked_fill_`, and an error leaves behind all that came before it.

The file stands on its own (torch and the standard library), since exported scripts contain it.
"""

import linecache
import sys
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Stage:
    """A tensor as it was right after one line of forward."""

    name: str  # the local variable that held it
    change: int  # 0 as it was created, 1 after its first change in place, and so on
    line: int  # line number in the file that defines forward
    source: str  # that line
    device: str  # where the tensor was
    tensor: torch.Tensor  # a copy on the CPU, detached


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


def trace(model, x):
    """Call model(x) without gradients and return its AttentionTrace.

    An exception of the call is kept in the trace, not raised. Only the frame of
    `type(model).forward` is watched, in this thread only.
    """
    code = type(model).forward.__code__
    stages, versions, seen = [], {}, {}
    last = {"line": code.co_firstlineno, "locals": {}}

    def keep(frame):
        for name, tensor in frame.f_locals.items():
            if not isinstance(tensor, torch.Tensor):
                continue
            if versions.get(name) != (id(tensor), tensor._version):
                changed = name in versions and versions[name][0] == id(tensor)
                seen[name] = seen.get(name, -1) + 1 if changed else 0
                versions[name] = (id(tensor), tensor._version)
                source = linecache.getline(code.co_filename, last["line"]).strip()
                copy = tensor.detach().to("cpu", copy=True)
                device = str(tensor.device)
                stages.append(Stage(name, seen[name], last["line"], source, device, copy))

    def watch(frame, event, _):
        if frame.f_code is not code:
            return None
        if event != "exception":
            keep(frame)
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
    return AttentionTrace(tuple(stages), output, error)


def module_tensors(model):
    """Every tensor of a module by its dotted name: parameters, buffers, plain attributes, and what
    a plain list holds, as in `masks[0]`."""
    tensors = {}
    for path, module in model.named_modules():
        prefix = f"{path}." if path else ""
        for name, value in {**vars(module), **module._buffers, **module._parameters}.items():
            if isinstance(value, torch.Tensor):
                tensors[prefix + name] = value
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, torch.Tensor):
                        tensors[f"{prefix}{name}[{index}]"] = item
    return tensors
