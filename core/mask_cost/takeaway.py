"""What to keep of a measurement of the mask's cost, in one sentence."""

from core.mask_cost.findings import at_longest
from core.mask_cost.results import Report
from core.mask_cost.settings import NAMES


def takeaway(report: Report) -> str:
    """The sentence (Markdown) that fits the bytes that were counted at the longest input."""
    stored, rebuilt, copied, fused = (at_longest(report)[name] for name in NAMES)
    if copied.crossed and not (stored.crossed or rebuilt.crossed or fused.crossed):
        return (
            "Only a mask that is built on the CPU crosses to the device in every forward pass; a "
            "buffer crossed once, with the module."
        )
    if stored.held and not fused.held:
        return (
            "A stored mask takes memory all the time, and four times as much for twice the "
            "context length; SDPA with `is_causal=True` stores none."
        )
    return ""
