"""A training run in a few lines, for the top of a long page."""

import math

from core.charts.markdown_table import markdown_table
from core.training.modules import NORM
from core.training.reasons import number, share
from core.training.run import ModuleRun, TrainingRun


def summary(run: TrainingRun) -> str:
    """Markdown: of each module how training ended, and how far its mask is from its start."""
    rows = [
        (
            f"none: {module.name}" if module.name == NORM else module.name,
            number(module.losses[-1]),
            looking_ahead(module),
            what_became(module),
        )
        for module in run.modules.values()
    ]
    heads = ("the mask", "last loss", "attention on later tokens", "distance from its start")
    return markdown_table(heads, rows, "lrrr")


def looking_ahead(module: ModuleRun) -> str:
    """The share of attention on later tokens after the last step."""
    if not module.leaks:
        return "–"
    last = module.leaks[-1]
    return "`nan`" if math.isnan(last) else share(last)


def what_became(module: ModuleRun) -> str:
    """How far a module's mask is from its start, or its running mean."""
    name = "norm.running_mean" if module.name == NORM else "mask"
    words = "`running_mean`: " * (module.name == NORM)
    if not module.changed[name]:
        return f"{words}0, bit for bit"
    return f"{words}{number(module.drifts[name][-1])}"
