"""Altair charts as Vega-Lite dicts: a template is built once, its values are sent anew."""

import math

import altair as alt
import pyarrow as pa


def as_spec(chart):
    """A chart as the dict that Streamlit takes."""
    with alt.theme.enable("none"):
        return chart.to_dict()


def filled(template, parameters, tables):
    """A template with values for its parameters, and Arrow tables for its named data."""
    params = [
        p | {"value": parameters[p["name"]]} if p["name"] in parameters else p
        for p in template["params"]
    ]
    datasets = {name: arrow(table) for name, table in tables.items()}
    return template | {"params": params, "datasets": datasets}


def arrow(table):
    """An Arrow table as the bytes of a stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def legend(**ticks):
    """A colour scale beneath a chart, so that it takes no width from the cells."""
    return alt.Legend(
        title=None,
        orient="bottom",
        direction="horizontal",
        gradientOpacity=1,
        gradientLength=220,
        labelFontSize=13,
        **ticks,
    )


DIGITS = (
    (1,),
    (1, 2, 5),
    (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    [tenth / 10 for tenth in range(10, 100)],
)


def round_ticks(numbers, enough=4):
    """Round numbers between the least and the largest of some, for a logarithmic axis.

    Powers of ten if there are enough of them, else with 2 and 5 too, and so on to two digits.
    """
    low, high = min(numbers), max(numbers)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in DIGITS:
        ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
        within = [tick for tick in ticks if low <= tick <= high]
        if len(within) >= enough:
            break
    return within
