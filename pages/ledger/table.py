"""The ledger's table, its filters and downloads, and a cell from near: code, outcome, reason."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.ledger import cells as ledger_cells
from core.ledger.cells import Cell
from core.ledger.groups import FIRST, MANY, grouped, label_of
from core.ledger.holders import HELD, WAYS
from core.ledger.program import cell_script, holding_line
from core.ledger.rows import FAST, NOT_RUN, NOTHING, ROWS, SLOW
from core.ledger.settings import ASKED, HALF_OF_BOOL, LEDGER, QUESTION, cell_verdict, chosen
from core.ledger.summary import FAMILIES, summary
from core.ledger.take_home import as_csv, as_markdown
from core.ledger.takeaway import cast_takeaway, row_takeaway
from core.settings.setting import Setting
from pages.components import prediction, state
from pages.components.code import download, take_home
from pages.components.progress import work
from pages.components.takeaway import show_takeaway
from pages.components.widgets import in_link, widget

MARKS = {  # outcome: (sign, colour of the cell, colour of the badge); yes and no are neither good
    "yes": ("✓", "rgba(40, 110, 200, 0.24)", "blue"),
    "no": ("✗", "rgba(128, 128, 128, 0.16)", "gray"),
    "raises": ("!", "rgba(200, 40, 50, 0.28)", "red"),
    NOTHING: ("–", "transparent", "gray"),
    NOT_RUN: ("…", "transparent", "gray"),
}
OTHER = ("◆", "rgba(200, 120, 0, 0.24)", "orange")
LEGEND = (
    "✓ yes, it does. ✗ no, it does not. ! PyTorch raises an error. – there is no tensor. "
    "◆ another outcome, in words; *shared*: the copy has the module's own tensor. "
    "… not run so far."
)
INDEX_WIDTH = 185  # pixels
NEAR = """<style>
[data-testid=stLayoutWrapper]:has(> .st-key-near) { position: sticky; top: 0; z-index: 4; }
.st-key-near { background: var(--page); max-height: 45vh; overflow-y: auto; }
</style>"""


@st.cache_resource(show_spinner="Running the experiments …")
def fast_cells() -> dict[tuple[str, str], Cell]:
    """The Cells of the fast rows, by (row, column); run once for all visitors."""
    return {(cell.row, cell.column): cell for cell in ledger_cells.fast_cells()}


def row_cells(row: str) -> dict[str, Cell] | None:
    """The Cells of one row, by column, or None while a worker is still at it."""
    if row in FAST:
        return {column: fast_cells()[row, column] for column in WAYS}
    cells = work(f"row {row}", ledger_cells.slow_cells, row, live=so_far)
    return cells and {cell.column: cell for cell in cells}


def so_far(cells: Sequence[Cell]) -> None:
    """What a worker has found by now."""
    st.caption(", ".join(f"{cell.column}: {cell.outcome}" for cell in cells))


def show_ledger(ask: bool) -> None:
    """A summary, the table and a cell of it; asks for a guess at one cell first if ask."""
    code = f"{holding_line(ASKED[1])}\nmodule.half()"
    with st.container():  # also without a question, so that what follows keeps its place
        answered = prediction.gate(HALF_OF_BOOL, QUESTION, "half-bool", ask, code=code)
    if answered:
        with st.container():
            show_results(ask)


def show_results(ask: bool) -> None:
    """The summary, the table and a cell of it; what a guess was worth first if ask."""
    cells = dict(fast_cells())
    if ask:
        prediction.show(cell_verdict(prediction.guess_of(HALF_OF_BOOL), cells[ASKED]))
        show_takeaway(cast_takeaway(cells))
    in_short = {way for ways in FAMILIES.values() for way in ways}
    st.markdown(
        f"**In short**: {len(in_short)} of the {len(WAYS)} ways to hold the mask, in "
        f"{len(FAMILIES)} groups. The mask is float32 here; a bool one has a row of its own below."
    )
    st.markdown(summary(cells))
    st.caption(f"Not registered: {', '.join(FAMILIES['not registered'])}.")
    st.markdown(
        f"Each column is one of {len(WAYS)} ways to hold the mask, each row something that PyTorch "
        "does. **Choose a cell**, and the box above the table says why."
    )
    place = st.container()
    rows, columns = filters()
    cells |= slow_cells(rows)
    with place:
        show_tables(cells, rows, columns)
    download_tables([cells[r, c] for r in rows for c in columns if (r, c) in cells])
    st.header("One cell in detail", anchor=False)
    row, column = chosen_cell()
    near(cells, rows, row, column)


def show_tables(
    cells: Mapping[tuple[str, str], Cell], rows: Sequence[str], columns: Sequence[str]
) -> None:
    """The rows as one table, or as one for each group; a chosen cell's reason stays in sight."""
    st.html(NEAR)
    with st.container(border=True, key="near"):
        why(cells)
    groups = {"": rows} if len(rows) <= MANY else grouped(rows)
    for title, group in groups.items():
        if title:
            st.markdown(f"**{title}**")
        table(cells, group, columns, f"table {title}".strip())
    st.caption(LEGEND)


def why(cells: Mapping[tuple[str, str], Cell]) -> None:
    """The chosen cell in a few words: question, outcome, reason."""
    row, column = known(LEDGER["row"]), known(LEDGER["column"])
    cell = cells.get((row, column))
    sign, _, badge = MARKS.get(cell.outcome if cell else NOT_RUN, OTHER)
    st.markdown(f"{asked(row, column)} :{badge}-badge[{sign} {cell.outcome if cell else NOT_RUN}]")
    if cell:
        st.markdown(cell.reason)


def known(setting: Setting) -> str:
    """The value of a select box that is drawn further down."""
    value = state.value_in_session(setting.name)
    return value if setting.accepts(value) else str(in_link(setting))


def asked(row: str, column: str) -> str:
    """The question that a cell answers."""
    return f"The mask is **{HELD[column]}**. {ROWS[row].question}"


def filters() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(rows, columns) that the table has."""
    every = widget(LEDGER["all_rows"])
    left, right = st.columns(2, gap="medium")
    with left:
        rows = widget(LEDGER["rows"])
    with right:
        columns = widget(LEDGER["columns"])
    return chosen(rows, ROWS) if rows or every else FIRST, chosen(columns, WAYS)


def slow_cells(rows: Sequence[str]) -> dict[tuple[str, str], Cell]:
    """The Cells of the slow rows among these, as far as they are wanted and there."""
    cells, wanted = {}, [row for row in SLOW if row in rows]
    switched_on = widget(LEDGER["slow"], disabled=not wanted)
    if not wanted:
        st.caption(
            "The table has no slow row now, so there is none to run. To have them in it, switch on "
            f"*{LEDGER['all_rows'].label}*, or choose some under *{LEDGER['rows'].label}*."
        )
    if not switched_on:
        return {}
    for number, row in enumerate(wanted, start=1):
        place = st.container()
        with place:
            found = row_cells(row)
            if found is None:
                st.caption(f"Slow row {number} of {len(wanted)}: {row}")
                break
        cells |= {(row, column): cell for column, cell in found.items()}
    return cells


def table(
    cells: Mapping[tuple[str, str], Cell],
    rows: Sequence[str],
    columns: Sequence[str],
    key: str = "table",
) -> None:
    """The outcomes, by sign and word; choosing a cell shows it from near."""
    words = {column: [label(cells.get((row, column))) for row in rows] for column in columns}
    names = pd.Index([label_of(row) for row in rows], name="What PyTorch does")
    st.dataframe(
        pd.DataFrame(words, index=names).style.map(
            lambda text: f"background-color: {colour(text)}"
        ),
        height="content",
        row_height=32,
        on_select=lambda: take_cell(rows, key),
        selection_mode="single-cell",
        key=key,
        column_config={
            "_index": st.column_config.Column(width=INDEX_WIDTH, pinned=True),
            **{
                column: st.column_config.Column(width=width([column, *texts]))
                for column, texts in words.items()
            },
        },
    )


def width(texts: Sequence[str]) -> int:
    """Pixels of a column with these texts."""
    return max(64, 17 + 6 * max(map(len, texts)))


def take_cell(rows: Sequence[str], key: str) -> None:
    """A cell of the table was chosen: name it in the select boxes, and so in the link."""
    picked = state.edits_of(key)["selection"]["cells"]
    if picked and picked[0][1] in WAYS and picked[0][0] < len(rows):
        state.set_value(LEDGER["row"], rows[picked[0][0]])
        state.set_value(LEDGER["column"], picked[0][1])


def label(cell: Cell | None) -> str:
    outcome = cell.outcome if cell else NOT_RUN
    sign = MARKS.get(outcome, OTHER)[0]
    return sign if outcome == NOTHING else f"{sign} {outcome}"


def colour(text: str) -> str:
    return MARKS.get(text.partition(" ")[2] or NOTHING, OTHER)[1]


def download_tables(cells: Sequence[Cell]) -> None:
    """Downloads of what the table shows."""
    with st.container(horizontal=True):
        download("Table (.csv)", as_csv(cells), "ledger.csv", "text/csv")
        download("Table (.md)", as_markdown(cells), "ledger.md", "text/markdown")


def chosen_cell() -> tuple[str, str]:
    """(row, column), as the select boxes have them."""
    left, right = st.columns(2, gap="medium")
    with left:
        row = widget(LEDGER["row"])
    with right:
        column = widget(LEDGER["column"])
    return row, column


def near(cells: Mapping[tuple[str, str], Cell], rows: Sequence[str], row: str, column: str) -> None:
    """One cell: what came out, why, and the code that ran. rows: those that the table has."""
    st.markdown(asked(row, column))
    cell = cells.get((row, column))
    if cell is None:
        st.info(f"This row is a slow one. {waits_for(row in rows)}")
    else:
        outcome(cell)
        show_takeaway(row_takeaway(one for one in cells.values() if one.row == row))
    take_home(cell_script(row, column), "cell")


def waits_for(in_table: bool) -> str:
    """Why a slow row has no outcome so far."""
    if not in_table:
        return (
            "The table leaves it out. To run it, choose it under *Rows*, and switch on *Run the "
            "slow rows too*."
        )
    if not state.value_of(LEDGER["slow"]):
        return "It runs with *Run the slow rows too*, above the table."
    return "What came out stands here once it has run; see above the table."


def outcome(cell: Cell) -> None:
    """A Cell's outcome, what was seen, and the reason."""
    sign, _, badge = MARKS.get(cell.outcome, OTHER)
    st.markdown(f":{badge}-badge[{sign} {cell.outcome}]")
    st.markdown("What the run showed:")
    st.code(cell.detail, language=None, wrap_lines=True)
    st.markdown(cell.reason)
