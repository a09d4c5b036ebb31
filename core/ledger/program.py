"""A cell of the ledger as Python: what runs for it, and what both ranks of a row under DDP run."""

from collections.abc import Iterable

from core.code.building_blocks import DEVICE
from core.code.script import Needs, Part, Script
from core.code.source import last_line
from core.ledger import experiments, holders, slow_experiments
from core.ledger.holders import WAYS
from core.ledger.rows import ROWS


def cell_script(row: str, column: str) -> Script:
    """The Script of a cell: it prints what came out, or raises what was raised."""
    title = f"{row}: {column}"
    if ROWS[row].distributed:
        return Script(
            "answer = list(in_two_processes(PROGRAM))\n",
            (Needs(title, (slow_experiments,), "what is used", shown_first=True),),
            title,
            data=(Part(title, f"PROGRAM = '''\n{program(row, [column])}'''\n"),),
            report="print(*answer)\n",
            report_title=title,
        )
    call = f"{ROWS[row].experiment.__name__}({WAYS[column].__name__})"
    return Script(
        f"answer = {call}\n",
        (DEVICE, experiment_needs(title)),
        title,
        report="print(answer)\n",
        report_title=title,
    )


def holding_line(column: str) -> str:
    """The line with which a module holds its tensor, called `tensor` there."""
    return last_line(WAYS[column].hold)


def experiment_needs(title: str) -> Needs:
    """The ways to hold a tensor and the experiments, as far as a text uses them."""
    return Needs(title, (holders, experiments, slow_experiments), "what is used", shown_first=True)


def program(row: str, columns: Iterable[str]) -> str:
    """What both ranks run in a row under DDP."""
    ways = ", ".join(WAYS[column].__name__ for column in columns)
    name = ROWS[row].experiment.__name__
    call = f"as_rank(int(sys.argv[1]), sys.argv[2], {name}, [{ways}])\n"
    (only,) = Script(call, (experiment_needs("Both ranks"),), "Both ranks").parts()
    return only.text
