"""A kind of error: how its text is recognised, why it is raised, what fixes it, where to try it."""

from dataclasses import dataclass
from enum import StrEnum
from types import FunctionType


class Cause(StrEnum):
    """The families of causes; the values are what a learner guesses from, and stand in links."""

    DEVICES = "tensors on two devices"
    DTYPES = "two dtypes"
    KEYS = "other keys or shapes in the file"
    FILE = "the file itself"
    REGISTERED = "how it was registered"
    NO_VALUES = "a tensor without values"
    GRAPH = "autograd's graph"


@dataclass(frozen=True)
class Kind:
    """One kind of error.

    patterns: regular expressions, looked for in the text with its whitespace made single spaces.
    Every repetition in them is bounded, so that no text is slow. Their named groups are facts,
    whose labels are in core.own_error.read. besides: one that has to be found somewhere too.
    fails and works: the smallest example and its corrected form, functions that are shown and run;
    none where it takes more than one process.
    """

    slug: str
    cause: Cause
    title: str
    patterns: tuple[str, ...]
    why: str
    fix: str
    page: str
    link: tuple[tuple[str, str], ...] = ()
    fails: FunctionType | None = None
    works: FunctionType | None = None
    besides: str = ""
