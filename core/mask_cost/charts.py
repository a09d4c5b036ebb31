"""The charts of "What does the mask cost?": time and memory against the length."""

from typing import Any

import altair as alt

from core.charts import palette
from core.charts.devices_and_bytes import byte_bars
from core.charts.vega_spec import round_ticks
from core.mask_cost.findings import at_longest, in_words, span
from core.mask_cost.results import Report
from core.mask_cost.settings import COPIED, FUSED, NAMES, REBUILT, STORED

# A shape and a dash each, so that no colour is needed.
MARKS = {
    STORED: (palette.GREEN, "square", [1, 0]),
    REBUILT: (palette.VERMILLION, "triangle-up", [6, 3]),
    COPIED: (palette.BLUE, "diamond", [2, 2]),
    FUSED: (palette.PURPLE, "circle", [10, 3, 2, 3]),
}
LEGEND = alt.Legend(
    title=None, orient="top", columns=1, labelLimit=400, symbolSize=120, symbolStrokeWidth=2
)
COLOURS, SHAPES, DASHES = (
    alt.Scale(domain=list(NAMES), range=list(values))
    for values in zip(*(MARKS[name] for name in NAMES), strict=True)
)
COLOUR = alt.Color("way:N", scale=COLOURS, legend=LEGEND)


def time_chart(report: Report) -> alt.LayerChart:
    """Time of a forward pass against the length, both logarithmic: medians and middle halves."""
    rows: list[dict[str, Any]] = [
        {
            "way": row.way,
            "tokens": row.tokens,
            "median": row.forward.median * 1000,
            "low": row.forward.low * 1000,
            "high": row.forward.high * 1000,
            "words": f"{in_words(row.forward.median)} ({span(row.forward)})",
        }
        for row in report.rows
    ]
    tokens = alt.X(
        "tokens:Q",
        title="tokens",
        scale=alt.Scale(type="log", base=2, nice=False, padding=12),
        axis=alt.Axis(values=list(report.measured), format=",d", labelOverlap="greedy"),
    )
    scale = alt.Scale(type="log", nice=False, padding=16)
    ticks = round_ticks([row[end] for row in rows for end in ("low", "high")])
    axis = alt.Axis(values=ticks, format="~g", labelOverlap="greedy")
    base = alt.Chart(alt.Data(values=rows)).encode(x=tokens, color=COLOUR)
    time = alt.Y("median:Q", title="milliseconds a forward pass", scale=scale, axis=axis)
    dash = alt.StrokeDash("way:N", scale=DASHES, legend=LEGEND)
    shape = alt.Shape("way:N", scale=SHAPES, legend=LEGEND)
    lines = base.mark_line(strokeWidth=2, aria=False).encode(y=time, strokeDash=dash)  # ty: ignore[missing-attribute]
    bars = base.mark_rule(strokeWidth=2, aria=False).encode(  # ty: ignore[missing-attribute]
        y=alt.Y("low:Q", scale=scale, title="milliseconds a forward pass", axis=axis), y2="high:Q"
    )
    points = base.mark_point(size=70, filled=True, opacity=1).encode(  # ty: ignore[missing-attribute]
        y=time,
        shape=shape,
        tooltip=[
            alt.Tooltip("way:N", title="the mask"),
            alt.Tooltip("tokens:Q", format=",d"),
            alt.Tooltip("words:N", title="median (middle half)"),
        ],
    )
    return alt.layer(lines, bars, points).properties(height=380)  # ty: ignore[invalid-explicit-return]


def memory_chart(report: Report) -> alt.Chart:
    """Bars of the bytes that each way takes at its peak, held mask included, per length."""
    rows = [
        {
            "way": row.way,
            "length": str(row.tokens),
            "bytes": row.total,
            "held": row.held,
            "how": "observed",
        }
        for row in report.rows
    ]
    tooltip = [
        alt.Tooltip("way:N", title="the mask"),
        alt.Tooltip("length:N", title="tokens"),
        alt.Tooltip("bytes:Q", format=",", title="bytes at the peak"),
        alt.Tooltip("held:Q", format=",", title="of these, the stored mask"),
    ]
    bars = byte_bars(rows, "bytes at the peak, mask included", COLOURS.range, 8, tooltip, "")
    lengths = [str(tokens) for tokens in report.measured]
    tokens = alt.X("length:N", sort=lengths, title="tokens", axis=alt.Axis(labelAngle=0))
    legend = alt.Legend(title=None, orient="top", columns=1, labelLimit=400, symbolStrokeWidth=0)
    colour = alt.Color("way:N", scale=COLOURS, legend=legend)
    return bars.encode(x=tokens, color=colour).properties(height=380)


def describe_times(report: Report) -> str:
    """The chart of times in words."""
    rows = at_longest(report).values()
    return f"Time of a forward pass from {report.measured[0]} to {report.measured[-1]} tokens. " + (
        f"At {report.measured[-1]}: "
    ) + "; ".join(f"{row.way} {in_words(row.forward.median)}" for row in rows) + "."  # fmt: skip


def describe_memory(report: Report) -> str:
    """The chart of bytes in words."""
    rows = at_longest(report).values()
    return f"Bytes at the peak of a forward pass at {report.measured[-1]} tokens: " + "; ".join(
        f"{row.way} {row.total:,}" for row in rows
    )
