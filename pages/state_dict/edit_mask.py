"""Edit, save, load: which mask survives, and what that does to the output."""

import pandas as pd
import streamlit as st

from core.charts.byte_words import in_bytes
from core.charts.heatmap import describe_mask, heatmap
from core.inputs.embeddings import SIX_TOKENS
from core.settings.setting import SettingError
from core.state_dict import edit_mask
from core.state_dict.edit_mask import EditResult
from core.state_dict.reasons import survival_verdict
from core.state_dict.settings import STATE_DICT, SURVIVAL, cells_of
from core.state_dict.take_home import edit_script
from core.state_dict.takeaway import edit_takeaway
from core.workers.random_state import own_random_numbers
from pages.components import prediction
from pages.components.chart import chart
from pages.components.code import take_home
from pages.components.table_editor import edit_table
from pages.components.takeaway import show_takeaway
from pages.components.widgets import control_box, section, widget

MASK_HEIGHT = 180  # pixels
MASK_END = 2.0  # of the colour scale, in every edit: the largest number that an edit writes


@st.cache_resource(max_entries=64, show_spinner=False)
@own_random_numbers()
def run_edit(edit: str, cells: tuple, persistent: bool) -> list[edit_mask.EditResult]:
    """An EditResult for each variant, without and with a buffer; nobody changes them."""
    return edit_script(edit, cells, persistent).run()["outcomes"]


def show_edit(ask: bool) -> None:
    """The notebook's experiment, live; asks for a guess first if ask."""
    story = (
        "Build a module, edit its mask, save its `state_dict` to a file, and load the file into a "
        "fresh module. Which mask does the fresh one have: the edited one, or the one that it "
        "built itself?"
    )
    st.markdown(story)
    change = widget(STATE_DICT["change"])
    cells = ()
    if change == "paint":
        text = widget(STATE_DICT["cells"])
        try:
            cells = cells_of(STATE_DICT["cells"].check(text))
        except SettingError as error:
            st.error(f"{error} Change it above, and the experiment goes on.")
            return
        painting(text, cells)
    persistent = widget(STATE_DICT["edit_persistent"])
    name = "-".join(
        [change, *([] if persistent else ["unsaved"]), *(f"{query}{key}" for query, key in cells)]
    )
    held = "a persistent buffer" if persistent else "a buffer with `persistent=False`"
    question = (
        "Two modules get the same edit. One holds its mask as a plain attribute, the other as "
        f"{held}. Both are saved, and loaded into new modules. Which of these have the edit?"
    )
    if not prediction.gate(SURVIVAL, question, name, ask, context=story):
        return
    without, with_buffer = run_edit(change, cells, persistent)
    if ask:
        prediction.show(survival_verdict(prediction.guess_of(SURVIVAL), with_buffer, without))
    for column, variant, outcome in zip(
        st.columns(2, gap="large"),
        edit_mask.VARIANTS if persistent else edit_mask.UNSAVED,
        (without, with_buffer),
        strict=True,
    ):
        with column.container(border=True):
            show(variant.__name__, outcome)
    st.caption(
        "Queries go down, keys across. Before the edit, a mask has a 1 where a key is hidden from "
        "a query. `forward` hides a key wherever the mask's number is not 0."
    )
    show_takeaway(edit_takeaway(with_buffer, without))
    with section(STATE_DICT["edit_code"]) as opened:
        if opened.open:
            take_home(edit_script(change, cells, persistent), "edit")


def painting(text: str, cells: tuple[tuple[int, int], ...]) -> None:
    """The mask as a table of boxes to tick; what is ticked differs from a causal mask's cells.

    text: the cells as they stand in the text above the table.
    """
    start = [[(q, k) in cells for k in range(1, 7)] for q in range(1, 7)]
    tokens = [token for token, _ in SIX_TOKENS]

    def write(rows: list[tuple]) -> str:
        return " ".join(f"{q + 1}-{k + 1}" for q in range(6) for k in range(6) if rows[q][k])

    with control_box("painting"):
        edit_table(
            "painting",
            STATE_DICT["cells"],
            text,
            pd.DataFrame(start, index=pd.Index(tokens, name="query"), columns=tokens),
            write,
            alt="Cells of the mask to change, queries down, keys across, as in the text above",
        )


def show(name: str, outcome: EditResult) -> None:
    by_choice = name == edit_mask.NonPersistentBuffer.__name__
    kept = "survived" if outcome.survived else "was lost"
    kept += ": not saved, by choice" if by_choice and not outcome.survived else ""
    colour, icon = ("green", "check") if outcome.survived else ("red", "close")
    colour = "gray" if by_choice else colour
    st.markdown(f"## `{name}`")
    st.markdown(f":{colour}-badge[:material/{icon}: the edit {kept}]")
    tokens = [token for token, _ in SIX_TOKENS]
    masks = {"as it was edited": outcome.edited, "of the fresh module": outcome.restored}
    for column, (which, mask) in zip(st.columns(2, gap="small"), masks.items(), strict=True):
        numbers, nothing = mask.tolist(), [[False] * 6] * 6
        with column:
            st.markdown(f"**The mask {which}**")
            drawing = heatmap(numbers, tokens, "scores", nothing, MASK_END, MASK_HEIGHT)
            title = f"Mask of {name}, {which}"
            chart(drawing, title, describe_mask(numbers, tokens, title))
    output = "not that of the module before its edit"
    if not outcome.output_changed:
        output = "that of the module before its edit, bit for bit"
    leaks = ", ".join(tokens[token - 1] for token in outcome.leaks)
    st.markdown(
        f"- `load_state_dict` said: `{outcome.message}`\n"
        f"- The file has {in_bytes(outcome.nbytes)}.\n"
        f"- The output of the fresh module is {output}.\n"
        + (f"- Causality is gone for: {leaks}." if leaks else "- No token sees a later one.")
    )
