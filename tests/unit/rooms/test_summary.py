"""The summary against a workshop that is small enough to count by hand."""

import csv
import io

import pytest
from room_answers import send_answer

from core.rooms.questions import question_for, screen_at
from core.rooms.rooms import Rooms
from core.rooms.sqlite_store import SqliteStore
from core.rooms.summary import as_csv, as_markdown


@pytest.fixture
def results(tmp_path):
    """Two rounds of one question, revealed in between, and one that nobody answered."""
    store = SqliteStore(tmp_path / "rooms.sqlite3")
    ours = Rooms(store)
    code, key = ours.create()
    first = question_for("one", "**Does** it `move`?", ("yes", "no"), screen_at("State_dict?a=b"))
    ours.ask(code, key, first)
    for learner, choice in enumerate((0, 0, 1)):
        send_answer(ours, code, f"learner {learner}", 1, choice, 1)
    ours.reveal(code, key, 1, "It is a plain attribute.")
    ours.ask_again(code, key)
    for learner, choice in enumerate((1, 1, 1, 0)):
        send_answer(ours, code, f"learner {learner}", 2, choice, 1)
    ours.ask(code, key, question_for("two", "=1+1?", ("-2", "3"), screen_at("")))
    yield ours.summary(code, key)
    store.close()


def test_csv_has_a_row_for_each_option_of_each_round(results):
    rows = list(csv.DictReader(io.StringIO(as_csv(results))))
    assert [(row["round"], row["asked"], row["option"], row["answers"], row["happened"])
            for row in rows] == [
        ("1", "before the reveal", "yes", "2", "no"),
        ("1", "before the reveal", "no", "1", "yes"),
        ("2", "after the reveal", "yes", "1", "no"),
        ("2", "after the reveal", "no", "3", "yes"),
        ("1", "before the reveal", "'-2", "0", ""),
        ("1", "before the reveal", "3", "0", ""),
    ]  # fmt: skip
    assert rows[0]["question"] == "Does it `move`?" and rows[0]["screen"] == "/State_dict?a=b"
    assert rows[4]["question"] == "'=1+1?"  # no formula in a spreadsheet


def test_markdown_has_the_rounds_side_by_side_and_the_reason(results):
    text = as_markdown(results)
    assert "| option | round 1, before the reveal | round 2, after the reveal | happened |" in text
    assert "| yes | 2 | 1 | no |" in text and "| no | 1 | 3 | yes |" in text
    assert "**Why.** It is a plain attribute." in text
    assert "| 3 | 0 | not revealed |" in text


def test_nobody_is_in_a_summary(results):
    assert "learner" not in as_csv(results) + as_markdown(results)


def test_an_empty_workshop_says_so():
    assert "No question was asked." in as_markdown([])
    assert as_csv([]).count("\n") == 1
