"""The ledger as a quiz: predict a row for all ways, reveal, keep score, see the reasons."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ledger.cells import Cell
from core.ledger.holders import WAYS
from core.ledger.rows import FAST, ROWS, SLOW
from core.ledger.scored import SCORED
from core.ledger.settings import (
    ALL,
    GUESS_NAMES,
    LEDGER,
    cell_verdict,
    counts,
    ledger_for,
    score,
)
from core.settings.setting import Setting
from pages.components import state
from pages.components.widgets import in_link, put_in_link, widget
from pages.ledger.table import fast_cells, row_cells
from pages.ledger.twelve import show_cell, show_twelve

Marks = dict[str, dict[str, bool]]  # row: {column: whether the first answer was right}
First = dict[str, dict[str, str | None]]  # row: {column: the first answer}
WAYS_IN_A_ROW = 5  # of the page


def catalogue() -> dict[str, Setting]:
    """The page's settings, with the answers of the row that the quiz is at."""
    name = "quiz_row"
    row = state.value_in_session(name) or st.query_params.get(name)
    return ledger_for(row if row in ROWS else LEDGER[name].default)


def which_quiz() -> str:
    """Draw the choice: twelve questions, or all of them.

    A link from before there were twelve gets the word for all, which others may then follow.
    """
    cells, old = LEDGER["cells"], {"quiz_row", "revealed", *GUESS_NAMES.values()}
    link = {*st.query_params}
    if not state.is_drawn(cells.name) and cells.name not in link and old & link:
        put_in_link(cells.name, ALL, cells.default)
        state.set_value(cells, ALL)
    return str(widget(cells))


def show_quiz(which: str) -> None:
    """The questions that were chosen."""
    if which == ALL:
        show_rows()
    else:
        show_twelve()


def show_rows() -> None:
    """The row's question, a guess a way, and what the revealed ones were worth.

    Counted are the first answers that were revealed here, and those that the link has as counted.
    Kept of each cell: in "quiz first" that answer, or None where a link revealed the cell; in
    "quiz score" its mark.
    """
    marks = state.QUIZ_SCORE.get()
    first = state.QUIZ_FIRST.get()
    take_score(marks, first)
    row = widget(LEDGER["quiz_row"], on_change=start_over)
    if row in SLOW:
        st.caption("A slow row: it runs in a worker process once you reveal something.")
    st.markdown(f"**Predict.** {ROWS[row].question} Answer for all {len(WAYS)} ways, or for some.")
    asked = set(st.query_params.get_all("revealed"))
    cells = row_cells(row) if asked else {}
    guesses = {}
    for column, place in zip(WAYS, places(len(WAYS)), strict=True):
        with place.container(border=True):
            guesses[column] = one(row, column, cells, column in asked, first, marks)
    answered = [column for column, guess in guesses.items() if guess]
    if not asked <= set(answered):  # a link revealed what it has no fit guess at
        asked &= set(answered)
        show_revealed([column for column in answered if column in asked])
    fresh = [column for column in answered if column not in asked]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Reveal what you answered",
            type="primary",
            disabled=not fresh,
            help=None if fresh else "Answer for at least one more way first.",
            on_click=reveal,
            args=(row, answered, fresh, first),
        )
        st.button("Clear this row", on_click=start_over)
        st.button("Next row", on_click=next_row, args=(row,))
    keep_score(marks, first)
    if any(marks.values()):
        st.markdown(f"**Score: {score(marks)}.** The first answer to a cell counts.")
        left = len(ROWS) * len(WAYS) - sum(map(len, marks.values()))
        st.caption(f"{left} of {len(ROWS) * len(WAYS)} cells are to go." if left else "All done.")
        show_missed(marks)
        st.button("Start the score anew", on_click=begin_anew, args=(marks, first))


def take_score(marks: Marks, first: First) -> None:
    """Take the first answers over that the link has as counted: a reload keeps the score.

    Whether they were right is asked of the fast rows; of a slow one, which may not have run here,
    the link says it.
    """
    for row, cells in SCORED.read(in_link(SCORED)).items():
        for column, (said, right) in cells.items():
            if row in FAST:
                right = said == fast_cells()[row, column].outcome
            first.setdefault(row, {})[column] = said
            marks.setdefault(row, {})[column] = right


def keep_score(marks: Marks, first: First) -> None:
    """Keep the first answers that count in the link."""
    counted = {
        row: {column: (str(first[row][column]), right) for column, right in cells.items()}
        for row, cells in marks.items()
    }
    put_in_link(SCORED.name, SCORED.write(counted), SCORED.default)


def show_missed(marks: Marks) -> None:
    """Buttons to the cells that were missed, folded away: there may be many."""
    missed = [(row, column) for row, cells in marks.items() for column in cells
              if not cells[column]]  # fmt: skip
    if missed:
        with st.expander(f"Missed: {len(missed)}"):
            for row, column in missed:
                st.button(f"{row}: {column}", key=f"missed {row} {column}", on_click=show_cell,
                          args=(row, column))  # fmt: skip


def places(count: int) -> list[DeltaGenerator]:
    """So many places on the page, five to a row. They are filled from the left."""
    return [
        place
        for _ in range(0, count, WAYS_IN_A_ROW)
        for place in st.columns(WAYS_IN_A_ROW, gap="small")
    ][:count]


def one(
    row: str,
    column: str,
    cells: Mapping[str, Cell] | None,
    revealed: bool,
    first: First,
    marks: Marks,
) -> str | None:
    """One way: the guess, and what it was worth once it is revealed. Returns the guess."""
    guess = widget(ledger_for(row)[GUESS_NAMES[column]])
    if revealed and guess and cells:
        cell = cells[column]
        verdict = cell_verdict(guess, cell)
        counted = first.setdefault(row, {}).setdefault(column, None)
        if counted:
            marks.setdefault(row, {})[column] = bool(cell_verdict(counted, cell).right)
        badge = "green-badge[✓ right]" if verdict.right else "orange-badge[✗ not so]"
        st.markdown(f":{badge}")
        st.markdown(verdict.text)
        note = counts(guess, counted, cell)
        if note:
            st.caption(note)
    return guess


def reveal(row: str, answered: Sequence[str], fresh: Sequence[str], first: First) -> None:
    """Show these ways; what is answered to the fresh ones counts, if it is the first answer."""
    for column in fresh:
        guess = state.value_in_session(GUESS_NAMES[column])
        if guess:  # it is gone if the row was changed in the same moment
            first.setdefault(row, {}).setdefault(column, guess)
    show_revealed(answered)


def show_revealed(columns: Sequence[str]) -> None:
    if columns:
        st.query_params["revealed"] = columns
    else:
        st.query_params.pop("revealed", None)


def start_over() -> None:
    """Forget the guesses at this row; the score stays."""
    st.query_params.pop("revealed", None)
    for name in GUESS_NAMES.values():
        state.forget(LEDGER[name])


def begin_anew(marks: Marks, first: First) -> None:
    marks.clear()
    first.clear()
    st.query_params.pop(SCORED.name, None)
    start_over()


def next_row(row: str) -> None:
    rows = tuple(ROWS)
    state.set_value(LEDGER["quiz_row"], rows[(rows.index(row) + 1) % len(rows)])
    start_over()
