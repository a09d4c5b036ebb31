"""The cells of the ledger as tables to take home."""

from collections.abc import Iterable

from core.charts.markdown_table import markdown_table
from core.code import files
from core.ledger.cells import Cell
from core.ledger.rows import NOT_RUN


def as_csv(cells: Iterable[Cell]) -> str:
    """row, column, outcome, detail, reason: a line a Cell."""
    rows = ((c.row, c.column, c.outcome, c.detail, c.reason) for c in cells)
    return files.as_csv(("row", "column", "outcome", "detail", "reason"), rows)


def as_markdown(cells: Iterable[Cell]) -> str:
    """The outcomes as a Markdown table, rows by columns."""
    cells = tuple(cells)
    columns = list(dict.fromkeys(c.column for c in cells))
    rows: dict[str, dict[str, str]] = {}
    for c in cells:
        rows.setdefault(c.row, {})[c.column] = c.outcome
    table = [(row, *(seen.get(c, NOT_RUN) for c in columns)) for row, seen in rows.items()]
    return markdown_table(("", *columns), table) + "\n"
