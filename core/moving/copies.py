"""Five ways to have the mask where the scores are, and what each copies between two devices.

Dimensions: n is the number of tokens, here the whole context_length.
"""

from dataclasses import dataclass

import torch
from torch import nn

from core.attention.causal_attention import causal_mask
from core.device.simulated_device import count_copies, register


class Attention(nn.Module):
    """Causal attention that asks `mask_for` for its mask. A subclass says where that comes from."""

    def __init__(self, context_length, d_in=3, d_out=2):
        super().__init__()
        self.qkv = nn.Linear(d_in, 3 * d_out, bias=False)
        self.hold(causal_mask(context_length))

    def hold(self, mask):
        self.mask = mask

    def mask_for(self, n, device):
        return self.mask[:n, :n]

    def forward(self, x):
        query, key, value = self.qkv(x).chunk(3, dim=-1)  # (b, n, d_out) each
        scores = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5  # (b, n, n)
        scores.masked_fill_(self.mask_for(x.shape[1], x.device).bool(), -torch.inf)
        return scores.softmax(dim=-1) @ value  # (b, n, d_out)


class Buffer(Attention):
    """a registered buffer"""

    def hold(self, mask):
        self.register_buffer("mask", mask)


class MovedByHand(Attention):
    """a plain attribute, moved once by hand"""

    def to(self, device):
        super().to(device)
        self.mask = self.mask.to(device)
        return self


class MovedEachTime(Attention):
    """a plain attribute, moved in every forward"""

    def mask_for(self, n, device):
        return self.mask[:n, :n].to(device)


class RebuiltOnDevice(Attention):
    """built on the device in every forward"""

    def hold(self, mask):
        pass

    def mask_for(self, n, device):
        return causal_mask(n, device)


class BuiltOnCpu(Attention):
    """built on the CPU in every forward, and copied"""

    def hold(self, mask):
        pass

    def mask_for(self, n, device):
        return causal_mask(n).to(device)


WAYS = (Buffer, MovedByHand, MovedEachTime, RebuiltOnDevice, BuiltOnCpu)


def count(way, context_length):
    """Build a module of class `way`, move it to sim, run it twice, and count each crossing.

    Returns three lists of (name of what was copied, bytes): once, when the module moved; in the
    first forward; in the second forward.
    """
    device = register()
    model = way(context_length)
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
    for way in WAYS:
        for length in CONTEXT_LENGTHS:
            if length <= counted_up_to:
                once, _, each = map(tuple, count(way, length))
                last = Crossing(way.__doc__, length, once, each, True)
                table.append(last)
            else:
                scale = (length // last.context_length) ** 2
                once, each = (
                    tuple((n, b * scale if "mask" in n else b) for n, b in copies)
                    for copies in (last.once, last.each)
                )
                table.append(Crossing(way.__doc__, length, once, each, False))
    return tuple(table)
