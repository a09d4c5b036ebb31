"""Runs a case: the code that fails and the code that works, and what each showed."""

import functools
import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from core.cases.case import Case, Failure, Seen
from core.cases.catalogue import CASES
from core.cases.program import script, shown
from core.workers.random_state import own_random_numbers

FILE = "<the case>"


@dataclass(frozen=True)
class Outcome:
    """What the code that fails showed, and what its fix showed."""

    broken: Seen
    fixed: Seen


def observe(case: Case) -> Outcome:
    """Run both functions of a case, as programs, in this process."""
    return Outcome(run(case, fixed=False), run(case, fixed=True))


def run(case: Case, fixed: bool) -> Seen:
    """Execute one side of a case (core.cases.program) and return what was seen.

    The failure's line is counted in the function's source.
    """
    program = script(case, fixed)
    text = program.text
    seen, _ = execute(text, program.namespace())
    source, failure = shown(case.fixed if fixed else case.broken), seen.failure
    if failure is None or failure.line is None:
        return seen
    if source not in text:  # it is inside a program that the text starts
        return replace(seen, failure=replace(failure, line=None, code=""))
    above = text[: text.index(source)].count("\n")
    return replace(seen, failure=replace(failure, line=failure.line - above))


def execute(text: str, given: dict[str, Any]) -> tuple[Seen, dict[str, Any]]:
    """Execute a program that finds the given names: what was seen, and its names afterwards.

    Random numbers inside are its own. `print` collects here what it would write elsewhere.
    """
    lines: list[str] = []

    def collect(*values: Any, sep: str = " ", end: str = "\n") -> None:
        lines.extend((sep.join(map(str, values)) + end).splitlines())

    names = given | {"__name__": "case", "print": collect}
    failure = None
    always = torch.is_warn_always_enabled()
    with own_random_numbers(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.set_warn_always(True)  # else PyTorch gives some warnings once in a process
        try:
            exec(compile(text, FILE, "exec"), names)
        except Exception as error:
            failure = describe_seen(error, text)
        finally:
            torch.set_warn_always(always)
    said = (str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning))
    warned = tuple(text.partition(" (Triggered")[0] for text in said)
    return Seen(tuple(lines), warned, failure), names


def describe_seen(error: Exception, text: str) -> Failure:
    """The Failure of an exception that a program raised, with the program's line."""
    if isinstance(error, SyntaxError):
        at, message = error.lineno, error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        at = next((f.lineno for f in reversed(frames) if f.filename == FILE), None)
        message = re.sub(r"\x1b\[\d*m", "", str(error))  # colours for terminals
    lines = text.splitlines()
    code = lines[at - 1].strip() if at and at <= len(lines) else ""
    return Failure(type(error).__name__, message, at, code)


def observe_in_worker(report: Callable, slug: str) -> Outcome:
    """The same as a job of core.workers.pool: a case by its slug."""
    case = CASES[slug]
    report(0.05, "The code that fails")
    broken = run(case, fixed=False)
    report(0.5, "The fix")
    return Outcome(broken, run(case, fixed=True))


@functools.lru_cache(64)
def kept_outcome(slug: str) -> Outcome:
    """observe, once for all visitors: a case has no settings, so its outcome is one."""
    return observe(CASES[slug])
