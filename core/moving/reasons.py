"""Why a timeline ends as it does, and why some ways to have a mask copy it in every forward."""

from collections.abc import Sequence

from core.attention.outcome import Outcome
from core.attention.tensor_table import BUFFERS, TensorKind
from core.moving.copies import Crossing
from core.moving.settings import HOW_MANY
from core.moving.steps import STEPS
from core.moving.timeline import TimelineResult
from core.settings.prediction import Verdict, verdict


def reason(story: TimelineResult) -> str:
    """Why a TimelineResult ended as it did, from what its ledger has; Markdown, the cause first."""
    if story.error:
        return _why_it_raised(story)
    last = story.columns[-1].ledger
    weight, mask = last["W_query.weight"], last.get("mask")
    notes = []
    if "forward" not in story.timeline.steps:
        notes.append("No forward pass ran, so no operation has used two tensors together yet.")
    elif last.get("output") and last["output"].device == "meta":
        apart = mask is not None and mask.device != "meta"
        notes.append(
            "`forward` computed shapes only, since tensors on `meta` have no values."
            + " It did not check where the mask is." * apart
        )
    odd = [note for name in last if (note := _what_stayed(story, name))]
    if not odd:
        notes.append(f"Every tensor is on `{weight.device}` and {weight.dtype}{_with_mask(story)}.")
    return " ".join(notes + odd)


def _with_mask(story: TimelineResult) -> str:
    """The end of the sentence on tensors that are all at one place: how the mask came there."""
    mask = story.columns[-1].ledger.get("mask")
    if mask is None:
        return "; there is no mask so far"
    if mask.kind not in BUFFERS or since(story, "W_query.weight") <= since(story, "mask", "kind"):
        return ", the mask included"
    return ": the mask is a buffer, so each move and cast took it along"


def since(story: TimelineResult, name: str, *what: str) -> int:
    """The number of the step since which a tensor is as it was at the end.

    what: which fields of its Place count; its device and dtype where none is given.
    """
    seen = [column.ledger.get(name) for column in story.columns]
    keys = [place and [getattr(place, w) for w in what or ("device", "dtype")] for place in seen]
    number = len(keys) - 1
    while number and keys[number - 1] == keys[-1]:
        number -= 1
    return number


def step(story: TimelineResult, number: int) -> str:
    """A step in words: its number and its label."""
    return f"step {number}, `{story.columns[number].label}`,"


def _why_it_raised(story: TimelineResult) -> str:
    last = story.columns[-1].ledger
    weight, mask = last["W_query.weight"], last.get("mask")
    if story.outcome is Outcome.DEVICE_ERROR and mask:
        return (
            f"`mask`, a {mask.kind}, is on `{mask.device}`, and the weights are on "
            f"`{weight.device}`. {_how_they_parted(story)}"
        )
    assert story.error
    if story.error.type == "NotImplementedError":
        return (
            "Tensors on `meta` have a shape, a dtype and no values, so there is nothing to copy to "
            "another device. `model.to_empty(device=…)` gives them memory there; then load values."
        )
    if story.error.type == "AttributeError":
        return "The mask is still `None`: no forward pass has built it. Let `forward` run first."
    return f"The weights were on `{weight.device}` and {weight.dtype} when this step failed."


def _how_they_parted(story: TimelineResult) -> str:
    """Which step moved the weights of a failed TimelineResult, and why the mask is not there."""
    mask = story.columns[-1].ledger["mask"]
    moved, placed = since(story, "W_query.weight", "device"), since(story, "mask", "device")
    if mask.kind in BUFFERS:
        registered = since(story, "mask", "kind")
        return (
            f"The weights moved in {step(story, moved)} before the mask was registered in "
            f"step {registered}. Registering moves nothing, and no move came after."
        )
    how = "where the constructor put it"
    if placed and story.columns[placed].label == STEPS["forward"].label:
        how = f"where `forward` built it, in step {placed}"
    elif placed:
        how = f"where it was moved by hand, in step {placed}"
    mover = step(story, moved)
    return (
        f"{mover[0].upper()}{mover[1:]} moved parameters and buffers, and nothing else. The mask "
        f"stayed {how}."
    )


def _what_stayed(story: TimelineResult, name: str) -> str:
    """Of a tensor that is not at the weights' place, or not of their dtype: why; else nothing."""
    last = story.columns[-1].ledger
    place, weight = last[name], last["W_query.weight"]
    here, there = ([p.device, p.dtype] for p in (place, weight))
    if here == there:
        return ""
    if place.kind == TensorKind.IN_LIST:
        return _what_a_list_holds(story, name)
    differs = 0 if here[0] != there[0] else 1
    said = (
        f"`{name}`, a {place.kind}, is {PLACED[differs].format(here[differs])}, and the weights "
        f"are {PLACED[differs].format(there[differs])}: "
    )
    changed = since(story, "W_query.weight", ("device", "dtype")[differs])
    verb = ("moved", "cast")[differs]
    if place.kind in BUFFERS:
        how = "registered" if name in story.columns[changed].ledger else "built"
        why = f"it was {how} after {step(story, changed)} had {verb} them."
    else:
        why = f"{step(story, changed)} {verb} parameters and buffers, and nothing else."
    end = " No error does not mean that all is in place: look at `.device`." * (not differs)
    return said + why + end


PLACED = ("on `{}`", "{}")  # a device, a dtype


def _what_a_list_holds(story: TimelineResult, name: str) -> str:
    """Why a list does not hold the tensor that the module has now."""
    last = story.columns[-1].ledger
    place, mask = last[name], last.get("mask")
    if mask is None or (mask.device, mask.dtype) == (place.device, place.dtype):
        return f"`{name}`, in the list, is the same tensor."
    made = "When `.to()` moves or casts a buffer, it makes a new tensor and stores it"
    if mask.kind not in BUFFERS:
        made = "To move the mask by hand makes a new tensor too, and stores it"
    return (
        f"`{name}`, in the list, is on `{place.device}` and {place.dtype}, and `mask` is on "
        f"`{mask.device}` and {mask.dtype}. {made} under the name `mask`; the list still holds the "
        "old one. No error says so, because `forward` uses `mask`."
    )


def copying_verdict(guess: str, table: Sequence[Crossing]) -> Verdict:
    """What a guess at how many ways copy the mask in every forward pass was worth, and why."""
    copying = list(dict.fromkeys(row.way for row in table if row.counted and row.each))
    return verdict(
        guess,
        HOW_MANY[len(copying)],
        "In every forward pass, the mask is copied from one device to the other if it is "
        f"{' or if it is '.join(f'*{way}*' for way in copying)}. In the others nothing is copied "
        "then: their mask is on `sim` already, or is built there.",
        right="That is what was counted.",
        wrong="Counted:",
    )
