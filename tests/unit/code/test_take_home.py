"""Exports: run in a fresh process, they print the numbers that the page showed."""

import csv
import io
import json
import math

import fresh_python
import nbformat
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

from core.attention.causal_attention import (
    CausalAttentionWithBuffer,
    CausalAttentionWithoutBuffers,
    causal_mask,
)
from core.code.files import as_notebook, as_script
from core.inputs.embeddings import embed
from core.inputs.sonnets import first_tokens
from core.lab.experiment import Experiment
from core.lab.run import run
from core.lab.script import experiment_script
from core.lab.take_home import as_csv, differing_lines, held_by
from core.lab.view import ViewRequest, reduced

ODD = ("naïve", "日本", "a\x00b", '"""', "\\", "#", "\u2028")
SPREAD = {
    "the defaults": Experiment(),
    "cpu": Experiment(device="cpu"),
    "moved by hand": Experiment(move_mask=True),
    "never moved": Experiment(move_model=False),
    "only the mask moved": Experiment(move_model=False, move_mask=True),
    "too long": Experiment(context_length=4, device="cpu"),
    "as in the notebook": Experiment(weights="notebook", move_mask=True),
    "dropout": Experiment(dropout=0.5, move_mask=True, seed=2**31 - 1),
    "notebook with dropout": Experiment(weights="notebook", dropout=0.25, device="cpu"),
    "bias, not persistent": Experiment(qkv_bias=True, persistent=False, d_out=3),
    "odd tokens": Experiment(ODD, ((1e-7, -1000.0, 0.1),) * 7, device="cpu", context_length=7),
    "many tokens": Experiment(
        first_tokens(70), tuple(embed(t, 1) for t in first_tokens(70)), context_length=70
    ),
    "one token": Experiment(("one",), ((0.0, 0.0, 0.0),), context_length=1, move_mask=True),
}


def expected_output(observation):
    """What the page showed, in the words of the script's report."""
    lines = []
    for run_ in (observation.without_buffers, observation.with_buffer):
        mask = next(row for row in run_.tensors if row.name == "mask")
        lines += [run_.class_name, f"state_dict keys: {list(run_.state_dict)}"]
        lines += [f"mask on: {mask.device}"]
        for stage in run_.trace.stages:
            lines += [f"{stage.name} (change {stage.change}) on {stage.device}:"]
            lines += [str(stage.tensor)]
        if run_.trace.error:
            lines += [f"{run_.trace.error.type}: {run_.trace.error.message}"]
        lines += [""]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", SPREAD)
def test_the_script_in_a_fresh_process_prints_what_the_page_showed(name, tmp_path):
    observation = run(SPREAD[name])
    script = as_script(experiment_script(observation.experiment).parts())
    done = fresh_python.run(script, tmp_path, fork=name != "the defaults")
    assert done.stderr == ""
    assert done.stdout == expected_output(observation)


def test_the_script_runs_when_pasted_into_an_interpreter(tmp_path):
    observation = run(Experiment())
    script = as_script(experiment_script(observation.experiment).parts())
    done = fresh_python.run(script, tmp_path, pasted=True, fork=False)
    assert done.stdout == expected_output(observation)


@pytest.mark.parametrize("name", ["the defaults", "dropout"])
def test_the_notebook_in_a_fresh_kernel_prints_what_the_page_showed(name, tmp_path):
    observation = run(SPREAD[name])
    notebook = nbformat.reads(
        as_notebook(experiment_script(observation.experiment).parts()), as_version=4
    )
    nbformat.validate(notebook)
    resources = {"metadata": {"path": tmp_path}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    printed = "".join(o.text for cell in notebook.cells for o in cell.get("outputs", ()))
    assert printed == expected_output(observation)


@pytest.mark.parametrize("name", SPREAD)
def test_every_notebook_is_valid_and_has_the_scripts_code(name):
    observation = run(SPREAD[name])
    notebook = json.loads(as_notebook(experiment_script(observation.experiment).parts()))
    nbformat.validate(notebook)
    code = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(
        source in as_script(experiment_script(observation.experiment).parts()) for source in code
    )
    assert observation.script in code


def test_the_csv_holds_every_observed_value_exactly():
    observation = run(Experiment())
    shown = reduced(observation, ViewRequest(observation.experiment))
    rows = list(csv.DictReader(io.StringIO(as_csv(shown))))
    masked = [
        float(row["value"])
        for row in rows
        if row["variant"] == "CausalAttentionWithBuffer" and row["stage"] == "Masked scores"
    ]
    seen = observation.with_buffer.trace.get("attn_scores", 1).tensor.flatten()
    assert torch.equal(torch.tensor(masked), seen)
    assert masked.count(-math.inf) == 15
    failed = {r["stage"] for r in rows if r["variant"] == "CausalAttentionWithoutBuffers"}
    assert "Attention scores" in failed and "Masked scores" not in failed


def test_exactly_the_line_that_stores_the_mask_is_marked():
    marked = [
        source.split("\n")[index].strip()
        for source, index in differing_lines(
            CausalAttentionWithoutBuffers, CausalAttentionWithBuffer
        )
    ]
    assert marked == [
        "self.mask = causal_mask(context_length)",
        'self.register_buffer("mask", causal_mask(context_length), persistent=persistent)',
    ]


def test_the_start_leaves_out_what_is_the_default():
    module = CausalAttentionWithBuffer(3, 2, 4, 0.0)
    shown = nn.Module()
    exec(held_by()[True], {"self": shown, "causal_mask": causal_mask, "context_length": 4})
    assert torch.equal(shown.mask, module.mask)
    assert list(shown.state_dict()) == ["mask"] and "mask" in module.state_dict()
    assert held_by(False)[True] == held_by()[True][:-1] + ", persistent=False)"
