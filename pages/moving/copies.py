"""What crosses the boundary between two devices: counted, in a table and a chart."""

from collections.abc import Sequence

import streamlit as st

from core.charts.byte_words import in_bytes
from core.charts.devices_and_bytes import bytes_per_forward
from core.charts.markdown_table import markdown_table
from core.moving.copies import CONTEXT_LENGTHS, MASK_IS, Crossing, crossings
from core.moving.reasons import copying_verdict
from core.moving.settings import COPYING, MOVING
from core.moving.take_home import copies_script
from core.moving.takeaway import copies_takeaway
from core.workers.random_state import own_random_numbers
from pages.components import prediction, state
from pages.components.chart import chart
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, widget


@st.cache_resource(max_entries=4, show_spinner="Counting copies in real forward passes …")
@own_random_numbers()
def count(counted_up_to: int) -> tuple[Crossing, ...]:
    """Crossings up to a context length; the same for all sessions."""
    return crossings(counted_up_to)


def show_copies(ask: bool) -> None:
    """Five ways to have the mask where the scores are, side by side; asks for a guess if ask."""
    five = (
        "Five modules compute the same attention. Each moves to `sim` and then runs; its input is "
        "on `sim` already. Every copy between `cpu` and `sim` is counted. They differ in where "
        "the mask comes from:\n\n" + "\n".join(f"- {way}" for way in MASK_IS)
    )
    st.markdown(five)
    counted = int(widget(MOVING["counted"]))
    question = "How many of the five copy the mask in **every** forward pass?"
    if not prediction.gate(COPYING, question, "five", ask, context=five):
        return
    table = count(counted)
    if ask:
        prediction.show(copying_verdict(prediction.guess_of(COPYING), table))
    each = f"in each forward pass at {counted:,} tokens"
    heads = ("the mask is …", "copied once, by `.to`", each, "copies", "bytes")
    rows = [
        (row.way, names(row.once), names(row.each), len(row.each), f"{row.bytes_each:,}")
        for row in table
        if row.context_length == counted
    ]
    st.markdown(markdown_table(heads, rows, "lllrr"))
    chart(bytes_per_forward(table), "Bytes in each forward pass", describe_copies(table))
    st.caption(
        f"Full bars were counted. Pale, dashed ones, above {counted:,} tokens, are computed: the "
        "bytes of a mask grow with the square of the context length. The scale is linear up to "
        "1,000 bytes, so that 0 has a place, and logarithmic above."
    )
    show_takeaway(copies_takeaway(table))


def names(copies: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name}, {in_bytes(nbytes)}" for name, nbytes in copies) or "nothing"


def describe_copies(table: Sequence[Crossing]) -> str:
    largest = [row for row in table if row.context_length == CONTEXT_LENGTHS[-1]]
    return "Bytes copied in each forward pass at 4096 tokens: " + "; ".join(
        f"{row.way} {in_bytes(row.bytes_each)}" for row in largest
    )


def code() -> None:
    """The modules and what counts their copies, to read and to take home."""
    with section(MOVING["crossings_code"]) as opened:
        if opened.open:
            take_home(copies_script(int(state.value_of(MOVING["counted"]))), "crossings")
