"""The settings of the lesson on state, its first question, and what its quiz is scored by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.ledger.cells import Cell
from core.ledger.decisive import AT, CELL, TWELVE
from core.ledger.holders import WAYS
from core.ledger.rows import ROWS
from core.ledger.scored import SCORED
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, Verdict, prediction, verdict
from core.settings.setting import Choice, Listed, Setting, Several, Switch

OUTCOMES = tuple(dict.fromkeys(answer for row in ROWS.values() for answer in row.answers))
ASKED = (".half() on bool", "register_buffer")  # the cell that the page asks about first
QUESTION = (
    "A module holds a **bool** mask in a registered buffer, and `module.half()` runs. Is the mask "
    "float16 afterwards?"
)
GUESS_NAMES = {column: f"says_{Way.__name__}" for column, Way in WAYS.items()}  # the quiz's guesses

HALF_OF_BOOL = prediction("guess", "Your guess", ("yes", "no"), "ran", "Run the experiments")
VIEWS = TABLE, QUIZ = ("the table", "the quiz")
QUIZZES = SHORT, ALL = ("twelve to begin with", "all of them")
REVEALED = Several("revealed", "Ways that were revealed", options=tuple(WAYS), own=True)
LEDGER = catalogue(
    Choice("view", "Show", TABLE, options=VIEWS),
    PREDICT,
    HALF_OF_BOOL,
    Switch("all_rows", f"All {len(ROWS)} rows", False, "In groups, by what they are about."),
    Several(
        "rows",
        "Rows",
        help="What PyTorch does. None chosen: those that a first look needs, or all.",
        options=tuple(ROWS),
    ),
    Several("columns", "Columns", help="Ways to hold it. None chosen: all.", options=tuple(WAYS)),
    Switch(
        "slow",
        "Run the slow rows too",
        False,
        "torch.export, torch.compile, and DistributedDataParallel in two processes: some "
        "seconds, in a worker process that does not hold up other visitors.",
    ),
    Listed("row", "What PyTorch does", "moved by .to(device)", options=tuple(ROWS)),
    Listed("column", "How the tensor is held", "plain attribute", options=tuple(WAYS)),
    Listed("quiz_row", "The row to predict", "moved by .to(device)", options=tuple(ROWS)),
    REVEALED,
    Choice("cells", "Questions", SHORT, options=QUIZZES),
    AT,
    CELL,
    TWELVE,
    SCORED,
    (
        Choice(name, column, None, options=OUTCOMES, own=True)
        for column, name in GUESS_NAMES.items()
    ),
)


def ledger_for(row: str) -> dict[str, Setting]:
    """LEDGER for a quiz on this row: a guess is one of the row's own answers."""
    names, answers = GUESS_NAMES.values(), ROWS[row].answers
    guesses = {name: replace(LEDGER[name], options=answers) for name in names}
    return LEDGER | guesses


def chosen(values: Sequence[str], all_of_them: Iterable[str]) -> tuple[str, ...]:
    """The words of a Several in the order of all of them; none chosen stands for all."""
    return tuple(word for word in all_of_them if word in values or not values)


def cell_verdict(guess: str, cell: Cell) -> Verdict:
    """What a guess at a Cell's outcome was worth, and why it came out so."""
    return verdict(guess, cell.outcome, cell.reason)


def counts(guess: str, first: str | None, cell: Cell) -> str | None:
    """What the score has of an answer that is shown, where that is not plain; else None.

    first: this visitor's first answer to the Cell, or None if a link revealed it.
    """
    if first is None:
        return "A link revealed this, so it is not counted."
    if guess == first:
        return None
    right = "right" if cell_verdict(first, cell).right else "not so"
    return f"Your first answer counts: {first}, {right}."


def score(marks: Mapping[str, Mapping[str, bool]]) -> str:
    """The score in words, of {row: {column: right}}."""
    total = sum(map(len, marks.values()))
    right = sum(sum(row.values()) for row in marks.values())
    rows = len([row for row in marks.values() if row])
    return f"{right} of {total} right, in {rows} {'row' if rows == 1 else 'rows'}"
