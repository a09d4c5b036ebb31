"""What to keep of a measurement of the mask's cost, in one sentence."""

from core.charts.byte_words import in_bytes
from core.mask_cost.findings import at_longest
from core.mask_cost.results import Report
from core.mask_cost.settings import NAMES, STORED


def takeaway(report: Report) -> str:
    """The sentence (Markdown) that fits the bytes that were counted at the longest input."""
    stored, rebuilt, copied, fused = (at_longest(report)[name] for name in NAMES)
    if copied.crossed and not (stored.crossed or rebuilt.crossed or fused.crossed):
        return (
            "Only a mask that is built on the CPU crosses to the device in every forward pass; a "
            "buffer is there already."
        )
    if stored.held and not fused.held:
        held = [row for row in report.rows if row.way == STORED][-2:]
        masks = ", ".join(f"{in_bytes(row.held)} at {row.tokens:,} tokens" for row in held)
        return (
            f"A stored mask takes memory all the time, here {masks}; SDPA with `is_causal=True` "
            "stores none."
        )
    return ""
