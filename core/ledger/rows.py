"""The ledger: what PyTorch does with a tensor, by the way in which a module holds it.

A row is a small experiment, a column a way to hold a tensor (core.ledger.holders). A Cell is what
came out when the one was run on the other. `snippet` writes a cell as Python that runs as pasted.
"""

import ast
import csv
import inspect
import io
import re
from dataclasses import dataclass

from core.device.source import device_source
from core.ledger import experiments as ledger_rows
from core.ledger import slow_experiments as ledger_slow
from core.ledger.holders import WAYS, Holder
from core.ledger.reasons import REASONS

NOT_RUN = "not run"
NOTHING = "not applicable"
ANSWERS = ("yes", "no", "raises", NOTHING)
ROLES = ("parameter", "buffer", "unsaved buffer", "constant", NOTHING)


@dataclass(frozen=True)
class Row:
    """An experiment, its question, and the outcomes that a learner may guess from."""

    name: str
    question: str
    experiment: object
    answers: tuple[str, ...] = ANSWERS

    @property
    def slow(self):
        return self.experiment.__module__ == ledger_slow.__name__

    @property
    def distributed(self):
        return "rank" in inspect.signature(self.experiment).parameters


ROWS = {
    row.name: row
    for row in (
        Row("moved by .to(device)", "Does `module.to(device)` move it?", ledger_rows.moved_by_to),
        Row("cast by .half()", "Does `module.half()` cast it, a float32 tensor?",
            ledger_rows.cast_by_half),
        Row("cast by .to(float64)", "Does `module.to(torch.float64)` cast it, a float32 tensor?",
            ledger_rows.cast_by_to),
        Row(".half() on int64", "Does `module.half()` cast it, an int64 tensor?",
            ledger_rows.half_of_integers),
        Row(".half() on bool", "Does `module.half()` cast it, a bool tensor?",
            ledger_rows.half_of_booleans),
        Row("in state_dict()", "Is it in `module.state_dict()`?", ledger_rows.in_state_dict),
        Row("restored by load_state_dict()", "Does `load_state_dict` bring its saved values back?",
            ledger_rows.restored),
        Row("in parameters()", "Is it among `module.parameters()`?", ledger_rows.in_parameters),
        Row("in buffers()", "Is it among `module.buffers()`?", ledger_rows.in_buffers),
        Row("in nested named_buffers()",
            "Does `named_buffers(recurse=True)` of an outer module show it?",
            ledger_rows.in_nested_buffers),
        Row("receives a gradient", "Does `backward()` leave a gradient in it?",
            ledger_rows.receives_gradient),
        Row("cleared by zero_grad()", "A gradient was left in it. Does "
            "`module.zero_grad(set_to_none=True)` clear that?", ledger_rows.cleared_by_zero_grad),
        Row("changed by an optimizer step",
            "Does a step of SGD over `module.parameters()` change it?",
            ledger_rows.changed_by_optimizer),
        Row("shrunk by weight decay", "Does AdamW's weight decay shrink it?",
            ledger_rows.shrunk_by_weight_decay),
        Row("survives deepcopy", "Does `copy.deepcopy(module)` have an equal one of its own?",
            ledger_rows.survives_deepcopy, (*ANSWERS, "shared")),
        Row("survives pickling", "Does it come back when the whole module is pickled?",
            ledger_rows.survives_pickling),
        Row("taken off meta by to_empty()",
            'Built on `meta`: does `module.to_empty(device="cpu")` give it memory?',
            ledger_rows.filled_by_to_empty),
        Row("swapped by functional_call()",
            'Does `functional_call(module, {"mask": other}, x)` compute with the other tensor?',
            ledger_rows.swapped_by_functional_call),
        Row("role in torch.export", "What does `torch.export` keep it as?",
            ledger_slow.role_in_export, ROLES),
        Row("under torch.compile", "What is it to the graph that `torch.compile` captures?",
            ledger_slow.under_compile, ("input", "constant", "raises", NOTHING)),
        Row("sent by DDP at the start",
            "Does building `DistributedDataParallel` send rank 0's values to rank 1?",
            ledger_slow.sent_at_start),
        Row("sent by DDP before a forward",
            "The ranks differ again. Does a forward pass send rank 0's values to rank 1?",
            ledger_slow.sent_before_forward),
    )
}  # fmt: skip
FAST = tuple(name for name, row in ROWS.items() if not row.slow)
SLOW = tuple(name for name, row in ROWS.items() if row.slow)


@dataclass(frozen=True)
class Cell:
    """What came out of one row's experiment on one way of holding the tensor."""

    row: str
    column: str
    outcome: str
    detail: str

    @property
    def reason(self):
        reasons = REASONS[self.row]
        return reasons.get((self.outcome, self.column)) or reasons.get(
            self.outcome,
            "This differs from what was seen when the reasons were written, with PyTorch 2.13. "
            "The outcome counts.",
        )


def cell(row, column, seen):
    """The Cell of what an experiment returned."""
    if seen is None:
        return Cell(row, column, NOTHING, "there is no tensor")
    answer, detail = seen
    return Cell(row, column, {True: "yes", False: "no"}.get(answer, answer), detail)


def run(row, column):
    """Run one experiment in this process and return its Cell."""
    try:
        seen = ROWS[row].experiment(WAYS[column])
    except Exception as error:
        return Cell(row, column, "raises", f"{type(error).__name__}: {error}")
    return cell(row, column, seen)


def fast_cells():
    """The Cells of all fast rows."""
    return tuple(run(row, column) for row in FAST for column in WAYS)


def slow_cells(report, row):
    """The Cells of one slow row; reports those that are there so far. A job of a worker."""
    cells = []

    def note(new):
        cells.append(new)
        report(len(cells) / len(WAYS), tuple(cells))

    if ROWS[row].distributed:
        lines = ledger_slow.in_two_processes(program(row, WAYS))
        for column, line in zip(WAYS, lines, strict=True):
            note(cell(row, column, ast.literal_eval(line)))
    else:
        for column in WAYS:
            note(run(row, column))
    return tuple(cells)


# ------------------------------------------------------------------------------ as code

MODULES = "contextlib copy os pickle socket subprocess sys tempfile threading".split()


def with_imports(text, string=""):
    """text, with a string in front of it, below the imports that text needs."""
    used = [f"import {name}" for name in MODULES if re.search(rf"\b{name}\.", text)]
    if "timedelta" in text:
        used.append("from datetime import timedelta")
    third = [line for line, name in (("import torch", r"\btorch\."),
             ("from torch import nn", r"(?<!torch\.)\bnn\.")) if re.search(name, text)]  # fmt: skip
    return (
        "\n\n".join("\n".join(lines) for lines in (used, third) if lines) + "\n\n\n" + string + text
    )


def pieces(row, columns):
    """The sources of a row's experiment and of the ways to hold the tensor."""
    classes = (Holder, *(WAYS[column] for column in columns))
    return "\n\n".join(inspect.getsource(part) for part in (*classes, ROWS[row].experiment))


def program(row, columns):
    """What both ranks run in a row under DDP."""
    ways = ", ".join(WAYS[column].__name__ for column in columns)
    name = ROWS[row].experiment.__name__
    return with_imports(
        f"{pieces(row, columns)}\n\n{inspect.getsource(ledger_slow.as_rank)}\n\n"
        f"as_rank(int(sys.argv[1]), sys.argv[2], {name}, [{ways}])\n"
    )


def snippet(row, column):
    """A cell as Python that prints what came out, or raises what was raised. For the row that
    moves the module, the simulated device's source has to stand above it."""
    if ROWS[row].distributed:
        starts = inspect.getsource(ledger_slow.in_two_processes)
        return with_imports(
            f"{starts}\n\nprint(*in_two_processes(PROGRAM))\n",
            f"PROGRAM = '''\n{program(row, [column])}'''\n\n\n",
        )
    call = f"{ROWS[row].experiment.__name__}({WAYS[column].__name__})"
    return with_imports(f"{pieces(row, [column])}\n\nprint({call})\n")


def parts(row, column):
    """(title, source) of each piece that reproduces a cell, in the order to run them."""
    piece = (f"{row}: {column}", snippet(row, column))
    needs_device = "register()" in piece[1]
    return [("The simulated device", device_source())] * needs_device + [piece]


# ------------------------------------------------------------------------- to take home


def as_csv(cells):
    """row, column, outcome, detail, reason: a line a Cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("row", "column", "outcome", "detail", "reason"))
    writer.writerows((c.row, c.column, c.outcome, c.detail, c.reason) for c in cells)
    return text.getvalue()


def as_markdown(cells):
    """The outcomes as a Markdown table, rows by columns."""
    columns = list(dict.fromkeys(c.column for c in cells))
    rows = {}
    for c in cells:
        rows.setdefault(c.row, {})[c.column] = c.outcome
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row, outcomes in rows.items():
        lines.append(f"| {row} | {' | '.join(outcomes.get(c, NOT_RUN) for c in columns)} |")
    return "\n".join(lines) + "\n"
