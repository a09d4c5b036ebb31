"""Why a timeline ends as it does, and why some ways to have a mask copy it in every forward."""

from collections.abc import Sequence

from core.attention.outcome import Outcome
from core.attention.tensor_table import BUFFERS
from core.moving.copies import Crossing
from core.moving.settings import HOW_MANY
from core.moving.timeline import TimelineResult
from core.settings.prediction import Verdict, verdict


def reason(story: TimelineResult) -> str:
    """Why a TimelineResult ended as it did, from the last column of its ledger; Markdown."""
    last = story.columns[-1].ledger
    weight, mask = last["W_query.weight"], last.get("mask")
    if story.outcome is Outcome.DEVICE_ERROR and mask:
        why = (
            "`.to()`, `.cpu()` and the like move parameters and buffers, and nothing else. What "
            "was moved by hand, or built in `forward`, stays where it was put."
        )
        if mask.kind in BUFFERS:
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
            if place.kind in BUFFERS:
                why = "it was registered or built after the cast"
            notes.append(
                f"`{name}` ({place.kind}) is {place.dtype}, the weights are {weight.dtype}: {why}."
            )
    if not notes:
        notes.append(f"Every tensor is on `{weight.device}` and {weight.dtype}, the mask included.")
    return " ".join(notes)


def copying_verdict(guess: str, table: Sequence[Crossing]) -> Verdict:
    """What a guess at how many ways copy the mask in every forward pass was worth, and why."""
    copying = list(dict.fromkeys(row.way for row in table if row.counted and row.each))
    return verdict(
        guess,
        HOW_MANY[len(copying)],
        "In every forward pass, a mask crosses the boundary where it is "
        f"{' or '.join(copying)}. Where it is on the device, or made there, nothing does.",
        right="That is what was counted.",
        wrong="Counted:",
    )
