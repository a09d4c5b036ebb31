"""Save a module that ran, and load it into a fresh build: what all checks of checkpoints share.

`prepare` is applied to the module that is saved and not to the one that loads: whatever it did has
to come back out of the state_dict.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from core.check.outputs import same
from core.check.report import Finding
from core.check.subject import Run, Subject

STEPS = "build it, run it, save its state_dict, load that into a new module"


@dataclass
class Saved:
    """A module that ran, and what was saved of it."""

    module: nn.Module
    state: dict[str, Any]
    output: Run  # in evaluation mode
    comparable: str = ""  # why its output cannot be compared with another module's, or ""


@dataclass
class CheckpointResult:
    findings: list[Finding] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)
    saved: Saved | None = None
    loads: bool = False  # and gives the same output


def save(subject: Subject) -> Saved:
    """Run a module as it was built, save it, and run it in evaluation mode."""
    module = subject.fresh(seed=1)
    subject.call(module, seed=3)  # what is drawn here, a later run does not draw again
    state = copy.deepcopy(module.state_dict())
    module.eval()
    output = subject.call(module)
    return Saved(module, state, output, _depends(subject, output))


def _depends(subject: Subject, output: Run) -> str:
    """Why the output in evaluation mode is not one of the inputs and the state alone, or ""."""
    if not output.ok:
        return f"in evaluation mode it fails, {output.outcome}"
    module = subject.fresh(seed=1).eval()
    first = subject.call(module)
    other = subject.call(module, inputs=changed(subject.inputs))
    last = subject.call(module)
    if not (first.ok and last.ok) or not same(first.output, last.output):
        return "the output depends on earlier calls"
    again = subject.call(subject.fresh(seed=1).eval())
    if not again.ok or not same(first.output, again.output):
        return "two modules built with the same random numbers give different outputs"
    del other
    return ""


def changed(value: Any) -> Any:
    """Inputs of the same form with other numbers."""
    if isinstance(value, torch.Tensor):
        if value.is_floating_point() or value.is_complex():
            return value.detach() * 0.5 + 0.25
        return value.flip(-1) if value.dim() else value
    if isinstance(value, dict):
        return {key: changed(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_make"):
        return type(value)(changed(part) for part in value)
    return value


def heir_of(subject: Subject, seed: int = 2) -> nn.Module:
    return subject.fresh(seed=seed, prepared=False)


def loaded(subject: Subject, saved: Saved) -> nn.Module:
    """A fresh build, with other random numbers, that has loaded the state."""
    heir = heir_of(subject)
    heir.load_state_dict(saved.state)
    return heir.eval()


def gives_the_same(subject: Subject, heir: nn.Module, saved: Saved) -> bool:
    """In the first call or in the second, which may find a cache."""
    runs = (subject.call(heir), subject.call(heir))
    return any(run.ok and same(run.output, saved.output.output) for run in runs)
