"""Five ways to have the mask where the scores are, and what each copies between two devices.

Here num_tokens is the whole context_length, d_in is 3 and d_out is 2.
"""

from dataclasses import dataclass

import torch

from core.attention.causal_attention import CausalAttentionWithBuffer
from core.attention.mask_variants import (
    CopiedEachTime,
    MovedByHand,
    MovedEachTime,
    RebuiltEachTime,
)
from core.device.simulated_device import count_copies, register

MASK_IS = {
    "a registered buffer": CausalAttentionWithBuffer,
    "a plain attribute, moved once by hand": MovedByHand,
    "a plain attribute, moved in every forward": MovedEachTime,
    "built on the device in every forward": RebuiltEachTime,
    "built on the CPU in every forward, and copied": CopiedEachTime,
}


def count(variant, context_length):
    """Build a module of class `variant`, move it to sim, run it twice, and count each crossing.

    Returns three lists of (name of what was copied, bytes): once, when the module moved; in the
    first forward; in the second forward.
    """
    device = register()  # sim, whose copies are counted; those of "cuda" are not
    model = variant(3, 2, context_length, 0.0)
    before = dict(model.named_parameters()) | {"mask": getattr(model, "mask", None)}
    addresses = {
        tensor.untyped_storage().data_ptr(): name
        for name, tensor in before.items()
        if tensor is not None
    }

    def named(copies):
        built = "a mask built in forward"
        return [(addresses.get(copy.source_address, built), copy.nbytes) for copy in copies]

    with count_copies() as moving:
        model.to(device)
    x = torch.rand(1, context_length, 3).to(device)
    with torch.no_grad():
        with count_copies() as first:
            model(x)
        with count_copies() as second:
            model(x)
    return named(moving), named(first), named(second)


@dataclass(frozen=True)
class Crossing:
    """What one way copied between cpu and sim at one context length. Counted, or extrapolated."""

    way: str
    context_length: int
    once: tuple[tuple[str, int], ...]  # (tensor, bytes) copied when the module moved
    each: tuple[tuple[str, int], ...]  # likewise in one forward pass, after the first
    counted: bool

    @property
    def bytes_each(self):
        return sum(nbytes for _, nbytes in self.each)


CONTEXT_LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)


def crossings(counted_up_to):
    """A Crossing for every way and every length of CONTEXT_LENGTHS.

    Up to counted_up_to they come from real forward passes. Beyond, the bytes of the last counted
    one are scaled with the square of the length, as the mask's size is.
    """
    table = []
    for way, variant in MASK_IS.items():
        for length in CONTEXT_LENGTHS:
            if length <= counted_up_to:
                once, _, each = map(tuple, count(variant, length))
                last = Crossing(way, length, once, each, True)
                table.append(last)
            else:
                scale = (length // last.context_length) ** 2
                once, each = (
                    tuple((n, b * scale if "mask" in n else b) for n, b in copies)
                    for copies in (last.once, last.each)
                )
                table.append(Crossing(way, length, once, each, False))
    return tuple(table)
