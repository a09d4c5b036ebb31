"""Checkpoints: save, read and load those made here, `inspect` and `compare` those of strangers.

data = save(model.state_dict(), "safetensors")          # bytes, never a file
contents = inspect(data, "model.safetensors")           # a table; nothing in the file runs
load(model, read_state(data)).message                   # "<All keys matched successfully>"
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from core.checkpoint.bundled import bundled
from core.checkpoint.comparing import Cast, Differences, Mismatch, compare
from core.checkpoint.contents import LIMITS, Contents, Entry, Limits, Refusal
from core.checkpoint.formats import read_state, save
from core.checkpoint.reader import inspect

__all__ = [
    "LIMITS",
    "Cast",
    "Contents",
    "Differences",
    "Entry",
    "Limits",
    "LoadOutcome",
    "Mismatch",
    "Refusal",
    "bundled",
    "compare",
    "inspect",
    "load",
    "look_inside",
    "read_state",
    "save",
]


def look_inside(report: Callable[..., object] | None, data: bytes, name: str) -> Contents | Refusal:
    """`inspect` as a worker's job: a refusal is returned, also for what nobody foresaw."""
    try:
        return inspect(data, name)
    except Refusal as refusal:
        return refusal
    except MemoryError:
        raise
    except Exception as error:  # a stranger's file: what it says stays out of the log
        where = "".join(traceback.format_tb(error.__traceback__))
        logging.getLogger(__name__).error("inspect: %s\n%s", type(error).__name__, where)
        return Refusal(
            "It is broken in a way that was not foreseen here. Save it again, or look at it on "
            "your own machine."
        )


@dataclass(frozen=True)
class LoadOutcome:
    """What load_state_dict said."""

    ok: bool
    message: str  # PyTorch's own text: what it returned, printed, or the text of its error
    missing_keys: tuple[str, ...]  # the module has them, the state does not
    unexpected_keys: tuple[str, ...]  # the state has them, the module does not
    error_type: str | None  # "RuntimeError"


def load(
    module: nn.Module, state: Mapping[str, Any], *, strict: bool = True, assign: bool = False
) -> LoadOutcome:
    """Run module.load_state_dict(state) and say what came of it; PyTorch's refusal is an outcome.

    A refusal too has changed the module: PyTorch copies what fits before it raises. TypeError if
    `state` is no mapping.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"state is {type(state).__name__}, but it must map keys to tensors.")
    expected = tuple(module.state_dict())  # before: assign may replace what is in the module
    try:
        result = module.load_state_dict(state, strict=strict, assign=assign)
    except RuntimeError as error:
        missing = tuple(key for key in expected if key not in state)
        unexpected = tuple(key for key in state if key not in expected)
        return LoadOutcome(False, str(error), missing, unexpected, type(error).__name__)
    return LoadOutcome(
        True, repr(result), tuple(result.missing_keys), tuple(result.unexpected_keys), None
    )
