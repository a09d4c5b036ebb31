"""Altair charts as Vega-Lite dicts: a template is built once, its values are sent anew."""

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
