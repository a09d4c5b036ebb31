"""Altair charts as Vega-Lite dicts: a template is built once, its values are sent anew."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pyarrow as pa

Spec = dict[str, Any]  # a chart in Vega-Lite's JSON, as Streamlit takes it


def as_spec(chart: alt.TopLevelMixin) -> Spec:
    """A chart as the dict that Streamlit takes."""
    with alt.theme.enable("none"):  # ty: ignore[invalid-context-manager]  # it is one
        return chart.to_dict()


def filled(
    template: Spec, parameters: Mapping[str, object], tables: Mapping[str, pa.Table]
) -> Spec:
    """A template with values for its parameters, and Arrow tables for its named data."""
    params = [
        p | {"value": parameters[p["name"]]} if p["name"] in parameters else p
        for p in template["params"]
    ]
    datasets = {name: arrow(table) for name, table in tables.items()}
    return template | {"params": params, "datasets": datasets}


def with_tables(spec: Spec) -> Spec:
    """A spec whose rows of data are Arrow tables, named by their order: other rows, same names."""
    tables: list[list[dict[str, Any]]] = []

    def moved(part: Any) -> Any:
        if isinstance(part, list):
            return [moved(one) for one in part]
        if not isinstance(part, dict):
            return part
        rows = part.get("data", {}).get("values") if isinstance(part.get("data"), dict) else None
        rest = {key: moved(one) for key, one in part.items() if rows is None or key != "data"}
        if rows is None:
            return rest
        if rows not in tables:
            tables.append(rows)
        return rest | {"data": {"name": f"table {tables.index(rows)}"}}

    datasets = (arrow(pa.Table.from_pylist(rows)) for rows in tables)
    return moved(spec) | {"datasets": {f"table {i}": table for i, table in enumerate(datasets)}}


def arrow(table: pa.Table) -> bytes:
    """An Arrow table as the bytes of a stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def legend(
    values: Sequence[float] | None = None,
    number_format: str | None = None,
    small: bool = False,
) -> alt.Legend:
    """A colour scale beneath a chart, so that it takes no width from the cells.

    values: the numbers that it names, Vega's choice by default; number_format: as in d3-format;
    small: for a chart that is about 200 pixels wide.
    """
    return alt.Legend(
        title=None,
        orient="bottom",
        direction="horizontal",
        gradientOpacity=1,
        gradientLength=130 if small else 220,
        gradientThickness=8 if small else 14,
        offset=6,
        labelFontSize=11 if small else 13,
        values=alt.Undefined if values is None else list(values),
        format=alt.Undefined if number_format is None else number_format,
    )


DIGITS = (
    (1,),
    (1, 2, 5),
    (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    [tenth / 10 for tenth in range(10, 100)],
)


def round_ticks(numbers: Sequence[float], enough: int = 4) -> list[float]:
    """Round numbers between the least and the largest of some, for a logarithmic axis.

    Powers of ten if there are enough of them, else with 2 and 5 too, and so on to two digits.
    """
    low, high = min(numbers), max(numbers)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    within: list[float] = []
    for digits in DIGITS:
        ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
        within = [tick for tick in ticks if low <= tick <= high]
        if len(within) >= enough:
            break
    return within
