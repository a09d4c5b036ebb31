"""A Matrix of many tokens as one Altair chart: a PNG picture under blocks that can be pointed at.

A heatmap of T² rectangles is bound by the browser: at T=256 it takes seconds to draw. A picture
takes the same time at any T.
"""

import base64
import functools
import io
import math
from collections.abc import Sequence
from typing import Literal

import altair as alt
import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from core.charts.heatmap import HOVERED_ROW, Kind
from core.charts.palette import HOVERED, MASKED, SCALES, rgb
from core.charts.pooling import PIXEL_BLOCKS, Blocks, Matrix
from core.charts.vega_spec import Spec, as_spec, filled, legend
from core.inputs.embeddings import shorten_token

LARGE = 300  # pixels of height; a chart below it stands beside others
LABELS = {"x": 3, "y": 6}  # tokens named on an axis
# Attention weights of many tokens are small numbers: a root sets them apart on their scale.
EXPONENTS = {"scores": 1, "weights": 0.25}
TICKS = {"scores": (None, None), "weights": ((0, 0.001, 0.01, 0.1, 1), "~g")}

Shows = Literal["cells", "blocks"]  # whether a block that can be pointed at is one cell, or more
Channel = Literal["x", "y"]


def picture(
    matrix: Matrix, tokens: Sequence[str], kind: Kind, largest: float, height: int = 420
) -> Spec:
    """The chart of a Matrix, queries down and keys across, as a Vega-Lite dict ready to be sent.

    tokens: T strings; kind: "scores" or "weights"; largest: the end of the colour scale of scores;
    height: in pixels.
    """
    assert matrix.blocks and matrix.picture is not None, (
        "a chart is made of what was pooled for one"
    )
    size = matrix.size
    lowest, highest = (-largest, largest) if kind == "scores" else (0, 1)
    words, numbered = unique([shorten_token(token, 12) for token in tokens])
    values = {
        "size": size,
        "side": matrix.blocks.side,
        "lowest": lowest,
        "highest": highest,
        "words": words,
        **named("x", tokens, letters=0 if height < LARGE else 10),
        **named("y", tokens, letters=6 if height < LARGE else 10),
    }
    rows = np.arange(len(matrix.blocks.values), dtype="int16")
    tables = {
        "picture": pa.table({"url": [png(matrix.picture, kind, lowest, highest)]}),
        "blocks": blocks(matrix.blocks, size, numbered),
        "rows": pa.table({"i": rows}),
    }
    shows = "cells" if matrix.blocks.side == 1 else "blocks"
    return filled(template(kind, shows, height), values, tables)


@functools.cache
def template(kind: Kind, shows: Shows, height: int = 420) -> Spec:
    """The chart without its values, which are parameters and tables; built and checked once.

    shows: "cells" where a block is one cell, or "blocks".
    """
    small = height < LARGE
    box = {"x": axis("x", small), "x2": "x2:Q", "y": axis("y", small), "y2": "y2:Q"}
    edges = {"x": "0.5", "x2": "size + 0.5", "y": "0.5", "y2": "size + 0.5"}
    image = (
        alt.Chart(alt.NamedData("picture"))  # ty: ignore[missing-attribute]
        .transform_calculate(**edges)
        .mark_image(aspect=False, aria=False)
        .encode(**box, url="url:N")
    )
    band = {"y": "datum.i * side + 0.5", "y2": "min((datum.i + 1) * side, size) + 0.5"}
    query = span("datum.i", "datum.i + 1")
    hovered = "isValid(hovered.query) && isValid(hovered.query[0]) && "
    hovered += "hovered.query[0] === datum.query"
    lit = (
        alt.Chart(alt.NamedData("rows"))  # ty: ignore[missing-attribute]
        .transform_calculate(**edges | band, query=query)
        .mark_rect(filled=False, strokeWidth=2, stroke=HOVERED, aria=False)
        .encode(**box, opacity=alt.when(hovered).then(alt.value(1)).otherwise(alt.value(0)))
    )
    column = {"x": "datum.j * side + 0.5", "x2": "min(datum.end * side, size) + 0.5"}
    cell = "'query ' + datum.q + ' “' + words[datum.a] + '”, "
    cell += "key ' + datum.k + ' “' + words[datum.b] + '”'"
    shown = {
        "query": query,
        "key": span("datum.j", "datum.end"),
        "exact": "isValid(datum.value) ? format(datum.value, '.6f') : 'masked'",
        "cell": f"isValid(datum.value) ? {cell} : 'every cell'",
    }
    titles = ("query", "key", "value", "at")
    if shows == "blocks":
        titles = ("queries", "keys", "largest", "at")
    scale = alt.Scale(
        range=SCALES[kind],
        domain=[alt.ExprRef("lowest"), alt.ExprRef("highest")],
        type="pow",
        exponent=EXPONENTS[kind],
    )
    pointed = (
        alt.Chart(alt.NamedData("blocks"))  # ty: ignore[missing-attribute]
        .transform_calculate(**band | column | shown)
        .mark_rect(fillOpacity=0, aria=False)
        .encode(
            **box,
            color=alt.Color("value:Q", scale=scale, legend=legend(*TICKS[kind], small=small)),
            tooltip=[
                alt.Tooltip(f"{name}:N", title=title)
                for name, title in zip(shown, titles, strict=True)
            ],
        )
    )
    names = ("size", "side", "lowest", "highest", "words", "places_x", "names_x", "places_y",
             "names_y")  # fmt: skip
    chart = alt.layer(image, lit, pointed.add_params(HOVERED_ROW))
    chart = chart.add_params(*(alt.param(name=name, value=0) for name in names))
    room = {"left": 0, "top": 0, "bottom": 0, "right": 20}
    spec = as_spec(chart.properties(height=height, padding=room))
    return spec | {"usermeta": {"embedOptions": {"renderer": "canvas"}}}


def named(
    channel: Channel, tokens: Sequence[str], letters: int
) -> dict[str, list[int] | list[str]]:
    """The parameters that name a few tokens on an axis, the first and the last among them.

    letters: how many of a token stand beside its position; with 0 the position is its name.
    """
    size = len(tokens)
    steps = LABELS[channel] - 1
    places = sorted({1 + round(i * (size - 1) / steps) for i in range(steps + 1)})
    return {
        f"places_{channel}": places,
        f"names_{channel}": [
            f"{p} {shorten_token(tokens[p - 1], letters)}" if letters else str(p) for p in places
        ],
    }


def axis(channel: Channel, small: bool) -> alt.X | alt.Y:
    """The x or y encoding: an axis on which few tokens are named, the first and the last too.

    small: without a title, for a chart that stands beside others.
    """
    down = channel == "y"
    labels = alt.Axis(
        values=alt.ExprRef(f"places_{channel}"),
        labelExpr=f"names_{channel}[indexof(places_{channel}, datum.value)]",
        grid=False,
        labelFontSize=11 if small else 13,
        labelPadding=6,
        labelLimit=0,
        labelFlush=True,
        orient="left" if down else "top",
        labelOverlap=False,
    )
    scale = alt.Scale(domain=[0.5, alt.ExprRef("size + 0.5")], nice=False, zero=False, reverse=down)
    title = None if small else "query" if down else "key"
    return (alt.Y if down else alt.X)(f"{channel}:Q", title=title, scale=scale, axis=labels)


def span(first: str, end: str) -> str:
    """A Vega expression: the positions from block `first` up to, not including, block `end`."""
    low, high = f"({first}) * side + 1", f"min(({end}) * side, size)"
    return f"{low} == {high} ? '' + ({low}) : ({low}) + ' to ' + {high}"


def png(values: torch.Tensor, kind: Kind, lowest: float, highest: float) -> str:
    """Values (n, n), nan where masked, as a PNG in a data URL: one square of pixels a value.

    Browsers blur a picture that they enlarge, so it is enlarged here.
    """
    share = ((values.double() - lowest) / (highest - lowest)).clamp(0, 1).numpy()
    share = share ** EXPONENTS[kind]
    index = np.where(np.isnan(share), 0, 1 + np.rint(np.nan_to_num(share) * 254)).astype(np.uint8)
    image = Image.fromarray(index, "P")
    image.putpalette(palette(kind))
    edge = len(values) * max(1, 2 * PIXEL_BLOCKS // len(values))
    image = image.resize((edge, edge), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def palette(kind: Kind) -> list[int]:
    """256 colours, three numbers each: grey for what is masked, then the scale."""
    anchors = np.array([rgb(colour) for colour in SCALES[kind]])
    places = np.linspace(0, len(anchors) - 1, 255)
    scale = [np.interp(places, range(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return [*rgb(MASKED), *np.rint(np.stack(scale, 1)).astype(int).flatten().tolist()]


def unique(tokens: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The different tokens, and for each token its place among them."""
    places = {token: place for place, token in enumerate(dict.fromkeys(tokens))}
    return list(places), np.array([places[token] for token in tokens])


def blocks(pooled: Blocks, size: int, numbered: np.ndarray) -> pa.Table:
    """A table with a row for each block that is not masked, and one for each run of masked ones.

    i, j, end: rows and columns of blocks, from 0; q, k: query and key of the cell that is shown,
    from 1; a, b: their tokens' places in the list of words.
    """
    cells = pooled.cells.numpy()
    i, j = np.nonzero(cells >= 0)
    query, key = np.divmod(cells[i, j], size)
    runs = [(row, *np.flatnonzero(hidden)[[0, -1]]) for row, hidden in enumerate(cells < 0)
            if hidden.any()]  # fmt: skip
    runs = np.array(runs, dtype="int16").reshape(-1, 3)
    nothing = np.zeros(len(runs))
    columns = {  # what is not masked comes last, and so lies on top
        "i": (runs[:, 0], i),
        "j": (runs[:, 1], j),
        "end": (runs[:, 2] + 1, j + 1),
        "q": (nothing, query + 1),
        "k": (nothing, key + 1),
        "a": (nothing, numbered[query]),
        "b": (nothing, numbered[key]),
    }
    table = {name: np.concatenate(parts).astype("int16") for name, parts in columns.items()}
    values = np.concatenate([nothing * math.nan, pooled.values.numpy()[i, j]])
    return pa.table(table | {"value": pa.array(values.astype("float32"), from_pandas=True)})
