"""What a persistent mask costs: the bytes of a checkpoint for four ways to have one.

Dimensions: n is the number of tokens, at most context_length.
"""

import io
from dataclasses import dataclass

import altair as alt
import torch
from torch import nn

from core.attention.causal_attention import causal_mask
from core.charts import palette
from core.charts.devices_and_bytes import byte_bars
from core.workers.random_state import own_random_numbers


class Layer(nn.Module):
    """An attention layer with tiny weights. A subclass says how it has its mask."""

    def __init__(self, context_length):
        super().__init__()
        self.qkv = nn.Linear(3, 6, bias=False)
        self.hold(context_length)

    def mask_for(self, n):
        return self.mask[:n, :n]

    def forward(self, x):
        query, key, value = self.qkv(x).chunk(3, dim=-1)  # (b, n, 2) each
        scores = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5  # (b, n, n)
        scores.masked_fill_(self.mask_for(x.shape[1]).bool(), -torch.inf)
        return scores.softmax(dim=-1) @ value  # (b, n, 2)


class Float32Buffer(Layer):
    """float32 buffer"""

    def hold(self, context_length):
        self.register_buffer("mask", causal_mask(context_length))


class BoolBuffer(Layer):
    """bool buffer"""

    def hold(self, context_length):
        self.register_buffer("mask", causal_mask(context_length).bool())


class NonPersistentBuffer(Layer):
    """non-persistent buffer"""

    def hold(self, context_length):
        self.register_buffer("mask", causal_mask(context_length), persistent=False)


class NoStoredMask(Layer):
    """no stored mask, built in forward"""

    def hold(self, context_length):
        pass

    def mask_for(self, n):
        return causal_mask(n)


WAYS = (Float32Buffer, BoolBuffer, NonPersistentBuffer, NoStoredMask)


def saved_bytes(way, layers, context_length):
    """Build a stack of layers of class `way`, save its state_dict, and count the file's bytes."""
    model = nn.Sequential(*(way(context_length) for _ in range(layers)))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return file.tell()


@dataclass(frozen=True)
class Price:
    """The bytes of one checkpoint. Really saved, or computed from those that were."""

    way: str
    layers: int
    context_length: int
    bytes: int
    measured: bool


CONTEXT_LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
SHOWN_LENGTH = 1024
SAVED_UP_TO = 16 * 2**20  # bytes of all masks of a stack; larger stacks are not built


def is_built(way, layers, context_length):
    """Whether a stack is small enough to be built and saved for a page."""
    of_a_pair = sum(buffer.nbytes for buffer in way(1).buffers())  # a mask of 1 by 1
    return layers * context_length**2 * of_a_pair <= SAVED_UP_TO


@own_random_numbers()
def prices(layers):
    """A Price for every way and every length of CONTEXT_LENGTHS.

    Stacks of at most SAVED_UP_TO bytes of masks are really saved. Beyond, a file grows with the
    square of the length, by as much as between the last two that were saved.
    """
    table = []
    for way in WAYS:
        saved = []
        for length in CONTEXT_LENGTHS:
            if is_built(way, layers, length):
                saved.append((length**2, saved_bytes(way, layers, length)))
                table.append(Price(way.__doc__, layers, length, saved[-1][1], True))
            else:
                (pairs, nbytes), (more_pairs, more_bytes) = saved[-2:]
                growth = (more_bytes - nbytes) * (length**2 - more_pairs) // (more_pairs - pairs)
                table.append(Price(way.__doc__, layers, length, more_bytes + growth, False))
    return tuple(table)


COLOURS = (palette.GREEN, palette.ORANGE, palette.SKY_BLUE, palette.PURPLE)


def bytes_saved(table):
    """Bars of a checkpoint's bytes, per way and context length (Prices)."""
    rows = [
        {
            "way": row.way,
            "length": str(row.context_length),
            "bytes": row.bytes,
            "how": "measured" if row.measured else "computed",
        }
        for row in table
    ]
    tooltip = [
        alt.Tooltip("way:N", title="the mask"),
        alt.Tooltip("length:N", title="context length"),
        alt.Tooltip("bytes:Q", format=","),
        "how:N",
    ]
    return byte_bars(rows, "bytes of the checkpoint", COLOURS, 10, tooltip, "computed")
