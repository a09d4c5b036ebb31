"""The load-failure lab: two modules that differ, one load_state_dict, and what came of it.

`load_script(loading)` writes the experiment as Python; `run` executes exactly that text.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import nn

from core.code.script import execute
from core.state_dict.loading import FIXES, LoadExperiment, LoadOutcome
from core.state_dict.take_home import load_script
from core.workers.random_state import own_random_numbers


@dataclass(frozen=True)
class TensorChange:
    """A tensor of the target: before and after loading, as (device, dtype).

    loaded: whether it now holds the source's values; None: nobody can say (meta). written: whether
    loading wrote into it or replaced it. A mask that both modules
    built alike has the source's values without being loaded.
    """

    name: str
    before: tuple[str, str]
    after: tuple[str, str]
    loaded: bool | None
    written: bool

    @property
    def holds(self) -> str:
        """Whether it holds the source's values, in words."""
        if self.loaded is None:
            return "cannot be told: it has no values"
        if self.loaded:
            return "yes, loaded" if self.written else "yes, but it was built so, not loaded"
        return "no"


@dataclass(frozen=True)
class LoadResult:
    """What came of a LoadExperiment. Texts are PyTorch's own."""

    loading: LoadExperiment
    script: str
    message: str  # what load_state_dict returned, or the exception's type and text
    raised: bool
    warnings: tuple[str, ...]
    changes: tuple[TensorChange, ...]
    faults: tuple[str, ...]  # what is wrong with the target afterwards, as observed; Markdown

    @property
    def copied_all_the_same(self) -> tuple[str, ...]:
        """The tensors that were loaded before load_state_dict raised."""
        return tuple(c.name for c in self.changes if self.raised and c.written and c.loaded)

    @property
    def outcome(self) -> LoadOutcome:
        if self.raised:
            return LoadOutcome.RAISES
        return LoadOutcome.WRONG if self.faults else LoadOutcome.LOADS


def run(loading: LoadExperiment) -> LoadResult:
    """Execute a LoadExperiment and return what came of it."""
    script = load_script(loading)
    names = script.namespace()
    head, call, tail = split_at_load(script.text)
    with own_random_numbers(), torch.no_grad(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        execute(head, names, script.title)
        before, marks = places(names["target"]), versions(names["target"])
        error = attempt(call, names)
        written = changed_since(marks, names["target"])
        message = text(error) if error else str(names["result"])
        later = None if error else attempt(tail, names)
        if loading.fix == "assign":  # it loads once more
            written |= changed_since(marks, names["target"])
    changes = compare(names["target"], names["source"], before, written)
    faults = [] if error else find_faults(names["device"], changes)
    if later:
        faults.append(f"The forward pass raises. {text(later)}")
    said = [str(w.message) for w in caught if w.category is UserWarning]
    return LoadResult(
        loading, script.text, message, bool(error), tuple(said), changes, tuple(faults)
    )


def split_at_load(source: str) -> tuple[str, str, str]:
    """The lines before load_state_dict, its own, and those after."""
    lines = source.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("result = "))
    return "".join(lines[:at]), lines[at], "".join(lines[at + 1 :])


def attempt(lines: str, names: dict[str, Any]) -> Exception | None:
    """Execute lines; the exception, or None."""
    try:
        execute(lines, names, "The loading")
    except Exception as error:
        return error
    return None


def text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(model.named_parameters()), "mask": cast(torch.Tensor, model.mask)}


def places(model: nn.Module) -> dict[str, tuple[str, str]]:
    """{name: (device, dtype)} of a module's weights and its mask."""
    return {
        name: (str(tensor.device), str(tensor.dtype).removeprefix("torch."))
        for name, tensor in tensors(model).items()
    }


def versions(model: nn.Module) -> dict[str, tuple[torch.Tensor, int]]:
    """{name: (the tensor, how often it was written into)}; PyTorch counts that for autograd."""
    return {name: (tensor, tensor._version) for name, tensor in tensors(model).items()}


def changed_since(marks: Mapping[str, tuple[torch.Tensor, int]], model: nn.Module) -> set[str]:
    """The names of the tensors that were written into or replaced since `versions` was asked."""
    return {
        name
        for name, (tensor, version) in versions(model).items()
        if tensor is not marks[name][0] or version != marks[name][1]
    }


def compare(
    target: nn.Module,
    source: nn.Module,
    before: Mapping[str, tuple[str, str]],
    written: set[str],
) -> tuple[TensorChange, ...]:
    """The TensorChanges of a target."""
    after, theirs, changes = places(target), tensors(source), []
    for name, mine in tensors(target).items():
        same = None
        if mine.device.type != "meta":
            same = mine.shape == theirs[name].shape and torch.equal(
                mine.cpu(), theirs[name].cpu().to(mine.dtype)
            )
        changes.append(TensorChange(name, before[name], after[name], same, name in written))
    return tuple(changes)


def find_faults(device: torch.device, changes: Sequence[TensorChange]) -> list[str]:
    """What is wrong with a target that loaded without an error; one sentence a fault."""
    faults = []
    for change in changes:
        place, dtype = change.after
        if place == "meta":
            faults.append(f"`{change.name}` is still on `meta`: it has no values.")
        elif torch.device(place).type not in (device.type, "meta") and device.type != "meta":
            faults.append(f"`{change.name}` is on `{place}`, but the target was on `{device}`.")
        if dtype != change.before[1]:
            faults.append(f"`{change.name}` is {dtype} now; the target was {change.before[1]}.")
        if change.loaded is False and change.name != "mask":
            faults.append(f"`{change.name}` does not hold the source's values: none were loaded.")
    return faults


def cures(loaded: LoadResult) -> tuple[str, ...]:
    """The names of the fixes that fit a LoadResult and cure it, found by running each."""
    tried = (
        replace(loaded.loading, fix=name)
        for name, fix in FIXES.items()
        if name != "none" and fix.fits(loaded.loading)
    )
    return tuple(loading.fix for loading in tried if run(loading).outcome is LoadOutcome.LOADS)
