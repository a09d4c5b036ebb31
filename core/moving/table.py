"""The ledger as a table: a row for each step, a column for each tensor or group of tensors."""

from core.attention.outcome import Outcome
from core.attention.tensor_table import TensorKind
from core.charts.markdown_table import markdown_table
from core.moving.timeline import MADE, Place, TimelineResult

ABSENT = "–"
BREAK, SPACE = (
    "\N{ZERO WIDTH SPACE}",
    "\N{NO-BREAK SPACE}",
)  # where a phone's line may end, and may not
WEIGHTS = "the weights"


def ledger(story: TimelineResult) -> tuple[str, str]:
    """(the table, the line below it), as Markdown: where every tensor was after every step.

    What a step changed is marked. Tensors with the same places share a column; the weights' is
    called so where all of them, and no other tensor, share it. A dtype is there where a step
    changed one.
    """
    steps = story.columns
    names = list(dict.fromkeys(name for step in steps for name in step.ledger))
    dtypes = {place.dtype for step in steps for place in step.ledger.values()}
    apart = on_another_device(story)
    columns: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        places = [step.ledger.get(name) for step in steps]
        cells = [
            cell(place, places[number - 1] if number else None, number, len(dtypes) > 1)
            for number, place in enumerate(places)
        ]
        if name in apart:
            device = steps[-1].ledger[name].device
            cells[-1] = cells[-1].replace(device, f":red-badge[:material/error: {device}]", 1)
        columns.setdefault(tuple(cells), []).append(name)
    weights = [
        name for name, place in steps[0].ledger.items() if place.kind == TensorKind.PARAMETER
    ]
    joined = len(weights) > 1 and weights in columns.values()
    heads = [WEIGHTS if joined and c == weights else in_code(c) for c in columns.values()]
    made = [
        f"{number}. {step.label.replace('(', '(' + BREAK)}" for number, step in enumerate(steps)
    ]
    if story.error:
        made[-1] += " :red-badge[:material/error: raised]"
    table = markdown_table(("after step", *heads), zip(made, *columns, strict=True))
    return table, (
        f"The device of each tensor{' and its dtype' * (len(dtypes) > 1)}, and, "
        "where it begins or changes, how the module holds it. An orange badge with an arrow marks "
        "what the step changed or made."
        + f" The weights are {in_code(weights)}; they share a column, since every step did the "
        "same to all of them."
        * joined
        + f" All numbers are {', '.join(dtypes)}." * (len(dtypes) == 1)
        + " `x` is the input of `forward`." * ("x" in names)
        + " `output` is what it returned." * ("output" in names)
        + f" {ABSENT} means: not there." * any(ABSENT in cells for cells in columns)
        + " A red badge marks the tensor that is not where the others are." * bool(apart)
    )


def in_code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def on_another_device(story: TimelineResult) -> list[str]:
    """The names of the tensors that a device error was about: those away from the weights."""
    if story.outcome is not Outcome.DEVICE_ERROR:
        return []
    last = story.columns[-1].ledger
    weights = last["W_query.weight"].device
    return [name for name, place in last.items() if place.device != weights]


def cell(place: Place | None, before: Place | None, number: int, dtype: bool) -> str:
    """A tensor's Place after a step, with badges on what is other than before it."""
    if place is None:
        return ABSENT
    made = place.kind in MADE.values()  # by this step, whatever was there before
    parts = [(place.device, before and before.device)]
    if dtype:
        parts.append((place.dtype, before and before.dtype))
    if not made and (before is None or place.kind != before.kind):
        parts.append((place.kind, before and before.kind))
    fresh = made or before is None
    said = " · ".join(
        f":orange-badge[→{SPACE if part == place.device else ' '}{part}]"
        if number and (fresh or part != was)
        else part
        for part, was in parts
    )
    return said.replace(" · :", " :").replace("] · ", "] ")  # a badge needs no dot beside it
