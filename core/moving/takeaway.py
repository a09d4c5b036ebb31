"""What to keep of a timeline and of the counted copies, in one sentence each."""

from collections.abc import Sequence

from core.attention.outcome import Outcome
from core.attention.tensor_table import BUFFERS
from core.moving.copies import Crossing
from core.moving.timeline import TimelineResult

_LAZY = "What `forward` builds is not there before the first forward pass."


def takeaway(story: TimelineResult) -> str:
    """The sentence (Markdown) that fits how a timeline went; empty where it shows nothing."""
    last = story.columns[-1].ledger
    mask, weight = last.get("mask"), last["W_query.weight"]
    if story.error:
        return _of_error(story)
    if mask is None:
        return _LAZY
    held = last.get("masks[0]")
    if held and mask.kind in BUFFERS and (held.device, held.dtype) != (mask.device, mask.dtype):
        return "A list that holds a buffer too keeps the old tensor when the module moves."
    if mask.device != weight.device:
        if "output" in last:
            return "No error does not mean that all is in place: look at `.device`."
        return "A tensor that stayed behind raises no error until an operation uses it."
    if mask.dtype != weight.dtype:
        return "A cast reaches what is registered when it runs, and nothing else."
    places = [c.ledger["mask"].device for c in story.columns if "mask" in c.ledger]
    moved = len(set(places)) > 1
    if mask.kind not in BUFFERS:
        if "mask" not in story.columns[0].ledger and weight.device != "cpu":
            return (
                "A mask that `forward` builds fits until the module moves: no move takes it along."
            )
        if moved:
            return "A plain attribute that was moved by hand is in place until the next move."
        if len({c.ledger["W_query.weight"].device for c in story.columns}) > 1:
            return "A plain attribute never moves: here the module came back to where the mask was."
        return "A plain attribute is as good as a buffer as long as nothing is moved or cast."
    if any(c.ledger["mask"].dtype != weight.dtype for c in story.columns if "mask" in c.ledger):
        return "A registered buffer of floating point is cast with its module."
    if moved:
        return "A registered buffer moves with its module."
    return "To register a buffer moves nothing: it lets the next `.to()` find it."


def _of_error(story: TimelineResult) -> str:
    last = story.columns[-1].ledger
    mask = last.get("mask")
    if story.outcome is Outcome.DEVICE_ERROR and mask:
        if mask.kind in BUFFERS:
            return "To register a buffer moves nothing: it lets the next `.to()` find it."
        return "A move takes parameters and buffers along; a mask that is neither stays behind."
    if story.error and story.error.type == "NotImplementedError":
        return (
            "Tensors on `meta` have no values: `to_empty` gives them memory, and loading fills it."
        )
    if story.error and story.error.type == "AttributeError":
        return _LAZY
    return ""


def copies_takeaway(table: Sequence[Crossing]) -> str:
    """The sentence that fits which ways were seen to copy the mask in every forward pass."""
    each = {row.way: bool(row.each) for row in table if row.counted}
    if each["a registered buffer"] or not any(each.values()):
        return ""
    return "A registered buffer crosses once, when the module moves, and never in a forward pass."
