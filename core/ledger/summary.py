"""The ledger in a few lines: the rows that decide, for whole families of ways to hold a tensor."""

from collections.abc import Mapping

from core.charts.markdown_table import markdown_table
from core.ledger.cells import Cell

FAMILIES = {
    "a parameter": ("nn.Parameter",),
    "a frozen parameter": ("frozen parameter",),
    "a persistent buffer": ("register_buffer", "nn.Buffer"),
    "a buffer that is not persistent": ("not persistent",),
    "not registered": ("plain attribute", "list", "dict", "closure"),
}
DECIDES = {  # what is asked: the row that answers
    "moved by `.to(device)`": "moved by .to(device)",
    "cast by `.half()`": "cast by .half()",
    "in `state_dict()`": "in state_dict()",
    "changed by an optimizer": "changed by an optimizer step",
}


def summary(cells: Mapping[tuple[str, str], Cell]) -> str:
    """Markdown: what the cells {(row, column): Cell} have in the rows that decide."""
    rows = [
        (family, *(outcomes(cells, row, columns) for row in DECIDES.values()))
        for family, columns in FAMILIES.items()
    ]
    return markdown_table(("the tensor is …", *DECIDES), rows)


def outcomes(cells: Mapping[tuple[str, str], Cell], row: str, columns: tuple[str, ...]) -> str:
    """The outcome that all of the columns have in a row, or each that one of them has."""
    return " or ".join(dict.fromkeys(cells[row, column].outcome for column in columns))
