"""A case's functions as programs: what is shown, what runs, and what can be taken home."""

import difflib
import inspect
import re
from dataclasses import dataclass
from types import FunctionType

from core.cases import two_processes
from core.cases.case import Case
from core.code.building_blocks import DEVICE
from core.code.script import Script

NAME = "experiment"  # of every function, since its own one may tell how it ends
_STANDARD = ("copy", "io", "warnings")
_TORCH = (
    ("import torch", r"\btorch\."),
    ("import torch.nn.functional as F", r"\bF\."),
    ("from torch import nn", r"(?<![\w.])nn\."),
    ("from torch.nn.parallel import DistributedDataParallel", r"\bDistributedDataParallel\("),
    ("from torch.utils.checkpoint import checkpoint", r"(?<![\w.\"])checkpoint\("),
)


@dataclass(frozen=True)
class DiffLine:
    """A line of a code difference: sign is "-", "+" or " "."""

    sign: str
    text: str


def shown(function: FunctionType) -> str:
    """A function's source, as the page shows it and as it runs: under a name that tells nothing."""
    source = inspect.getsource(function).rstrip() + "\n"
    return source.replace(f"def {function.__name__}(", f"def {NAME}(", 1)


def imports(source: str) -> str:
    """The import lines that a source needs."""
    standard = [f"import {name}" for name in _STANDARD if re.search(rf"\b{name}\.", source)]
    third = [line for line, pattern in _TORCH if re.search(pattern, source)]
    return "\n\n".join("\n".join(lines) for lines in (standard, third) if lines) + "\n\n\n"


def program(function: FunctionType, ranks: int = 1) -> str:
    """A function below its imports, and the call. With two ranks: two processes that call it.

    It needs torch alone; where it calls `register`, the simulated device's source stands above it.
    """
    source = shown(function)
    text = f"{imports(source)}{source}\n\n"
    if ranks == 1:
        return f"{text}{NAME}()\n"
    return two_processes.program(text, NAME)


def needs_device(case: Case) -> bool:
    """Whether the case's code uses the simulated device."""
    return "register()" in shown(case.broken)


def script(case: Case, fixed: bool) -> Script:
    """One side of a case with what it needs: what runs, and what is taken home."""
    function = case.fixed if fixed else case.broken
    title = f"{case.title}: {'the fix' if fixed else 'the failure'}"
    return Script(program(function, case.ranks), (DEVICE,), title)


def difference(case: Case) -> tuple[DiffLine, ...]:
    """What the fix changes, line by line, with all unchanged lines; the names are left out."""
    before, after = (shown(f).splitlines()[1:] for f in (case.broken, case.fixed))
    lines = difflib.ndiff(before, after)
    return tuple(DiffLine(line[0], line[2:]) for line in lines if line[0] != "?")
