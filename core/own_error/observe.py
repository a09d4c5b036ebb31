"""Runs a kind's smallest example and its corrected form, and keeps what was seen."""

import functools
import inspect
import re
import traceback
import warnings
from dataclasses import dataclass
from types import FunctionType

from core.code.building_blocks import DEVICE
from core.code.script import Needs, Script
from core.own_error import examples_device, examples_loading, examples_modules
from core.own_error.catalogue import KINDS
from core.workers.random_state import own_random_numbers

EXAMPLES = (examples_device, examples_loading, examples_modules)


@dataclass(frozen=True)
class Seen:
    """What an example raised, as a traceback in its own lines, and that of its corrected form.

    An empty text: it raised nothing.
    """

    fails: str
    works: str


def script(slug: str) -> Script:
    """The Script of a kind's example and its corrected form, to take home."""
    kind = KINDS[slug]
    fails, works = function_of(slug), function_of(slug, works=True)
    needs = Needs(kind.title, EXAMPLES, "what is used", shown_first=True)
    return Script(
        f"try:\n    {fails.__name__}()\nexcept Exception as error:\n"
        '    print(f"{type(error).__name__}: {error}")\n'
        f'{works.__name__}()\nprint("The corrected form ran without an error.")\n',
        (DEVICE, needs),
        "Both forms",
    )


def function_of(slug: str, works: bool = False) -> FunctionType:
    """The function of a kind's example, or of its corrected form."""
    function = KINDS[slug].works if works else KINDS[slug].fails
    assert function
    return function


def shown(slug: str, works: bool = False) -> str:
    """The source of the example, or of its corrected form."""
    return inspect.getsource(function_of(slug, works)).rstrip()


@functools.lru_cache(64)
def observe(slug: str) -> Seen:
    """Run both forms of a kind's example, once for all visitors: they have no settings."""
    return Seen(raised(slug, works=False), raised(slug, works=True))


def raised(slug: str, works: bool) -> str:
    """The traceback of what running an example raises, or an empty text."""
    with own_random_numbers(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function_of(slug, works)()
        except Exception as error:
            return as_traceback(error, shown(slug, works))
    return ""


def as_traceback(error: Exception, code: str) -> str:
    """An exception with those of its frames that are lines of the code shown, numbered there."""
    lines = [line.strip() for line in code.split("\n")]
    text = "Traceback (most recent call last):\n"
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in (module.__file__ for module in EXAMPLES) and frame.line in lines:
            at = len(lines) - lines[::-1].index(frame.line)  # from 1; the last, where it repeats
            text += f'  File "example.py", line {at}, in {frame.name}\n    {frame.line}\n'
    return re.sub(r"\x1b\[\d*m", "", f"{text}{type(error).__name__}: {error}")  # no colours
