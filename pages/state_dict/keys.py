"""Four ways to hold the mask: their state_dict keys side by side, and who lists what."""

import streamlit as st

from core.attention.tensor_table import TensorRow, tensor_rows
from core.charts.markdown_table import markdown_table
from core.state_dict.keys import HELD_AS
from core.state_dict.reasons import keys_verdict
from core.state_dict.settings import IN_STATE, STATE_DICT
from core.state_dict.take_home import holding_lines, keys_script
from core.state_dict.takeaway import keys_takeaway
from core.workers.random_state import own_random_numbers
from pages.components import prediction
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section

Listing = dict[str, list[str]]  # a call -> the names that it lists
Table = dict[str, TensorRow]
HELD = "the mask is …"


@own_random_numbers()
def run_keys() -> tuple[list[Listing], list[Table]]:
    """Who lists what in the four modules, and {name: TensorRow} of each."""
    names = keys_script().run()
    tables = [{row.name: row for row in tensor_rows(model)} for model in names["models"].values()]
    return list(names["lists"].values()), tables


def show_keys(ask: bool) -> None:
    """The keys, the four sets and the code; asks for a guess first if ask."""
    four = (
        "The same attention module, with its mask held in four ways: a plain attribute, a "
        "persistent buffer, a non-persistent buffer, an `nn.Buffer`."
    )
    st.markdown(four)
    question = "How many of the four have `mask` in their `state_dict`?"
    code = holding_lines()
    if not prediction.gate(IN_STATE, question, "four", ask, context=four, code=code):
        return
    lists, tables = run_keys()
    if ask:
        prediction.show(keys_verdict(prediction.guess_of(IN_STATE), lists))
    st.markdown("**What the `state_dict` has**")
    weights = lists[0]["parameters()"]
    st.markdown(keys_table(tables, weights))
    st.markdown("**Which call lists which tensor**")
    st.markdown(lists_table(lists, weights))
    show_takeaway(keys_takeaway(dict(zip(HELD_AS, lists, strict=True))))
    with section(STATE_DICT["keys_code"]) as opened:
        if opened.open:
            take_home(keys_script(), "keys")


def keys_table(tables: list[Table], weights: list[str]) -> str:
    """A row for each module: what its state_dict has of each tensor, or that it has nothing.

    Tensors that are the same in every module share a column.
    """

    def cell(row: TensorRow) -> str:
        return f"saved, {row.bytes} bytes" if row.in_state_dict else ":gray-badge[not saved]"

    names: dict[tuple[str, ...], list[str]] = {}
    for name in tables[0]:
        names.setdefault(tuple(cell(table[name]) for table in tables), []).append(name)
    heads = ["each weight" if same == weights else in_code(same) for same in names.values()]
    return markdown_table((HELD, *heads), zip(HELD_AS, *names, strict=True))


def lists_table(lists: list[Listing], weights: list[str]) -> str:
    """A row for each module: the names that each call lists; calls that list the same share a
    column.
    """

    def cell(names: list[str]) -> str:
        others = [f"`{name}`" for name in names if name not in weights]
        all_weights = ["the weights"] * all(name in names for name in weights)
        return ", ".join((*all_weights, *others)) or "nothing"

    calls: dict[tuple[str, ...], list[str]] = {}
    for call in lists[0]:
        calls.setdefault(tuple(cell(listed[call]) for listed in lists), []).append(call)
    return markdown_table((HELD, *map(in_code, calls.values())), zip(HELD_AS, *calls, strict=True))


def in_code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
