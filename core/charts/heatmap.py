"""Attention scores and weights as Altair heatmaps, with the same values in words.

Meaning never rests on colours alone: masked cells say −∞, and values stand in the cells while
these are wide enough.
"""

import functools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import pyarrow as pa

from core.charts.palette import CELL_EDGE, HOVERED, MASKED, SCALES
from core.charts.pooling import Matrix
from core.charts.vega_spec import Spec, as_spec, filled, legend
from core.inputs.embeddings import shorten_token

Kind = Literal["scores", "weights"]
Extreme = tuple[float, str, str]  # value, query, key: the tokens by their names

MAX_PRINTED_TOKENS = 10  # tokens; beyond, the cells are too small for numbers
MAX_SMALL_PRINTED_TOKENS = 6  # tokens; the same for a heatmap that stands beside others
LABEL, SMALL_LABEL = 12, 8  # characters of a token on an axis; of a small heatmap
STEEP_TOKENS = 6  # tokens; beyond, names above the columns stand steeper, clear of each other
NAMED_CELLS = 6  # cells of a mask that a sentence names
MAX_CELL_TOKENS = 16  # tokens; beyond, a picture takes the place of rectangles
HOVERED_ROW = alt.selection_point(
    name="hovered",
    fields=["query"],
    on="pointerover",
    clear="pointerout",
    # Heatmaps are separate pictures. Each writes the hovered query to the page's body and
    # listens there, which Vega calls binding to an external element; so all rows light up.
    bind={"query": alt.BindDirect(element="body", event="buffer-lab-query")},  # ty: ignore[invalid-argument-type]
)


def token_labels(tokens: Sequence[str], length: int = LABEL) -> list[str]:
    """Axis labels: printable, unique, and of at most `length` characters.

    A token that others look like gets its position, and keeps fewer of its letters for it.
    """
    short = [shorten_token(token, length) for token in tokens]
    times = Counter(short)
    return [
        text if times[text] == 1 else f"{shorten_token(token, length - len(f' ({i})'))} ({i})"
        for i, (token, text) in enumerate(zip(tokens, short, strict=True), start=1)
    ]


def heatmap(
    values: Sequence[Sequence[float]],
    tokens: Sequence[str],
    kind: Kind,
    masked: Sequence[Sequence[bool]] | None = None,
    largest: float | None = None,
    height: int | None = None,
) -> Spec:
    """A T×T heatmap, queries down and keys across, as a Vega-Lite dict ready to be sent.

    values: T rows of T numbers, -inf allowed; tokens: T strings; kind: "scores" or "weights";
    masked: T rows of T booleans, True where the mask hides a key (default: where -inf); largest:
    the end of the colour scale of scores (default: the largest that is shown); height: in pixels,
    by default what the tokens ask for. With a height it is one of several small ones: axes have no
    titles, and numbers are smaller.
    """
    labels = token_labels(tokens)
    masked = masked or [[value == -math.inf for value in row] for row in values]
    shown = [v for r, m in zip(values, masked, strict=True) for v, h in zip(r, m, strict=True)
             if not h and math.isfinite(v)]  # fmt: skip
    largest = largest or max((abs(value) for value in shown), default=0) or 1.0
    lowest, highest = (-largest, largest) if kind == "scores" else (0, 1)
    cells = [
        {
            "row": i,
            "column": j,
            "query": labels[i],
            "key": labels[j],
            "value": value if math.isfinite(value) else None,
            "text": cell_text(value, 2),
            "exact": cell_text(value, 6),
            "masked": hidden,
            "light": hidden or is_dark(value, kind, largest),
        }
        for i, (row, row_masked) in enumerate(zip(values, masked, strict=True))
        for j, (value, hidden) in enumerate(zip(row, row_masked, strict=True))
    ]
    if height:
        labels = token_labels(tokens, SMALL_LABEL)
    parameters = {"labels": labels, "lowest": float(lowest), "highest": float(highest)}
    tables = {"cells": pa.Table.from_pylist(cells)}
    return filled(heatmap_template(kind, len(tokens), height), parameters, tables)


@functools.cache
def heatmap_template(kind: Kind, size: int, height: int | None = None) -> Spec:
    """A heatmap of `size` tokens without its values: these are parameters and a table.

    To build and check a chart takes longer than all else of a rerun, so it is done once.
    """
    ends = [alt.ExprRef("lowest"), alt.ExprRef("highest")]
    scale = alt.Scale(range=SCALES[kind], domain=ends, clamp=True)
    printed = prints_numbers(size, bool(height))
    axis: dict[str, Any] = {
        "labelExpr": "labels[datum.value]",
        "labelFontSize": max(11, height // 16) if height else 13,
        "labelOverlap": False if printed else "greedy",  # leave labels out only of many
        "labelPadding": 6,
        # Streamlit's theme moves the first label off its row's middle, and cuts labels at 100
        # pixels, which would take a position's end away.
        "labelFlush": False,
        "labelLimit": 0,
    }
    angle = -35 if size <= STEEP_TOKENS else -60
    words = "'query ' + datum.query + ', key ' + datum.key + ': ' + datum.exact"
    base = (
        alt.Chart(alt.NamedData("cells"))
        .transform_calculate(words=words)
        .encode(
            x=alt.X(
                "column:O",
                title=None if height else "key",
                axis=alt.Axis(orient="top", labelAngle=angle, **axis),
            ),
            y=alt.Y("row:O", title=None if height else "query", axis=alt.Axis(**axis)),
            tooltip=[
                alt.Tooltip("query:N"),
                alt.Tooltip("key:N"),
                alt.Tooltip("exact:N", title="value"),
            ],
            description="words:N",
        )
    )
    hovered = "isValid(hovered.query) && isValid(hovered.query[0]) && "
    hovered += "hovered.query[0] === datum.query"
    colours = base.mark_rect(  # ty: ignore[missing-attribute]
        invalid="show"
    ).encode(
        color=alt.when("datum.masked")
        .then(alt.value(MASKED))
        .otherwise(
            alt.Color(
                "value:Q", scale=scale, legend=None if printed else legend(small=bool(height))
            )
        ),
        stroke=alt.when(hovered).then(alt.value(HOVERED)).otherwise(alt.value(CELL_EDGE)),
        strokeWidth=alt.when(hovered)
        .then(alt.value(2.5))
        .otherwise(alt.value(0.5 if printed else 0)),
    )
    layers = [colours.add_params(HOVERED_ROW)]
    if printed:
        layers.append(
            base.mark_text(fontSize=number_size(size), aria=False).encode(  # ty: ignore[missing-attribute]
                text="text:N",
                color=alt.when("datum.light")
                .then(alt.value("white"))
                .otherwise(alt.value("black")),
            )
        )
    chart = alt.layer(*layers).properties(
        height=height or min(560, max(260, 44 * min(size, 8) + 4 * size)),
        padding={"left": 0, "top": 0, "bottom": 0, "right": 20},  # room for the last slanted label
    )
    names = ("labels", "lowest", "highest")
    return as_spec(chart.add_params(*(alt.param(name=name, value=0) for name in names)))


def number_size(size: int) -> alt.ExprRef:
    """Pixels of the numbers in a heatmap of `size` tokens: as large as its cells let them be."""
    return alt.ExprRef(f"max(11, min(20, 0.34 * width / {size}, 0.5 * height / {size}))")


def prints_numbers(size: int, small: bool) -> bool:
    """Whether the cells of a heatmap of `size` tokens are wide enough for numbers."""
    return size <= (MAX_SMALL_PRINTED_TOKENS if small else MAX_PRINTED_TOKENS)


def cell_text(value: float, digits: int) -> str:
    """A value for a cell: −∞ for a masked score, else fixed decimals."""
    return "−∞" if value == -math.inf else f"{value:.{digits}f}".replace("-", "−")


def is_dark(value: float, kind: Kind, largest: float) -> bool:
    """Whether white text reads better on this value's colour."""
    if kind == "weights":
        return value < 0.43
    return math.isfinite(value) and abs(value) > 0.75 * largest


def describe_matrix(matrix: Matrix, tokens: Sequence[str], title: str) -> str:
    """The same for a Matrix. Of many tokens each is named with its position."""
    labels = token_labels(tokens) if matrix.size <= MAX_CELL_TOKENS else None

    def named(position: int) -> str:
        return (
            labels[position] if labels else f"{position + 1} {shorten_token(tokens[position], 12)}"
        )

    assert matrix.largest and matrix.smallest and matrix.hidden is not None, "not charted"
    ends = [
        (value, named(query), named(key)) for value, query, key in (matrix.largest, matrix.smallest)
    ]
    return sentence(title, matrix.size, matrix.hidden, *ends)


def describe_heatmap(
    values: Sequence[Sequence[float]],
    tokens: Sequence[str],
    title: str,
    masked: Sequence[Sequence[bool]] | None = None,
) -> str:
    """The heatmap in a sentence or two, for a screen reader: size, what is hidden, extremes.

    masked: as heatmap() takes it (default: where a value is not finite).

    It is short, since Streamlit repeats it on each of the chart's buttons; every cell says its own
    query, key and value, and the pipeline's tables hold them all.
    """
    labels = token_labels(tokens)
    cells = [
        (value, labels[i], labels[j])
        for i, row in enumerate(values)
        for j, value in enumerate(row)
        if math.isfinite(value)
    ]
    hidden = sum(map(sum, masked)) if masked else len(labels) ** 2 - len(cells)
    return sentence(title, len(labels), hidden, max(cells), min(cells))


def describe_mask(mask: Sequence[Sequence[float]], tokens: Sequence[str], title: str) -> str:
    """A mask in words, for a screen reader: how much it hides, and where it is no causal mask.

    mask: T rows of T numbers, other than 0 where a key is hidden from a query; tokens: T strings.
    """
    labels = token_labels(tokens)
    cells = [(i, j, bool(hides)) for i, row in enumerate(mask) for j, hides in enumerate(row)]
    text = f"{title}: {len(mask)} queries by {len(mask)} keys, "
    text += f"{sum(hides for *_, hides in cells)} masked. Its values: "
    text += ", ".join(f"{value:g}" for value in sorted({v for row in mask for v in row})) + ". "
    other = [
        f"query {labels[i]}, key {labels[j]}: {'masked' if hides else 'not masked'}"
        for i, j, hides in cells
        if hides != (j > i)
    ]
    if not other:
        return text + "It hides what a causal mask hides."
    more = f"; and {len(other) - NAMED_CELLS} more" if len(other) > NAMED_CELLS else ""
    return f"{text}Unlike a causal mask at {'; '.join(other[:NAMED_CELLS])}{more}."


def sentence(title: str, size: int, hidden: int, largest: Extreme, smallest: Extreme) -> str:
    """largest and smallest: (value, query, key), the tokens by their names."""
    text = f"{title}: {size} queries by {size} keys, {hidden} masked."
    for name, end, (value, query, key) in (("Largest", ",", largest), ("smallest", ".", smallest)):
        text += f" {name} {value:.2f}, query {query}, key {key}{end}"
    return text
