"""The settings of the lesson on moving devices, and its two questions."""

from dataclasses import dataclass
from typing import Any

from core.moving.copies import CONTEXT_LENGTHS
from core.moving.steps import MAX_STEPS, PRESETS, STARTS, STEPS, check_steps
from core.settings.declared import catalogue
from core.settings.outcome_question import outcome_prediction
from core.settings.prediction import PREDICT, prediction
from core.settings.setting import Choice, SettingError, Switch, Text


@dataclass(frozen=True)
class Steps(Text):
    """Steps by name, separated by dots."""

    @property
    def limit(self) -> str:
        names = ", ".join(f"`{name}`" for name in STEPS)
        return f"at most {MAX_STEPS} steps separated by dots, each one of {names}"

    def accepts(self, value: Any) -> bool:
        try:
            return super().accepts(value) and check_steps(split_steps(value)) is not None
        except SettingError:
            return False


def split_steps(text: str) -> tuple[str, ...]:
    """The names of the steps in a text such as "to-sim.forward"."""
    return tuple(name.strip() for name in text.split(".") if name.strip())


HOW_MANY = ("none", "one", "two", "three", "four", "all five")
FIRST = PRESETS["notebook"]
OUTCOME = outcome_prediction("Run the timeline")
LASTS = prediction(
    "lasts",
    "How long does it last?",
    (
        "for good: both forward passes work",
        "until the next move: the second forward pass raises",
        "not at all: the first forward pass raises",
    ),
    "lasts_ran",
    "Run the timeline",
)
FOLLOWS = prediction(
    "follows",
    "Which of the two follows?",
    ("only the buffer", "the buffer and what the list holds", "neither"),
    "follows_ran",
    "Run the timeline",
)
HALVES = prediction(
    "halves",
    "When is the mask cast?",
    ("only once it is registered", "both times", "never"),
    "halves_ran",
    "Run the timeline",
)
COPYING = prediction(
    "copying", "How many copy the mask?", HOW_MANY, "counted_for", "Count the copies"
)
MOVING = catalogue(
    Choice(
        "start",
        "The mask is",
        FIRST.start,
        "How the module holds its mask when it is built.",
        options=tuple(STARTS),
    ),
    Steps(
        "steps",
        "The same steps as text",
        ".".join(FIRST.steps),
        "Names separated by dots. The link carries this text.",
        max_chars=200,
    ),
    Switch("build", "Change the steps", False),
    PREDICT,
    OUTCOME,
    LASTS,
    FOLLOWS,
    HALVES,
    Choice(
        "counted",
        "Count real forward passes up to a context length of",
        "1024",
        "Beyond it, bytes are extrapolated and drawn pale.",
        options=("256", "1024", str(CONTEXT_LENGTHS[-2])),
    ),
    COPYING,
    Switch("crossings", "A second question: what does each forward pass copy?", False),
    Switch("crossings_code", "The code of the five", False),
    Switch("limits", "Details for experts: where `sim` differs from CUDA", False),
    Switch("code", "The code", False),
)
