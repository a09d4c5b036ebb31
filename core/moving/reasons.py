"""The settings of the lesson on moving devices, and the reason behind how a timeline ends."""

from dataclasses import dataclass

from core.lab.settings import GUESS, PREDICT, RAN
from core.moving.copies import CONTEXT_LENGTHS
from core.moving.timeline import MAX_STEPS, PRESETS, STARTS, STEPS, check_steps
from core.settings.setting import Choice, SettingError, Switch, Text


@dataclass(frozen=True)
class Steps(Text):
    """Steps by name, separated by dots."""

    @property
    def limit(self):
        names = ", ".join(f"`{name}`" for name in STEPS)
        return f"at most {MAX_STEPS} steps separated by dots, each one of {names}"

    def accepts(self, value):
        try:
            return super().accepts(value) and check_steps(split_steps(value)) is not None
        except SettingError:
            return False


def split_steps(text):
    """The names of the steps in a text such as "to-sim.forward"."""
    return tuple(name.strip() for name in text.split(".") if name.strip())


HOW_MANY = ("none", "one", "two", "three", "four", "all five")
FIRST = PRESETS["notebook"]
MOVING = {
    setting.name: setting
    for setting in (
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
        PREDICT,
        GUESS,
        RAN,
        Choice(
            "counted",
            "Count real forward passes up to a context length of",
            "1024",
            "Beyond it, bytes are extrapolated and drawn pale.",
            options=("256", "1024", str(CONTEXT_LENGTHS[-2])),
        ),
        Choice("copying", "How many copy the mask?", None, options=HOW_MANY),
        Text("counted_for", "The counting that was answered", "", max_chars=40),
        Switch("crossings", "What crosses the boundary in each forward pass", False),
        Switch("code", "The code", False),
    )
}


def reason(story):
    """Why a Story ended as it did, from the last column of its ledger; Markdown."""
    last = story.columns[-1].ledger
    weight, mask = last["W_query.weight"], last.get("mask")
    if story.outcome == "a device error":
        why = (
            "`.to()`, `.cpu()` and the like move parameters and buffers, and nothing else. What "
            "was moved by hand, or built in `forward`, stays where it was put."
        )
        if mask.kind == "buffer":
            why = "It was registered or built after the last move, and nothing has moved it since."
        return (
            f"The last column of the ledger shows it: `mask`, a {mask.kind}, is on "
            f"`{mask.device}`, and the weights are on `{weight.device}`. {why}"
        )
    if story.error and story.error.type == "NotImplementedError":
        return (
            "A `meta` tensor has a shape, a dtype and no values, so there is nothing to copy to "
            "another device. `model.to_empty(device=…)` makes room there; then load values."
        )
    if story.error and story.error.type == "AttributeError":
        return "The mask is still `None`: no forward pass has built it. Let `forward` run first."
    if story.error:
        return "The last column of the ledger shows where every tensor was when this step failed."
    notes = []
    if "forward" not in story.timeline.steps:
        notes.append("No forward pass ran, so no tensor has met another yet.")
    elif last.get("output") and last["output"].device == "meta":
        elsewhere = mask is not None and mask.device != "meta"
        notes.append(
            "The forward pass ran on shapes alone, for `meta` has no values."
            + (
                " It did not complain about a mask elsewhere. The absence of an error proves "
                "nothing; check `.device`."
            )
            * elsewhere
        )
    for name, place in last.items():
        if place.device != weight.device:
            notes.append(
                f"`{name}` ({place.kind}) is on `{place.device}`, the weights on "
                f"`{weight.device}`: it stayed behind, and no error has said so."
            )
        elif place.dtype != weight.dtype:
            why = "a cast reaches what is registered"
            if place.kind == "buffer":
                why = "it was registered or built after the cast"
            notes.append(
                f"`{name}` ({place.kind}) is {place.dtype}, the weights are {weight.dtype}: {why}."
            )
    if not notes:
        notes.append(f"Every tensor is on `{weight.device}` and {weight.dtype}, the mask included.")
    return " ".join(notes)


def copying_answer(guess, table):
    """Whether the guess at how many ways copy in every forward pass was right, and why; a pair."""
    copying = list(dict.fromkeys(row.way for row in table if row.counted and row.each))
    right = guess == HOW_MANY[len(copying)]
    said = "That is what was counted." if right else f"Counted: {HOW_MANY[len(copying)]}."
    return right, (
        f"You said: {guess}. {said} In every forward pass, a mask crosses the boundary where it "
        f"is {' or '.join(copying)}. Where it is on the device, or made there, nothing does."
    )
