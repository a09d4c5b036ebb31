"""Heatmaps: every cell there, masked ones marked, the same in words."""

import json
import math

import altair as alt
import pyarrow
import pytest
import torch

from core.attention.stages import PIPELINE, formula, stage_of, work_through
from core.charts import devices_and_bytes as charts
from core.charts import heatmap
from core.charts.vega_spec import as_spec, with_tables
from core.lab.experiment import Experiment
from core.lab.run import run
from core.lab.view import ViewRequest, reduced


def observed(tokens=6):
    rows = tuple((0.1 * i, 0.5, 1 - 0.01 * i) for i in range(tokens))
    names = tuple(f"t{i}" for i in range(tokens))
    return run(Experiment(names, rows, device="cpu", context_length=tokens)).with_buffer.trace


def spec(values, tokens, kind="scores", masked=None):
    return heatmap.heatmap(values, tokens, kind, masked)


def cells(chart):
    return pyarrow.ipc.open_stream(chart["datasets"]["cells"]).read_all().to_pylist()


def parameter(chart, name):
    (value,) = (param["value"] for param in chart["params"] if param["name"] == name)
    return value


def test_masked_cells_are_labelled_minus_infinity_not_blank_and_not_zero():
    values = observed().get("attn_scores", 1).tensor[0].tolist()
    data = cells(spec(values, [f"t{i}" for i in range(6)]))
    assert len(data) == 36
    masked = [cell for cell in data if cell["masked"]]
    assert len(masked) == 15
    assert {cell["text"] for cell in masked} == {"−∞"}
    assert all(cell["text"] != "−∞" for cell in data if not cell["masked"])
    first = spec(values, [f"t{i}" for i in range(6)])["layer"][0]
    assert first["mark"]["invalid"] == "show", "Vega-Lite leaves out cells without a number"
    assert first["encoding"]["color"]["condition"]["test"] == "datum.masked"


def test_values_are_printed_while_readable():
    few = observed(10).get("attn_weights").tensor[0].tolist()
    many = observed(11).get("attn_weights").tensor[0].tolist()
    assert len(spec(few, [str(i) for i in range(10)], "weights")["layer"]) == 2
    assert len(spec(many, [str(i) for i in range(11)], "weights")["layer"]) == 1


def test_a_cell_shows_the_value_that_was_observed():
    values = observed().get("attn_weights").tensor[0].tolist()
    for index, cell in enumerate(cells(spec(values, [f"t{i}" for i in range(6)], "weights"))):
        assert cell["text"] == f"{values[index // 6][index % 6]:.2f}"
        assert cell["exact"] == f"{values[index // 6][index % 6]:.6f}"


def test_rows_of_all_heatmaps_are_linked_through_one_element():
    values = observed().get("attn_weights").tensor[0].tolist()
    chart = spec(values, [f"t{i}" for i in range(6)], "weights")
    (param,) = (param for param in chart["params"] if param["name"] == "hovered")
    assert param["bind"]["query"] == {"element": "body", "event": "buffer-lab-query"}


def test_repeated_long_and_unprintable_tokens_become_unique_short_labels():
    labels = heatmap.token_labels(["the", "cat", "the", "x" * 40, "a\x00b"])
    assert labels == ["the (1)", "cat", "the (3)", "xxxxxxxxxxx…", "a?b"]
    alike = heatmap.token_labels(["y" * 40, "y" * 41])
    assert len(set(alike)) == 2


def test_equal_scores_make_a_chart_too():
    spec([[0.0]], ["one"])
    spec([[0.0, -math.inf], [0.0, 0.0]], ["a", "b"])


@pytest.mark.parametrize("size", [1, 6, 64])
def test_the_spec_stays_small(size):
    values = observed(size).get("attn_weights").tensor[0].tolist()
    chart = spec(values, [f"t{i}" for i in range(size)], "weights")
    table = chart.pop("datasets")["cells"]
    assert len(json.dumps(chart)) + len(table) < 6000 + 150 * size * size


@pytest.mark.parametrize("size", [1, 3, 20])
def test_the_words_give_size_masked_cells_and_extremes(size):
    values = observed(size).get("attn_scores", 1).tensor[0].tolist()
    finite = [value for row in values for value in row if math.isfinite(value)]
    text = heatmap.describe_heatmap(values, [str(i) for i in range(size)], "Masked scores")
    hidden = size * (size - 1) // 2
    assert text.startswith(f"Masked scores: {size} queries by {size} keys, {hidden} masked.")
    assert f"Largest {max(finite):.2f}," in text and f"smallest {min(finite):.2f}," in text
    assert len(text) < 200


def test_the_home_picture_has_every_tensor_on_its_device():
    run_ = run(Experiment()).without_buffers
    data = charts.where_tensors_are(run_.tensors, ["cpu", "sim:0"]).to_dict()["data"]["values"]
    assert {d["tensor"]: d["device"] for d in data}["mask"] == "cpu"
    assert "mask, a plain attribute, is on cpu" in charts.describe_where(run_.tensors)


@pytest.mark.parametrize("query", range(6))
@pytest.mark.parametrize("d_out", [2, 7])
def test_the_worked_row_agrees_with_what_pytorch_observed(query, d_out):
    look = ViewRequest(Experiment(device="cpu", d_out=d_out, seed=query), query=query)
    observation = run(look.experiment)
    rows = work_through(reduced(observation, look).with_buffer, query)
    trace = observation.with_buffer.trace
    assert rows[0][1] == trace.get("attn_scores").tensor[0, query].tolist()
    assert rows[1][1] == trace.get("attn_scores", 1).tensor[0, query].tolist()
    assert rows[2][1] == pytest.approx(trace.get("scaled_scores").tensor[0, query].tolist())
    assert rows[4][1] == pytest.approx(
        trace.get("attn_weights").tensor[0, query].tolist(), abs=1e-6
    )


def test_a_formula_has_the_bias_where_there_is_one():
    queries = next(step for step in PIPELINE if step.variable == "queries")
    assert formula(queries, Experiment()) == "Q = x · W_queryᵀ"
    assert formula(queries, Experiment(qkv_bias=True)) == "Q = x · W_queryᵀ + b"


def test_one_scale_colours_equal_scores_alike():
    few, many = [[0.3]], [[0.3, 0.9], [0.1, 0.2]]
    for values in (few, many):
        chart = heatmap.heatmap(values, ["a", "b"][: len(values)], "scores", largest=0.9)
        assert (parameter(chart, "lowest"), parameter(chart, "highest")) == (-0.9, 0.9)
        domain = chart["layer"][0]["encoding"]["color"]["scale"]["domain"]
        assert domain == [{"expr": "lowest"}, {"expr": "highest"}]


def test_every_step_of_the_pipeline_is_observed():
    run_ = run(Experiment()).with_buffer
    assert all(stage_of(run_, step) for step in PIPELINE)
    assert len(PIPELINE) == len(run_.trace.stages)


@pytest.mark.parametrize("size", [2, 12])
def test_a_heatmap_is_a_valid_chart_with_the_tokens_on_its_axes(size):
    tokens = [f"t{i}" for i in range(size)]
    chart = spec([[0.5] * size] * size, tokens, "weights")
    assert parameter(chart, "labels") == tokens
    for cell in cells(chart):
        assert (cell["query"], cell["key"]) == (tokens[cell["row"]], tokens[cell["column"]])
    chart.pop("datasets")
    alt.Chart.from_dict(chart)  # raises where the schema of Vega-Lite does not allow it


def test_other_numbers_leave_a_chart_as_it_is_but_for_its_tables():
    """Then Streamlit's front end keeps the view, and draws the numbers anew."""

    def drawn(place):
        rows = [{"tensor": "mask", "device": place, "kind": "buffer"}]
        layers = (alt.Chart(alt.Data(values=rows)).mark_point(), alt.Chart().mark_rule())
        chart = alt.layer(*(layer.encode(x="device:N") for layer in layers), data=alt.Undefined)
        return with_tables(as_spec(chart)), rows

    (here, _), (there, rows) = drawn("cpu"), drawn("sim:0")
    table = pyarrow.ipc.open_stream(there["datasets"].pop("table 0")).read_all().to_pylist()
    assert table == rows and here["datasets"].pop("table 0")
    assert here == there and "sim:0" not in json.dumps(there)


def test_a_mask_in_words_counts_what_it_hides_and_names_where_it_is_not_causal():
    causal = torch.ones(3, 3).triu(1)
    assert heatmap.describe_mask(causal.tolist(), "abc", "Mask") == (
        "Mask: 3 queries by 3 keys, 3 masked. Its values: 0, 1. It hides what a causal mask hides."
    )
    assert "Its values: 0, 2." in heatmap.describe_mask((2 * causal).tolist(), "abc", "Mask")
    edited = causal.clone()
    edited[0, 2], edited[2, 0] = 0, 1
    assert heatmap.describe_mask(edited.tolist(), "abc", "Mask") == (
        "Mask: 3 queries by 3 keys, 3 masked. Its values: 0, 1. Unlike a causal mask at query a, "
        "key c: not masked; query c, key a: masked."
    )
    words = heatmap.describe_mask((1 - torch.ones(4, 4).triu(1)).tolist(), "abcd", "Mask")
    assert "10 masked" in words and words.endswith("; and 10 more.")


def test_the_words_count_the_cells_that_are_drawn_as_masked():
    weights, masked = [[1.0, 0.0], [0.5, 0.5]], [[False, True], [False, False]]
    assert "1 masked" in heatmap.describe_heatmap(weights, "ab", "Weights", masked)
    assert "0 masked" in heatmap.describe_heatmap(weights, "ab", "Weights")
