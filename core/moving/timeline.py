"""A timeline: a module, built and then changed step by step, with a ledger of where tensors are.

Each step is a line or two of Python. `run_timeline` executes all of them as one script, and after
each step writes down the device and dtype of every tensor. A step that raises ends the timeline
with the real exception.
"""

import linecache
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from core.attention import causal_attention, mask_variants
from core.attention.outcome import Outcome, outcome_of
from core.attention.tensor_table import dtype_name, module_tensors, tensor_kind
from core.code.script import Script, execute
from core.moving.steps import STEPS, Step, Timeline
from core.moving.take_home import setup, timeline_script
from core.workers.random_state import own_random_numbers


@dataclass(frozen=True)
class Place:
    """Where a tensor was after a step, what it was, and how the module held it."""

    device: str
    dtype: str
    kind: str  # a TensorKind, or "input" or "output"


@dataclass(frozen=True)
class Column:
    """One step as it went: its lines, and every tensor's Place afterwards."""

    label: str
    source: str
    ledger: dict[str, Place]


@dataclass(frozen=True)
class StepError:
    """The exception that ended a timeline."""

    type: str
    message: str
    line: str  # the line of the module, or of the step, that raised it


@dataclass(frozen=True)
class TimelineResult:
    """What came out of a Timeline: a column for each step that was reached."""

    timeline: Timeline
    columns: tuple[Column, ...]
    error: StepError | None

    @property
    def outcome(self) -> Outcome:
        """Read off the exception that came or did not come."""
        return outcome_of(self.error)


MADE = {"x": "input", "output": "output"}  # by a forward step


def places(model: nn.Module, others: Mapping[str, torch.Tensor]) -> dict[str, Place]:
    """{tensor's name: Place} of a module, and of the others, whose names are those of MADE."""
    found = {
        name: place(tensor, tensor_kind(model, name))
        for name, tensor in module_tensors(model).items()
    }
    return found | {name: place(tensor, MADE[name]) for name, tensor in others.items()}


def place(tensor: torch.Tensor, kind: str) -> Place:
    return Place(str(tensor.device), dtype_name(tensor.dtype), kind)


def run_timeline(timeline: Timeline) -> TimelineResult:
    """Execute timeline_script(timeline), and write a Column where it says `show`."""
    script = timeline_script(timeline)
    columns: list[Column] = []
    error = None
    steps = [Step("construct", "construct", setup(timeline)), *(STEPS[n] for n in timeline.steps)]

    def show(label: str, model: nn.Module, **others: torch.Tensor) -> None:
        step = steps[len(columns)]
        columns.append(Column(step.label, step.source, places(model, others)))
        names.pop("x", None), names.pop("output", None)  # what is there next, the next step made

    names = script.namespace(show=show)
    with own_random_numbers(), torch.no_grad():
        try:
            execute(script.text, names, script.title)
        except Exception as exception:
            error = step_error(exception, script)
            show("", names["model"], **{name: names[name] for name in MADE if name in names})
    return TimelineResult(timeline, tuple(columns), error)


def step_error(exception: Exception, script: Script) -> StepError:
    """The exception with the line of our module that raised it, or else the script's own line."""
    line = ""
    for frame, number in traceback.walk_tb(exception.__traceback__):
        file = frame.f_code.co_filename
        if file in (causal_attention.__file__, mask_variants.__file__):
            line = linecache.getline(file, number).strip()
        elif file == f"<{script.title}>":
            line = script.text.splitlines()[number - 1]
    return StepError(type(exception).__name__, str(exception), line)
