"""What to keep of the ledger's experiments, in one sentence each; Markdown."""

from collections.abc import Iterable, Mapping

from core.ledger.cells import Cell
from core.ledger.holders import WAYS
from core.ledger.rows import NOTHING

FAMILIES = {  # ways to hold a tensor that are one thing to most rows
    "parameters": ("nn.Parameter", "frozen parameter"),
    "buffers": ("register_buffer", "nn.Buffer", "not persistent"),
    "persistent buffers": ("register_buffer", "nn.Buffer"),
    "what is not registered": ("plain attribute", "list", "dict", "closure"),
}


def cast_takeaway(cells: Mapping[tuple[str, str], Cell]) -> str:
    """Of the cells {(row, column): Cell} on `.half()`: what a cast reaches."""
    rows = ("cast by .half()", "yes"), (".half() on bool", "no"), (".half() on int64", "no")
    if any(cells[row, "register_buffer"].outcome != outcome for row, outcome in rows):
        return ""
    return (
        "A cast reaches registered tensors of floating point, and leaves whole numbers and bools."
    )


def row_takeaway(cells: Iterable[Cell]) -> str:
    """Of all Cells of one row: which outcome each way to hold the tensor had."""
    ways: dict[str, list[str]] = {}
    for cell in cells:
        ways.setdefault(cell.outcome, []).append(cell.column)
    ways.pop(NOTHING, None)
    if not ways:
        return ""
    if len(ways) == 1:
        return f"However the tensor is held: **{next(iter(ways))}**."
    said = "; ".join(f"**{outcome}** for {short(way)}" for outcome, way in ways.items())
    return f"**{said[2].upper()}{said[3:]}."


def short(columns: Iterable[str]) -> str:
    """Ways to hold a tensor in few words: whole families by their names, the others one by one."""
    left, named = [way for way in WAYS if way in columns], []
    for family, members in FAMILIES.items():
        if set(members) <= set(left):
            named.append(family)
            left = [way for way in left if way not in members]
    *others, last = [*named, *(f"*{way}*" for way in left)]
    return f"{', '.join(others)} and {last}" if others else last
