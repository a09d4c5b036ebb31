"""The settings of the lesson on state_dict, and its four questions."""

import re
from dataclasses import dataclass
from typing import Any

from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, prediction
from core.settings.setting import Choice, Switch, Text
from core.state_dict.edit_mask import EDITS
from core.state_dict.loading import FIELDS, LoadOutcome

FACTORS = ("not at all", "2 times", "4 times", "8 times", "32 times")
HOW_MANY = ("none", "one", "two", "three", "all four")
SURVIVES = ("in both", "only with the buffer", "in neither")


@dataclass(frozen=True)
class Cells(Text):
    """Cells of the 6 by 6 mask: query-key, counted from 1, separated by spaces."""

    @property
    def limit(self) -> str:
        return "cells such as `1-6 2-5`: query and key from 1 to 6, at most 36 of them"

    def accepts(self, value: Any) -> bool:
        cells = r"\s*([1-6]-[1-6]\s*){0,36}"
        return super().accepts(value) and re.fullmatch(cells, value) is not None


def cells_of(text: str) -> tuple[tuple[int, int], ...]:
    """((query, key), …) of a text that Cells accepts, without repeats, in order."""
    pairs = ((int(query), int(key)) for query, key in re.findall(r"([1-6])-([1-6])", text))
    return tuple(sorted(set(pairs)))


IN_STATE = prediction("in_state", "How many?", HOW_MANY, "keys_ran", "Build them")
SURVIVAL = prediction(
    "survives", "Where will the edit survive?", SURVIVES, "edit_ran", "Save and load"
)
LOAD_OUTCOMES = tuple(outcome.value for outcome in LoadOutcome)
LOADS = prediction("loads", "What will happen?", LOAD_OUTCOMES, "load_ran", "Load")
SHRINKS = prediction("shrinks", "How much smaller?", FACTORS, "price_ran", "Save them")
STATE_DICT = catalogue(
    PREDICT,
    Switch("keys", "Which tensors are in the state_dict?", True),
    IN_STATE,
    Switch("keys_code", "The code", False),
    Switch("edit", "Edit, save, load", False),
    Choice(
        "change",
        "Edit the mask",
        "twos",
        "`twos`: its ones become twos. `zeros`: all of it becomes zero. `paint`: the cells "
        "that you name change from 0 to 1 or back.",
        options=tuple(EDITS),
    ),
    Cells("cells", "Cells to paint", "1-6", "Query and key, counted from 1.", max_chars=200),
    Switch(
        "edit_persistent",
        "The buffer is persistent",
        True,
        "Off: `register_buffer(…, persistent=False)`. It moves with the module and is not saved.",
    ),
    SURVIVAL,
    Switch("edit_code", "The code", False),
    Switch("failures", "When loading fails", False),
    Switch("load_settings", "Change the source, the target and the loading", False),
    FIELDS.values(),
    LOADS,
    Switch("load_code", "The code", False),
    Switch("price", "What a saved mask costs", False),
    Choice(
        "layers",
        "Layers",
        "12",
        "Each layer has a mask of its own. GPT-2 has 12 to 48 layers.",
        options=("1", "12", "24", "48"),
    ),
    SHRINKS,
    Switch("price_code", "The code", False),
    Switch("inside", "Look inside a checkpoint", False),
)
