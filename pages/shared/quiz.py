"""The ledger as a quiz: predict a row for the ten ways, reveal, keep score, see the reasons."""

from dataclasses import replace

import streamlit as st

from core.ledger_settings import LEDGER, SAYS, answer, score
from core.registration import ROWS, SLOW
from core.ways import WAYS
from pages.shared.ledger import row_cells
from pages.shared.widgets import widget


def panel():
    """The row's question, ten guesses, and what the revealed ones were worth."""
    marks = st.session_state.setdefault("quiz score", {})
    row = widget(LEDGER["quiz_row"], asks_anew=start_over)
    if row in SLOW:
        st.caption("A slow row: it runs in a worker process once you reveal something.")
    st.markdown(f"**Predict.** {ROWS[row].question} Answer for all ten ways, or for some.")
    asked = set(st.query_params.get_all("revealed"))
    cells = row_cells(row) if asked else {}
    guesses = {}
    for columns in (tuple(WAYS)[:5], tuple(WAYS)[5:]):
        pair = st.columns(5, gap="small")
        for place, column in zip(pair, columns, strict=True):
            with place.container(border=True):
                guesses[column] = one(row, column, cells, column in asked, marks)
    answered = [column for column, guess in guesses.items() if guess]
    fresh = [column for column in answered if column not in asked]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Reveal what you answered",
            type="primary",
            disabled=not fresh,
            help=None if fresh else "Answer for at least one more way first.",
            on_click=reveal,
            args=(answered,),
        )
        st.button("Clear this row", on_click=start_over)
        st.button("Next row", on_click=next_row, args=(row,))
    if any(marks.values()):
        st.markdown(f"**Score: {score(marks)}.** The first answer to a cell counts.")
        st.button("Start the score anew", on_click=begin_anew, args=(marks,))


def one(row, column, cells, revealed, marks):
    """One way: the guess, and what it was worth once it is revealed. Returns the guess."""
    setting = replace(LEDGER[SAYS[column]], options=ROWS[row].answers)
    if st.query_params.get(setting.name) not in (None, *setting.options):
        del st.query_params[setting.name]  # a word of another row's
    guess = widget(setting)
    if revealed and guess and cells:
        right, text = answer(guess, cells[column])
        marks.setdefault(row, {}).setdefault(column, right)
        st.markdown(
            f":{'green' if right else 'orange'}-badge[{'✓ right' if right else '✗ not so'}]"
        )
        st.markdown(text)
    return guess


def reveal(answered):
    st.query_params["revealed"] = answered


def start_over():
    """Forget the guesses at this row; the score stays."""
    st.query_params.pop("revealed", None)
    for name in SAYS.values():
        st.session_state[name] = None


def begin_anew(marks):
    marks.clear()
    start_over()


def next_row(row):
    rows = tuple(ROWS)
    st.session_state["quiz_row"] = rows[(rows.index(row) + 1) % len(rows)]
    start_over()
