"""Tables in Markdown, as all pages show small ones."""

import re
from collections.abc import Iterable, Sequence

RULES = {"l": "---", "r": "---:", "c": ":---:"}


def markdown_table(
    headers: Sequence[object], rows: Iterable[Sequence[object]], align: str | None = None
) -> str:
    """A table as GitHub Flavored Markdown: a line of headers, a rule, a line for each row.

    headers, and each row: one cell a column, any object, written as str() gives it. Markdown in a
    cell works; a pipe is escaped, also within code, and a line break becomes a space. align: one
    letter a column, l, r or c (default: all l). Raises ValueError for a row, or align, of another
    length than headers.
    """
    align = align or "l" * len(headers)
    if len(align) != len(headers) or not set(align) <= set(RULES):
        raise ValueError(f"align is {align!r}; it takes one of l, r, c for {len(headers)} columns")
    lines = [table_line(headers), "|" + "|".join(RULES[letter] for letter in align) + "|"]
    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"a row has {len(row)} cells for {len(headers)} columns: {row!r}")
        lines.append(table_line(row))
    return "\n".join(lines)


def table_line(cells: Iterable[object]) -> str:
    """One line of a table."""
    return "| " + " | ".join(escape_cell(str(cell)) for cell in cells) + " |"


def escape_cell(text: str) -> str:
    """A cell's text on one line, with each pipe behind a backslash."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.splitlines()))
