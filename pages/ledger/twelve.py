"""The short quiz of the ledger: twelve cells that decide, one after the other."""

import functools

import streamlit as st

from core.ledger.decisive import AT, CELL, DECISIVE, TWELVE
from core.ledger.program import holding_line
from core.ledger.settings import LEDGER, TABLE, cell_verdict
from core.ledger.takeaway import row_takeaway
from pages.components import quiz, state
from pages.components.prediction import gate, guess_of, show
from pages.components.start_of import start_of
from pages.components.takeaway import show_takeaway
from pages.components.widgets import in_link
from pages.ledger.table import fast_cells

PAGE = "pages/4_What_is_state.py"
KEYS = tuple(DECISIVE)


def show_twelve() -> None:
    """One cell, and the summary of all. The first answer counts, and the link keeps it."""
    at = in_link(AT) - 1
    asked = DECISIVE[KEYS[at]]
    start_of(asked.key)
    quiz.steps(KEYS, at, go, f"**Question {at + 1} of {len(KEYS)}**")
    if gate(CELL, asked.question, asked.key, predict=True, code=holding_line(asked.column)):
        cell = fast_cells()[asked.row, asked.column]
        said = guess_of(CELL)
        first = quiz.keep_first(TWELVE, asked.key, said)
        show(cell_verdict(said, cell))
        if first != said:
            st.caption(f"Your first answer counts: {first}.")
        st.markdown("**What it showed**")
        st.code(cell.detail, language=None, wrap_lines=True)
        of_row = (one for one in fast_cells().values() if one.row == asked.row)
        show_takeaway(row_takeaway(of_row))
        st.button("The code, and the other ways", icon=":material/grid_on:", type="tertiary",
                  on_click=show_cell, args=(asked.row, asked.column))  # fmt: skip
    quiz.summary(answered(), go, start_over)


def answered() -> list[quiz.Answered]:
    """The twelve cells, as they were answered first."""
    first = quiz.answers_in_link(TWELVE)
    return [
        quiz.Answered(
            one.question,
            first[key] == fast_cells()[one.row, one.column].outcome if key in first else None,
            PAGE,
            "the cell from near",
            {},
            functools.partial(show_cell, one.row, one.column),
        )
        for key, one in DECISIVE.items()
    ]


def show_cell(row: str, column: str) -> None:
    """In a callback: the table, and a cell of it from near."""
    where = {"view": TABLE, "predict": "false", "row": row, "column": column}
    quiz.show_screen(LEDGER, {**where, "rows": [row]})


def go(at: int) -> None:
    """Show another cell, with the first answer to it."""
    said = quiz.answers_in_link(TWELVE).get(KEYS[at])
    quiz.go_to(CELL, KEYS[at], said, at="" if at == 0 else str(at + 1))


def start_over() -> None:
    """Forget all answers."""
    st.query_params.pop(TWELVE.name, None)
    state.forget(CELL.guess)
    go(0)
