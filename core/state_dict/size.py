"""What a persistent mask costs: the bytes of a checkpoint for four ways to have one."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import torch
from torch import nn

from core.attention.causal_attention import CausalAttentionWithBuffer
from core.attention.mask_variants import BoolBuffer, NonPersistentBuffer, RebuiltEachTime
from core.charts import palette
from core.charts.devices_and_bytes import byte_bars
from core.workers.random_state import own_random_numbers

STORED_AS = {
    "float32 buffer": CausalAttentionWithBuffer,
    "bool buffer": BoolBuffer,
    "non-persistent buffer": NonPersistentBuffer,
    "no stored mask, built in forward": RebuiltEachTime,
}


def layer(variant, context_length):
    """An attention layer with tiny weights: d_in 3, d_out 2, dropout 0."""
    return variant(3, 2, context_length, 0.0)


def saved_bytes(variant, layers, context_length):
    """Build a stack of layers of this class, save its state_dict, and count the file's bytes."""
    model = nn.Sequential(*(layer(variant, context_length) for _ in range(layers)))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return file.tell()


@dataclass(frozen=True)
class CheckpointSize:
    """The bytes of one checkpoint. Really saved, or computed from those that were."""

    way: str
    layers: int
    context_length: int
    bytes: int
    measured: bool


CONTEXT_LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
MAX_SAVED_BYTES = 16 * 2**20  # bytes of all masks of a stack; larger stacks are not built


def is_built(variant: type[nn.Module], layers: int, context_length: int) -> bool:
    """Whether a stack is small enough to be built and saved for a page."""
    of_a_pair = sum(buffer.nbytes for buffer in layer(variant, 1).buffers())  # a mask of 1 by 1
    return layers * context_length**2 * of_a_pair <= MAX_SAVED_BYTES


def longest_saved(layers: int) -> int:
    """The longest context length at which a stack of each way is really saved."""
    return max(
        length
        for length in CONTEXT_LENGTHS
        if all(is_built(variant, layers, length) for variant in STORED_AS.values())
    )


@own_random_numbers()
def prices(layers: int) -> tuple[CheckpointSize, ...]:
    """A CheckpointSize for every way and every length of CONTEXT_LENGTHS.

    Stacks of at most MAX_SAVED_BYTES bytes of masks are really saved. Beyond, a file grows with the
    square of the length, by as much as between the last two that were saved.
    """
    table = []
    for way, variant in STORED_AS.items():
        saved = []
        for length in CONTEXT_LENGTHS:
            if is_built(variant, layers, length):
                saved.append((length**2, saved_bytes(variant, layers, length)))
                table.append(CheckpointSize(way, layers, length, saved[-1][1], True))
            else:
                (pairs, nbytes), (more_pairs, more_bytes) = saved[-2:]
                growth = (more_bytes - nbytes) * (length**2 - more_pairs) // (more_pairs - pairs)
                table.append(CheckpointSize(way, layers, length, more_bytes + growth, False))
    return tuple(table)


COLOURS = (palette.GREEN, palette.ORANGE, palette.SKY_BLUE, palette.PURPLE)


def bytes_saved(table: Sequence[CheckpointSize]) -> alt.Chart:
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
