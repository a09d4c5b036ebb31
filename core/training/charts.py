"""Charts of a TrainingRun. Every line has a colour and a dash, so that neither is needed alone."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import altair as alt
import torch

from core.charts import palette
from core.training.modules import BUFFER, NORM, PARAMETER, PLAIN, UNDECAYED
from core.training.run import TrainingRun

Style = tuple[str, list[int]]  # a colour and a dash
Numbers = Sequence[float | None]  # over steps; None for no gradient
What = Literal["drifts", "gradients"]

# Each colour has a dash, so that neither is needed alone. The buffer's line is wide,
# for the plain attribute's lies upon it; the mask's, since it is what the lesson is about.
WIDE = (BUFFER, "mask")
MODULE_STYLES: dict[str, Style] = {
    BUFFER: (palette.GREEN, [1, 0]),
    PLAIN: (palette.VERMILLION, [7, 7]),
    PARAMETER: (palette.BLUE, [1, 0]),
    UNDECAYED: (palette.SKY_BLUE, [9, 4]),
    NORM: (palette.PURPLE, [2, 2]),
}
TENSOR_STYLES: dict[str, Style] = {
    "mask": (palette.VERMILLION, [1, 0]),
    "W_query.weight": (palette.BLUE, [1, 0]),
    "W_key.weight": (palette.SKY_BLUE, [7, 3]),
    "W_value.weight": (palette.PURPLE, [2, 2]),
}
FEATURE_STYLES: dict[str, Style] = {
    "number 1": (palette.BLUE, [1, 0]),
    "number 2": (palette.ORANGE, [7, 3]),
    "number 3": (palette.PURPLE, [2, 2]),
}
MAX_DRAWN_POINTS = 100  # at most about so many points a line


def drawn_steps(count: int) -> list[int]:
    """Which of `count` entries are drawn: evenly, with the first and the last."""
    every = max(1, math.ceil((count - 1) / MAX_DRAWN_POINTS))
    return sorted({*range(0, count, every), count - 1})


def thinned(steps: int) -> str:
    """A sentence on which steps are drawn, where not all of them are."""
    every = drawn_steps(steps + 1)[1]
    if every == 1:
        return ""
    which = {2: "second", 3: "third", 4: "fourth"}[every]
    return f" Every {which} step is drawn, and the last."


def lines(
    series: Mapping[str, Sequence[float]],
    styles: Mapping[str, Style],
    title: str,
    *,
    log: bool = False,
    symlog: float | None = None,
    largest: float | None = None,
    x_title: str = "optimizer steps",
    absent: Collection[str] = (),
    legend_columns: int = 2,
    height: int = 340,
) -> alt.Chart:
    """Lines over steps. series: name -> sequence of numbers, from step 0.

    log: a logarithmic scale; largest: a scale from 0 to it; symlog: that scale is linear up to this
    number, and logarithmic beyond; absent: names without numbers, which the legend says.
    """
    names = [*series, *absent]
    count = max((len(values) for values in series.values()), default=0)
    shown = {name: f"{name}: no gradient" if name in absent else name for name in names}
    rows: list[dict[str, Any]] = [
        {"step": step, "line": shown[name], "value": values[step]}
        for name, values in series.items()
        for step in drawn_steps(len(values))
        if math.isfinite(values[step]) and (values[step] > 0 or not log)
    ]
    domain = [shown[name] for name in names]
    used = [styles[name] for name in names]
    axis = alt.Axis(labelFontSize=12, titleFontSize=12, labelOverlap="greedy")
    y = alt.Scale(type="log" if log else "linear", nice=not log)
    if largest:
        y = alt.Scale(domain=[0, largest], nice=False)
    if symlog:
        y.type, y.constant = "symlog", symlog
    if log or symlog:
        axis.labelExpr = "format(datum.value, '~g')"
        between = powers_of_ten(symlog, largest) if symlog and largest else []
        axis.values = [0, *between] if symlog else round_numbers(rows)
    wide = f"indexof({list(WIDE)}, datum.line) >= 0"
    return (
        alt.Chart(alt.Data(values=rows))  # ty: ignore[missing-attribute]
        .mark_line()
        .encode(
            x=alt.X(
                "step:Q",
                title=x_title,
                scale=alt.Scale(domain=[0, max(1, count - 1)], nice=False),
                axis=alt.Axis(tickMinStep=1, tickCount=6, format="d"),
            ),
            y=alt.Y("value:Q", title=title, scale=y, axis=axis),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=domain, range=[style[0] for style in used]),
                legend=alt.Legend(
                    title=None, orient="top", columns=legend_columns, labelLimit=300,
                    symbolSize=400, symbolStrokeWidth=3, labelFontSize=12,
                ),
            ),
            strokeDash=alt.StrokeDash(
                "line:N", scale=alt.Scale(domain=domain, range=[style[1] for style in used])
            ),
            strokeWidth=alt.when(wide)
            .then(alt.value(7))
            .when(alt.datum.line == PLAIN)  # upon the buffer's
            .then(alt.value(4))
            .otherwise(alt.value(2.5)),
            tooltip=[
                alt.Tooltip("line:N", title="line"),
                alt.Tooltip("step:Q"),
                alt.Tooltip("value:Q", format=".4g"),
            ],
        )
        .properties(height=height)
    )  # fmt: skip


def powers_of_ten(smallest: float, largest: float) -> list[float]:
    """At most about six powers of ten between two numbers, from the largest down."""
    low, high = (math.floor(math.log10(number)) for number in (smallest, largest))
    every = max(1, math.ceil((high - low + 1) / 6))
    return [float(f"1e{power}") for power in range(high, low - 1, -every)]


def round_numbers(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Ticks of a logarithmic scale, of 1, 2 and 5, or of 1 alone where there are many."""
    values = [row["value"] for row in rows] or [1.0]
    powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
    digits = (1, 2, 5) if len(powers) <= 3 else (1, 3) if len(powers) <= 5 else (1,)
    ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
    return [tick for tick in ticks if min(values) <= tick <= max(values)]


def scale_of(series: Iterable[Numbers]) -> tuple[float, float]:
    """(symlog, largest) for the numbers of some series: linear below the smallest power of ten."""
    sizes = [v for values in series for v in values if v is not None and 0 < v < math.inf]
    if not sizes:
        return 0.1, 1.0
    smallest = max(min(sizes), max(sizes) * 1e-6)
    return 10.0 ** math.floor(math.log10(smallest)), 1.1 * max(sizes)


def losses(by_module: Mapping[str, Sequence[float]]) -> alt.Chart:
    """Loss over steps, a line a module. by_module: name -> losses."""
    series = {name: by_module[name] for name in MODULE_STYLES if name in by_module}
    return lines(series, MODULE_STYLES, "loss (mean squared error)", log=True, height=400)


def leaks(run: TrainingRun) -> alt.Chart:
    """The share of attention on later tokens over steps, a line a module with attention."""
    series = {name: run.modules[name].leaks for name in MODULE_STYLES if name != NORM}
    _, largest = scale_of(series.values())
    title = "share of attention on later tokens"
    return lines(series, MODULE_STYLES, title, largest=min(1, largest), height=400)


def per_tensor(run: TrainingRun, names: Iterable[str], what: What) -> list[alt.Chart]:
    """One chart a module: a line a tensor, all on one scale. what: "drifts" or "gradients"."""
    columns: list[dict[str, Numbers]] = [getattr(run.modules[name], what) for name in names]
    symlog, largest = scale_of([values for column in columns for values in column.values()])
    title = {"drifts": "distance from the start", "gradients": "norm of the gradient"}[what]
    charts = []
    for column in columns:
        present = {
            key: [value for value in column[key] if value is not None]
            for key in TENSOR_STYLES
            if column[key][0] is not None
        }
        absent = [key for key in TENSOR_STYLES if key not in present]
        charts.append(
            lines(present, TENSOR_STYLES, title, symlog=symlog, largest=largest, absent=absent)
        )
    return charts


def above_the_diagonal(run: TrainingRun) -> alt.Chart:
    """The mask's mean above the diagonal over steps: with weight decay, and without."""
    series = {name: run.modules[name].above for name in (PARAMETER, UNDECAYED)}
    return lines(series, MODULE_STYLES, "mean of the mask above the diagonal")


def statistic(values: torch.Tensor, title: str) -> alt.Chart:
    """A running statistic over training steps, a line a feature. values: (steps + 1, d_in)."""
    series = {name: values[:, i].tolist() for i, name in enumerate(FEATURE_STYLES)}
    return lines(series, FEATURE_STYLES, title, legend_columns=3, height=300)


def statistic_afterwards(
    after: Sequence[tuple[str, Mapping[str, torch.Tensor]]], name: str
) -> alt.LayerChart:
    """A running statistic over the forward passes of after_training, with the mode behind it."""
    modes = [mode for mode, _ in after]
    values = {
        feature: [tensors[name][i].item() for _, tensors in after]
        for i, feature in enumerate(FEATURE_STYLES)
    }
    in_eval = modes.count("eval")
    bands: list[dict[str, Any]] = [
        {"from": 0, "to": in_eval, "mode": "eval()"},
        {"from": in_eval, "to": len(modes) - 1, "mode": "train(), no gradients"},
    ]
    # The modes stand on an axis, above the bands: frame.STYLE gives its text the theme's colour.
    above = alt.Axis(
        orient="top", title=None, ticks=False, domain=False, grid=False, labelFlush=False,
        labelFontSize=12, labelLimit=0, values=[(band["from"] + band["to"]) / 2 for band in bands],
        labelExpr=f"datum.value < {in_eval} ? '{bands[0]['mode']}' : '{bands[1]['mode']}'",
    )  # fmt: skip
    behind = alt.Chart(alt.Data(values=bands))
    band = behind.mark_rect(opacity=0.12).encode(  # ty: ignore[missing-attribute]
        x=alt.X("from:Q", axis=above),
        x2="to:Q",
        color=alt.when("datum.from > 0")
        .then(alt.value(palette.ORANGE))
        .otherwise(alt.value(palette.GREY)),
    )
    passes = lines(values, FEATURE_STYLES, name.partition(".")[2], legend_columns=3, height=300,
                   x_title="forward passes after training")  # fmt: skip
    return alt.layer(band, passes).resolve_axis(x="independent")  # ty: ignore[invalid-explicit-return]


def gaps(series: Mapping[str, Numbers]) -> str:
    """Which lines end, and where: a sentence, or an empty text where all numbers are finite."""
    broke = {
        name: next(
            (i for i, v in enumerate(values) if v is not None and not math.isfinite(v)), None
        )
        for name, values in series.items()
    }
    since = [f"{name} from step {step} on" for name, step in broke.items() if step is not None]
    if not since:
        return ""
    numbers = [v for values in series.values() for v in values if v is not None]
    what = "infinite or `nan`" if any(map(math.isinf, numbers)) else "`nan`"
    return f"Where a number is {what}, no line is drawn: {', '.join(since)}."


def describe_series(series: Mapping[str, Numbers], title: str) -> str:
    """Lines in words, for a screen reader: where each starts and ends. Zero stays said as 0."""
    parts = []
    for name, values in series.items():
        if values and values[0] is None:
            parts.append(f"{name} has none")
        elif values:
            parts.append(f"{name} from {values[0]:.3g} to {values[-1]:.3g}")
    return f"{title}, over {max(len(v) for v in series.values()) - 1} steps: {'; '.join(parts)}."
