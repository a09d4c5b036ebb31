"""The price of persistence: what four ways to have a mask cost in the checkpoint."""

from collections.abc import Sequence

import streamlit as st

from core.charts.byte_words import in_bytes
from core.charts.markdown_table import markdown_table
from core.state_dict.reasons import shrinking_verdict
from core.state_dict.settings import SHRINKS, STATE_DICT
from core.state_dict.size import (
    CONTEXT_LENGTHS,
    MAX_SAVED_BYTES,
    CheckpointSize,
    bytes_saved,
    longest_saved,
    prices,
)
from core.state_dict.take_home import size_script
from core.state_dict.takeaway import size_takeaway
from pages.components import prediction
from pages.components.chart import chart
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, widget


@st.cache_resource(max_entries=4, show_spinner="Saving checkpoints …")
def save(layers: int) -> tuple[CheckpointSize, ...]:
    """Prices of a stack of layers; the same for all sessions."""
    return prices(layers)


def show_sizes(ask: bool) -> None:
    """Bytes of the file per way and context length, and the code; asks for a guess if ask."""
    st.markdown(
        "Four models with the same attention layers; they differ in how each layer has its causal "
        "mask. The `state_dict` of each is saved with `torch.save`, and the file's bytes are "
        "counted. The weights are tiny: nearly all of the bytes are masks."
    )
    layers = int(widget(STATE_DICT["layers"]))
    length = longest_saved(layers)
    question = (
        "Every layer's mask is a persistent buffer. How many times smaller is the file at a "
        f"context length of {length:,} tokens if the masks are `bool` instead of `float32`?"
    )
    if not prediction.gate(SHRINKS, question, "bool", ask):
        return
    table = save(layers)
    if ask:
        prediction.show(shrinking_verdict(prediction.guess_of(SHRINKS), table))
    shown = [row for row in table if row.context_length == length]
    stack = f"{in_layers(layers)} at {length:,} tokens, the mask is …"
    without = shown[-1].bytes  # no stored mask
    rows = [(row.way, in_bytes(row.bytes), in_bytes(row.bytes - without)) for row in shown]
    st.markdown(markdown_table((stack, "the file has", "its masks"), rows, "lrr"))
    chart(bytes_saved(table), "Bytes of the file", describe_sizes(table))
    st.caption(
        "The chart has other context lengths too. Full bars are files that were saved and counted, "
        "as all in the table. Pale, dashed ones are computed from the last two that were saved: "
        f"their masks together would take more than {MAX_SAVED_BYTES / 2**20:.0f} MiB. The bytes "
        "grow with the square of the context length. The scale is linear up to 1,000 bytes, so "
        "that 0 has a place, and logarithmic above."
    )
    show_takeaway(size_takeaway(table))
    with section(STATE_DICT["price_code"]) as opened:
        if opened.open:
            take_home(size_script(layers), "price")


def in_layers(layers: int) -> str:
    return f"{layers} layer{'s' * (layers > 1)}"


def describe_sizes(table: Sequence[CheckpointSize]) -> str:
    largest = [row for row in table if row.context_length == CONTEXT_LENGTHS[-1]]
    return (
        f"Bytes of a checkpoint of {in_layers(largest[0].layers)} at {CONTEXT_LENGTHS[-1]} tokens: "
    ) + "; ".join(
        f"{row.way} {in_bytes(row.bytes)}, {'measured' if row.measured else 'computed'}"
        for row in largest
    )
