"""The ledger's short quiz, and the score of the long one as the link keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ledger.cells import run
from core.ledger.decisive import DECISIVE, SAYS
from core.ledger.holders import WAYS
from core.ledger.rows import FAST, ROWS
from core.ledger.scored import BY_CODE, SCORED, row_code
from core.settings.setting import URL_TEXT_LIMIT, SettingError

RIGHT = {  # by hand
    "move-plain": "no",
    "move-unsaved": "yes",
    "half-buffer": "yes",
    "half-int": "raises",
    "save-unsaved": "no",
    "save-frozen": "yes",
    "load-plain": "no",
    "step-buffer": "no",
    "decay-parameter": "yes",
    "copy-plain": "yes",
    "pickle-closure": "raises",
    "swap-list": "no",
}


def test_twelve_cells_are_asked_about():
    assert set(RIGHT) == set(DECISIVE) and len(DECISIVE) == 12
    assert set(RIGHT.values()) == set(SAYS)


@pytest.mark.parametrize("key", DECISIVE)
def test_a_decisive_cell_comes_out_as_written_down(key):
    asked = DECISIVE[key]
    cell = run(asked.row, asked.column)
    assert asked.row in FAST and cell.outcome == RIGHT[key] and cell.reason


def test_every_row_has_a_code_of_its_own():
    assert len(BY_CODE) == len(ROWS)
    assert row_code("moved by .to(device)") == row_code("moved by .to(device)")


ALL = [(row, way, answer) for row in ROWS for way in WAYS for answer in ROWS[row].answers]
CELLS = st.sampled_from(ALL)


@given(st.lists(st.tuples(CELLS, st.booleans()), max_size=40))
def test_a_score_comes_back_from_its_text(said):
    scores = {}
    for (row, way, answer), right in said:
        scores.setdefault(row, {})[way] = (answer, right)
    assert SCORED.read(SCORED.write(scores)) == scores


def test_the_score_of_all_cells_fits_into_a_link():
    answers = {row: dict.fromkeys(WAYS, (ROWS[row].answers[0], False)) for row in ROWS}
    text = SCORED.write(answers)
    assert len(text) < URL_TEXT_LIMIT / 2 and text.replace("_", "").replace(".", "").isalnum()


@pytest.mark.parametrize("text", ["x", "zzzz..........", f"{row_code('in buffers()')}9........."])
def test_another_text_is_refused_with_the_limit(text):
    with pytest.raises(SettingError, match="rows such as"):
        SCORED.parse(text)
