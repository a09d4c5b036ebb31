"""What came out of the ledger's experiments: a Cell for each row and each way to hold a tensor."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from core.ledger.holders import WAYS
from core.ledger.program import cell_script, program
from core.ledger.reasons import REASONS
from core.ledger.rows import FAST, NOTHING, ROWS
from core.ledger.slow_experiments import in_two_processes

WORDS: dict[bool | str, str] = {True: "yes", False: "no"}


@dataclass(frozen=True)
class Cell:
    """What came out of one row's experiment on one way of holding the tensor."""

    row: str
    column: str
    outcome: str
    detail: str

    @property
    def reason(self) -> str:
        reasons = REASONS[self.row]
        return reasons.get((self.outcome, self.column)) or reasons.get(
            self.outcome,
            "This differs from what was seen when the reasons were written, with PyTorch 2.13. "
            "The outcome counts.",
        )


def cell(row: str, column: str, seen: tuple[bool | str, str] | None) -> Cell:
    """The Cell of what an experiment returned."""
    if seen is None:
        return Cell(row, column, NOTHING, "there is no tensor")
    answer, detail = seen
    return Cell(row, column, WORDS.get(answer) or str(answer), detail)


def run(row: str, column: str) -> Cell:
    """Run cell_script(row, column) in this process and return its Cell."""
    script = cell_script(row, column)
    try:
        seen = script.run()["answer"]
    except Exception as error:
        return Cell(row, column, "raises", f"{type(error).__name__}: {error}")
    return cell(row, column, seen)


def fast_cells() -> tuple[Cell, ...]:
    """The Cells of all fast rows."""
    return tuple(run(row, column) for row in FAST for column in WAYS)


def slow_cells(report: Callable[[float, tuple[Cell, ...]], None], row: str) -> tuple[Cell, ...]:
    """The Cells of one slow row; reports those that are there so far. A job of a worker."""
    cells: list[Cell] = []

    def note(new: Cell) -> None:
        cells.append(new)
        report(len(cells) / len(WAYS), tuple(cells))

    if ROWS[row].distributed:
        lines = in_two_processes(program(row, WAYS))
        for column, line in zip(WAYS, lines, strict=True):
            note(cell(row, column, ast.literal_eval(line)))
    else:
        for column in WAYS:
            note(run(row, column))
    return tuple(cells)
