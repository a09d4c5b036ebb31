"""A failure case: its story, its code that fails and its code that works, a question, the reasons.

`Seen` is what one run of a case's function showed. A `Choice` carries a test of it, so that what
is marked right can be checked against what happens.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import FunctionType


class Tag(StrEnum):
    """What a case is about."""

    DEVICE = "device"
    DTYPE = "dtype"
    CHECKPOINT = "checkpoint"
    TRAINING = "training"
    EXPORT = "export"
    DISTRIBUTED = "distributed"
    MASK = "mask semantics"
    CACHES = "caches"


@dataclass(frozen=True)
class Failure:
    """What was raised: the exception's type, its message, and the line of the shown code."""

    type: str
    message: str
    line: int | None = None  # counted from 1 in the function's source; None where it is not known
    code: str = ""


@dataclass(frozen=True)
class Seen:
    """One run of a function: the lines that it printed, the warnings, and what it raised."""

    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None

    def value(self, label: str) -> str:
        """What was printed after `label: `, or an empty text."""
        start = f"{label}: "
        return next((line.removeprefix(start) for line in self.lines if line.startswith(start)), "")

    def number(self, label: str) -> float:
        """The first number that was printed after `label: `; nan where there is none."""
        found = re.search(r"-?\d+(\.\d+)?", self.value(label).replace(",", ""))
        return float(found[0]) if found else float("nan")

    def raised(self, part: str) -> bool:
        """Whether an error was raised that has this part in its type or message."""
        return bool(self.failure) and part in f"{self.failure.type}: {self.failure.message}"


@dataclass(frozen=True)
class Choice:
    """An answer to a case's question, the reason that it gets, and a test of what was seen."""

    text: str
    reason: str
    holds: Callable[[Seen], bool] = field(compare=False)


@dataclass(frozen=True)
class Experiment:
    """A lesson where the same can be tried: its page, the settings of its link."""

    page: str
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Case:
    """One failure. `right` is the position of the right choice."""

    slug: str
    title: str
    story: str
    sources: tuple[str, ...]
    tags: tuple[Tag, ...]
    broken: FunctionType
    fixed: FunctionType
    question: str
    choices: tuple[Choice, ...]
    right: int
    why: str
    fix: str
    similar: tuple[str, ...]
    experiment: Experiment
    message: str = ""  # a regular expression for the error of `broken`; none where it is silent
    slow: bool = False  # it takes a second or more, so a worker runs it
    ranks: int = 1  # processes that run the function at once, each with its rank

    @property
    def answer(self) -> Choice:
        return self.choices[self.right]


def works(seen: Seen) -> bool:
    """Whether nothing was raised."""
    return seen.failure is None


def raises(part: str) -> Callable[[Seen], bool]:
    """A test: an error was raised that has this part."""
    return lambda seen: seen.raised(part)


def prints(label: str, *parts: str) -> Callable[[Seen], bool]:
    """A test: after `label: ` one of the parts was printed, as a whole."""
    return lambda seen: seen.value(label) in parts
