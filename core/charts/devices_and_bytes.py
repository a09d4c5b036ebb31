"""Pictures of where tensors are, and of how many bytes they take."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Protocol

import altair as alt

from core.charts import palette

KIND_SHAPES = {  # a shape beside each colour, so that neither is needed alone
    "parameter": "circle",
    "buffer": "square",
    "non-persistent buffer": "diamond",
    "plain attribute": "triangle-up",
}
WAY_COLOURS = (
    palette.GREEN,
    palette.SKY_BLUE,
    palette.VERMILLION,
    palette.BLUE,
    palette.PURPLE,
)


class PlacedTensor(Protocol):
    """What a picture says of a tensor; a TensorRow has it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def device(self) -> str: ...


def where_tensors_are(
    tensors: Sequence[PlacedTensor], devices: Sequence[str], height: int = 210
) -> alt.Chart:
    """A picture of a module's tensors: one row each, one column a device, coloured by kind.

    tensors: those of a module, in its order; devices: the names of all columns, also of those
    that hold nothing; height: in pixels.
    """
    data = [{"tensor": t.name, "device": t.device, "kind": t.kind} for t in tensors]
    kinds = list(KIND_SHAPES)
    return (
        alt.Chart(alt.Data(values=data))  # ty: ignore[missing-attribute]
        .mark_point(filled=True, size=340, opacity=1)
        .encode(
            x=alt.X(
                "device:N",
                sort=devices,
                title=None,
                scale=alt.Scale(domain=devices),
                axis=alt.Axis(orient="top", labelAngle=0, labelFontSize=15, grid=True),
            ),
            y=alt.Y("tensor:N", sort=None, title=None, axis=alt.Axis(labelFontSize=14, grid=True)),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[palette.KIND_COLOURS[kind] for kind in kinds]),
                legend=None,
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=list(KIND_SHAPES.values())),
                legend=None,
            ),
            tooltip=["tensor:N", "kind:N", "device:N"],
        )
        .properties(height=height)
    )


def describe_where(tensors: Sequence[PlacedTensor]) -> str:
    """The same picture in words."""
    return ". ".join(f"{t.name}, a {t.kind}, is on {t.device}" for t in tensors) + "."


def byte_ticks(largest: float, highest: int) -> list[int]:
    """What the axis of bytes says, for bars up to `largest` bytes: powers of ten, up to that of
    `highest`; where the bars have few of these, 2 and 5 times each of them too."""
    if largest > 1e6:
        return [0, *(10**power for power in range(4, highest + 1))]
    return [0, *(digit * 10**power for power in range(3, 6) for digit in (1, 2, 5))]


def byte_bars(
    rows: Sequence[Mapping[str, object]],
    title: str,
    colours: Sequence[str],
    highest: int,
    tooltip: Sequence[str | alt.Tooltip],
    estimate: str,
) -> alt.Chart:
    """Bars of bytes, per way and context length, on a scale linear near zero and then logarithmic.

    rows: dicts with way, length (text), bytes and how; where how is `estimate`, the bar is pale and
    dashed. highest: the last power of ten on the axis; tooltip: what pointing at a bar shows.
    """
    estimated = alt.when(f"datum.how === '{estimate}'")
    largest = max(float(str(row["bytes"])) for row in rows)
    ways, lengths = (
        list(dict.fromkeys(str(row[name]) for row in rows)) for name in ("way", "length")
    )
    lines = json.dumps({way: textwrap.wrap(way, 30) for way in ways}) + "[datum.label]"
    return (
        alt.Chart(alt.Data(values=rows))  # ty: ignore[missing-attribute]
        .mark_bar(stroke=palette.GREY)
        .encode(
            x=alt.X("length:N", sort=lengths, title="context length", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("way:N", sort=ways),
            y=alt.Y(
                "bytes:Q",
                title=title,
                scale=alt.Scale(type="symlog", constant=1000),
                axis=alt.Axis(
                    values=byte_ticks(largest, highest),
                    labelExpr="datum.value ? format(datum.value, '~s') + 'B' : '0'",
                ),
            ),
            color=alt.Color(
                "way:N",
                scale=alt.Scale(domain=ways, range=list(colours)),
                legend=alt.Legend(
                    title=None,
                    orient="top",
                    columns=1,
                    labelExpr=lines,
                    labelLimit=260,
                    symbolStrokeWidth=0,
                ),
            ),
            opacity=estimated.then(alt.value(0.45)).otherwise(alt.value(1)),
            strokeDash=estimated.then(alt.value([4, 3])).otherwise(alt.value([1, 0])),
            tooltip=tooltip,
        )
        .properties(height=440)
    )


class CopiedBytes(Protocol):
    """What one way to hold the mask copies in a forward pass; a Crossing has it."""

    @property
    def way(self) -> str: ...
    @property
    def context_length(self) -> int: ...
    @property
    def bytes_each(self) -> int: ...
    @property
    def counted(self) -> bool: ...


def bytes_per_forward(crossings: Sequence[CopiedBytes]) -> alt.Chart:
    """Bars of the bytes that one forward pass copies, per way and context length (Crossings)."""
    rows = [
        {
            "way": c.way,
            "length": str(c.context_length),
            "bytes": c.bytes_each,
            "how": "counted" if c.counted else "extrapolated",
        }
        for c in crossings
    ]
    tooltip: list[str | alt.Tooltip] = [
        "way:N",
        alt.Tooltip("length:N", title="context length"),
        "bytes:Q",
        "how:N",
    ]
    return byte_bars(rows, "bytes in each forward pass", WAY_COLOURS, 8, tooltip, "extrapolated")
