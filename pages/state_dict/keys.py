"""Four ways to hold the mask: their state_dict keys side by side, and who lists what."""

import streamlit as st

from core.attention.tensor_table import TensorRow, tensor_rows
from core.charts.markdown_table import markdown_table
from core.state_dict.keys import HELD_AS
from core.state_dict.reasons import keys_verdict
from core.state_dict.settings import IN_STATE, STATE_DICT
from core.state_dict.take_home import keys_script
from core.state_dict.takeaway import keys_takeaway
from core.workers.random_state import own_random_numbers
from pages.components import prediction
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section

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
    st.markdown("**What the `state_dict` has**")
    st.markdown(keys_table(tables, titles))
    st.markdown("**Who lists which tensor**")
    st.markdown(lists_table(lists, titles))
    show_takeaway(keys_takeaway(dict(zip(HELD_AS, lists, strict=True))))
    with section(STATE_DICT["keys_code"]) as opened:
        if opened.open:
            take_home(keys_script(), "keys")


def keys_table(tables: list[Table], titles: list[str]) -> str:
    """Of each tensor and module: what its state_dict has, or that it has nothing.

    Tensors that are the same in every module share a row.
    """

    def cell(row: TensorRow) -> str:
        if row.in_state_dict:
            return f"{row.kind}, {row.shape}, {row.dtype}, {row.bytes} bytes"
        return f":gray-badge[not saved] held as a {row.kind}"

    names: dict[tuple[str, ...], list[str]] = {}
    for name in tables[0]:
        names.setdefault(tuple(cell(table[name]) for table in tables), []).append(f"`{name}`")
    rows = [(", ".join(same), *cells) for cells, same in names.items()]
    return markdown_table(("tensor", *titles), rows)


def lists_table(lists: list[Listing], titles: list[str]) -> str:
    """The names that each call lists; calls that list the same share a row."""
    weights = lists[0]["parameters()"]

    def cell(names: list[str]) -> str:
        others = [f"`{name}`" for name in names if name not in weights]
        all_weights = ["the weights"] * all(name in names for name in weights)
        return ", ".join((*all_weights, *others)) or "nothing"

    calls: dict[tuple[str, ...], list[str]] = {}
    for call in lists[0]:
        calls.setdefault(tuple(cell(listed[call]) for listed in lists), []).append(f"`{call}`")
    rows = [(", ".join(same), *cells) for cells, same in calls.items()]
    return markdown_table(("call", *titles), rows)
