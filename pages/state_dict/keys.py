"""Four ways to hold the mask: their state_dict keys side by side, and who lists what."""

import streamlit as st

from core.attention.tensor_table import TensorRow, tensor_rows
from core.charts.markdown_table import markdown_table
from core.state_dict.keys import HELD_AS
from core.state_dict.reasons import keys_verdict
from core.state_dict.settings import IN_STATE
from core.state_dict.take_home import keys_script
from core.state_dict.takeaway import keys_takeaway
from core.workers.random_state import own_random_numbers
from pages.components import prediction
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway

Listing = dict[str, list[str]]  # a call -> the names that it lists
Table = dict[str, TensorRow]


@own_random_numbers()
def run_keys() -> tuple[list[Listing], list[Table]]:
    """Who lists what in the four modules, and {name: TensorRow} of each."""
    names = keys_script().run()
    tables = [{row.name: row for row in tensor_rows(model)} for model in names["models"].values()]
    return list(names["lists"].values()), tables


def show_keys(ask: bool) -> None:
    """The keys, the four sets and the code; asks for a guess first if ask."""
    st.markdown(
        "The same attention module, with its mask held in four ways: a plain attribute, a "
        "persistent buffer, a non-persistent buffer, an `nn.Buffer`."
    )
    question = "How many of the four have `mask` in their `state_dict`?"
    if not prediction.gate(IN_STATE, question, "four", ask):
        return
    lists, tables = run_keys()
    if ask:
        prediction.show(keys_verdict(prediction.guess_of(IN_STATE), lists))
    titles = [held.split(" ", 1)[1] for held in HELD_AS]
    st.markdown("**`state_dict` keys**")
    st.markdown(keys_table(tables, titles))
    st.markdown("**Who lists which tensor**")
    rows = [
        (f"`{call}`", *(", ".join(f"`{n}`" for n in listed[call]) or "nothing" for listed in lists))
        for call in lists[0]
    ]
    st.markdown(markdown_table(("call", *titles), rows))
    show_takeaway(keys_takeaway(dict(zip(HELD_AS, lists, strict=True))))
    take_home(keys_script(), "keys")


def keys_table(tables: list[Table], titles: list[str]) -> str:
    """Of each tensor and module: what its state_dict has, or that it has nothing."""

    def cell(row: TensorRow) -> str:
        if row.in_state_dict:
            return f"{row.kind}, {row.shape}, {row.dtype}, `{row.device}`, {row.bytes} bytes"
        return f":gray-badge[not saved] held as a {row.kind}"

    rows = [(f"`{name}`", *(cell(table[name]) for table in tables)) for name in tables[0]]
    return markdown_table(("key", *titles), rows)
