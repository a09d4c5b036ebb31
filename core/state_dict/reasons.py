"""The settings of the lesson on state_dict, and the reasons behind what it shows."""

import re
from dataclasses import dataclass

from core.lab.settings import PREDICT
from core.settings.setting import Choice, Switch, Text
from core.state_dict import load_failures
from core.state_dict.edit_mask import EDITS
from core.state_dict.load_failures import FIELDS

HOW_MANY = ("none", "one", "two", "three", "all four")
SURVIVES = ("in both", "only with the buffer", "in neither")


@dataclass(frozen=True)
class Cells(Text):
    """Cells of the 6 by 6 mask: query-key, counted from 1, separated by spaces."""

    @property
    def limit(self):
        return "cells such as `1-6 2-5`: query and key from 1 to 6, at most 36 of them"

    def accepts(self, value):
        return super().accepts(value) and re.fullmatch(r"\s*([1-6]-[1-6]\s*){0,36}", value)


def cells_of(text):
    """((query, key), …) of a text that Cells accepts, without repeats, in order."""
    pairs = (tuple(map(int, pair.split("-"))) for pair in re.findall(r"[1-6]-[1-6]", text))
    return tuple(sorted(set(pairs)))


SAVING = {
    setting.name: setting
    for setting in (
        PREDICT,
        Switch("keys", "Keys, side by side", True),
        Choice("in_state", "How many?", None, options=HOW_MANY),
        Text("keys_ran", "The question about keys that was answered", "", max_chars=80),
        Switch("edit", "Save, edit, load", False),
        Choice(
            "change",
            "Edit the mask",
            "twos",
            "`twos`: its ones become twos. `zeros`: all of it becomes zero. `paint`: the cells "
            "that you name change from 0 to 1 or back.",
            options=tuple(EDITS),
        ),
        Cells("cells", "Cells to paint", "1-6", "Query and key, counted from 1.", max_chars=200),
        Choice("survives", "Where will the edit survive?", None, options=SURVIVES),
        Text("edit_ran", "The question about the edit that was answered", "", max_chars=300),
        Switch("failures", "The load-failure lab", False),
        *FIELDS.values(),
        Choice("loads", "What will happen?", None, options=load_failures.OUTCOMES),
        Text("load_ran", "The question about loading that was answered", "", max_chars=300),
        Switch("price", "The price of persistence", False),
        Switch("inside", "Look inside a checkpoint", False),
    )
}


def survival_answer(guess, with_buffer, without):
    """(right, text): whether a guess at where an edit survives was right, and why."""
    kept = (without.survived, with_buffer.survived)
    answer = {(True, True): SURVIVES[0], (False, True): SURVIVES[1], (False, False): SURVIVES[2]}
    answer = answer[kept]
    effect = "changed" if with_buffer.output_changed else "did not change"
    because = (
        "A persistent buffer is in the file, so loading overwrote what the fresh module had built. "
        "A plain attribute is not, so the fresh module kept its own."
    )
    if kept == (True, True):
        because = "The edit left the mask as it was, so there is nothing to lose."
    output = f"With the buffer, the output {effect}."
    if with_buffer.survived and not with_buffer.output_changed:
        output += " `forward` takes `.bool()` of the mask, so only zero or not zero counts."
    if with_buffer.leaks:
        output += f" Tokens {', '.join(map(str, with_buffer.leaks))} now see later ones."
    said = "That is what happened." if guess == answer else f"What happened: {answer}."
    return guess == answer, f"**You said: {guess}. {said}** {because} {output}"


def load_reason(loaded):
    """Why a Loaded came out as it did; Markdown."""
    loading, message = loaded.loading, loaded.message
    if not loaded.raised and not loaded.faults:
        return "Every key that the target needed was there, with its shape, and its values arrived."
    if loading.wrapped != "nothing" and loading.fix != "strip-prefix":
        prefix = "module." if loading.wrapped == "DataParallel" else "_orig_mod."
        quiet = "" if loaded.raised else " With `strict=False` that is no error: nothing is loaded."
        return (
            f"`{loading.wrapped}` holds the model as an attribute, so every key begins with "
            f"`{prefix}` and none of them is the target's.{quiet}"
        )
    if "size mismatch" in message:
        return (
            "The mask's shape is the context length, squared, and a persistent buffer makes it "
            "part of the checkpoint. `strict` is about keys; a shape has to match in any case."
        )
    if "Missing key" in message:
        return (
            "The target registers its mask as a persistent buffer, so strict loading wants a key "
            "for it. The source never saved one."
        )
    if "Unexpected key" in message:
        return (
            "The file has a mask, and the target has no persistent buffer of that name to put it "
            "in. Persistence is part of the checkpoint's format."
        )
    if any("meta" in fault for fault in loaded.faults):
        return (
            "A tensor on `meta` has no memory to copy into. `assign=True` replaces those that are "
            "in the file; a mask that is not in the file stays on `meta`, and the message says "
            "that all keys matched."
        )
    if loading.assign:
        return (
            "`assign=True` takes the loaded tensors themselves, with their device and dtype. "
            "Copying, the default, keeps the target's."
        )
    return "No error was raised, and yet the target is not what it should be."
