"""The modules that the page checks, each as a Script: what runs is what can be taken home."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from core.check import example_modules, torch_modules
from core.check.example_modules import FiveTensors
from core.check.examples import EXAMPLES
from core.check.report import Report
from core.check.single_file import CHECKER
from core.check.torch_modules import TORCH_MODULES
from core.code.script import Needs, Script

MODULES = (*EXAMPLES, *TORCH_MODULES)  # names of what the page can check
PREDICTED = FiveTensors.__name__  # the module that the page asks about
TORCH = "a module of PyTorch"
LEFT_BEHIND = "left_behind"


def script(name: str) -> Script:
    """What checks one of MODULES, and prints the report."""
    if name in EXAMPLES:
        text = (
            "import torch\n\n"
            f"x = torch.randn({EXAMPLES[name].shape}, generator=torch.Generator().manual_seed(7))\n"
            f"report = check({name}, x)\n"
        )
        modules = Needs("The module", (example_modules,), "what is used", shown_first=True)
    else:
        text = f"build, inputs = TORCH_MODULES[{name!r}]\nreport = check(build, *inputs())\n"
        modules = Needs("Modules of torch.nn", (torch_modules,), "what is used")
    return Script(text, (CHECKER, modules), "The check", report="print(report.text())\n")


@functools.cache
def source(name: str) -> str:
    """The source of one of the example modules, or "" of torch's."""
    return inspect.getsource(EXAMPLES[name].build) if name in EXAMPLES else ""


@functools.cache
def line_of(name: str, where: str) -> str:
    """The line of a shipped module's source at "file.py:12", or "" where it is not in there."""
    if name not in EXAMPLES or not where:
        return ""
    lines, first = inspect.getsourcelines(EXAMPLES[name].build)
    number = int(where.rpartition(":")[2]) - first
    return lines[number].strip() if 0 <= number < len(lines) else ""


def check_shipped(report: Callable[..., None], name: str) -> Report:
    """Check one of MODULES. A job of a worker."""
    if name not in MODULES:
        raise ValueError(f"`{name[:40]}` is not one of the modules that are shipped.")
    return script(name).run()["report"]


@dataclass(frozen=True)
class Fate:
    """What `.to()` did to one of the tensors that the page asks about."""

    tensor: str
    held: str  # in words
    left_behind: bool
    reason: str


_HELD = {  # path: (how it is held, why it moves or stays)
    "scale": ("`nn.Parameter`", "`.to()` moves every parameter."),
    "offset": ("`register_buffer`", "`.to()` moves every buffer."),
    "table": ("a plain attribute", "It was only assigned, so it is no parameter and no buffer."),
    "shifts[0]": ("in a list", "`.to()` does not look into lists."),
    "flip.<closure sign>": (
        "a variable that a function uses",
        "`.to()` does not look into functions.",
    ),
}
TENSORS = tuple(_HELD)


def fates(report: Report) -> tuple[Fate, ...]:
    """What became of TENSORS, from the report on the module PREDICTED."""
    behind = {name for f in report.findings if f.kind == LEFT_BEHIND for name in f.names}
    return tuple(Fate(name, *_fate(name, name in behind)) for name in TENSORS)


def _fate(name: str, behind: bool) -> tuple[str, bool, str]:
    held, reason = _HELD[name]
    return held, behind, reason
