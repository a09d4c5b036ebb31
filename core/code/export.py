"""What a page showed as files that reproduce it: a script, a notebook, the values as CSV."""

import csv
import inspect
import io
import json

from core.attention import causal_attention as attention
from core.attention import mask_variants as lazy_mask
from core.attention import trace
from core.attention.stages import PIPELINE, stage_of
from core.charts.pooling import Matrix
from core.device.available import SIMULATED
from core.device.source import device_source
from core.inputs.embeddings import SIX_TOKENS
from core.lab.script import WRITTEN_OUT, rows_as_text
from core.mask_cost import measure as mask_cost
from core.moving import copies as crossings
from core.moving import timeline
from core.state_dict import edit_mask
from core.state_dict import keys as holding
from core.training import loop as training_loop

REPORT = """models = (without_buffers, with_buffer)
runs = (without_buffers_run, with_buffer_run)
for model, run in zip(models, runs, strict=True):
    print(type(model).__name__)
    print("state_dict keys:", list(model.state_dict()))
    print("mask on:", model.mask.device)
    for stage in run.stages:
        print(f"{stage.name} (change {stage.change}) on {stage.device}:")
        print(stage.tensor)
    if run.error:
        print(f"{run.error.type}: {run.error.message}")
    print()
"""


def source(module):
    """A module's source as it stands, but for imports of what the export has above it."""
    lines = inspect.getsource(module).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("from core"))


def experiment_parts(observation):
    """(title, source) of each piece that reproduces an Observation, in the order to run them."""
    pieces = []
    if observation.experiment.device == SIMULATED:
        pieces.append(("The simulated device", device_source()))
    pieces.append(("The observer of one forward pass", source(trace)))
    pieces.append(("The two attention modules", source(attention)))
    if len(observation.experiment.rows) > WRITTEN_OUT:
        pieces.append(("The input embeddings", f"ROWS = {rows_as_text(observation.experiment)}\n"))
    pieces.append(("The experiment", observation.script))
    pieces.append(("What came out", REPORT))
    return pieces


def timeline_parts(story):
    """The pieces that reproduce a Story. Its script ends as it ended: an exception is raised."""
    pieces = []
    if f"to-{SIMULATED}" in story.timeline.steps:
        pieces.append(("The simulated device", device_source()))
    pieces.append(("Where a module's tensors are", source(trace)))
    pieces.append(("The attention modules", source(attention) + "\n\n" + source(lazy_mask)))
    pieces.append(("The timeline", timeline.script(story.timeline)))
    return pieces


def crossings_parts(context_length):
    """The pieces that count what crosses the boundary at one context length."""
    report = (
        f"for way in WAYS:\n    moving, _, each = count(way, {context_length})\n"
        '    print(f"{way.__doc__}: once {moving}, each forward {each}")\n'
    )
    return [
        ("The simulated device", device_source()),
        ("The mask", source(attention)),
        ("Five ways to hold it", source(crossings)),
        ("What each copies", report),
    ]


def holding_parts():
    """The pieces that list what four ways to hold the mask have in which of PyTorch's lists."""
    report = (
        "for way in WAYS:\n    print(way.__doc__)\n"
        "    for call, names in listings(build(way)).items():\n"
        '        print("   ", call, names)\n'
    )
    return [
        ("The attention module", source(attention)),
        ("Four ways to hold the mask", source(holding)),
        ("Who lists it", report),
    ]


def edit_parts(edit, cells):
    """The pieces that edit a mask, save, load, and print what survived."""
    report = (
        f"for variant in VARIANTS:\n    outcome = save_edit_load(variant, {edit!r}, {cells!r})\n"
        "    print(variant.__name__, outcome.message)\n"
        "    print(outcome.restored)\n"
        '    print("the edit survived:", outcome.survived)\n'
        '    print("the output changed:", outcome.output_changed)\n'
        '    print("tokens that see later ones:", outcome.leaks)\n'
    )
    rows = f"SIX_TOKENS = {SIX_TOKENS!r}\n"
    return [
        ("The attention modules", source(attention)),
        ("The six tokens", rows),
        ("Edit, save, load", source(edit_mask)),
        ("What survived", report),
    ]


def loading_parts(loaded):
    """The pieces that reproduce a Loaded. Where load_state_dict raises, so does the script."""
    pieces = [("The attention modules", source(attention)), ("The loading", loaded.script)]
    if "register()" in loaded.script:
        pieces.insert(0, ("The simulated device", device_source()))
    pieces.append(("What it returned", "print(result)\n"))
    return pieces


TRAINING_REPORT = """for name in models:
    first, last = history[0][name], history[-1][name]
    print(f"{name}: loss {first.loss} -> {last.loss}")
    if last.attn_weights is not None:
        before, after_all = leak(first.attn_weights), leak(last.attn_weights)
        print(f"    attention on later tokens {before} -> {after_all}")
    for tensor, drift in last.drifts.items():
        print(f"    {tensor}: gradient {first.gradients[tensor]}, drift {drift}")
for mode, tensors in after[::10]:  # ten forward passes in each mode
    print(mode, tensors["norm.running_mean"])
"""


def training_parts(run):
    """The pieces that reproduce a TrainingRun, and print its losses, gradients and drifts."""
    pieces = []
    if run.training.device == SIMULATED:
        pieces.append(("The simulated device", device_source()))
    pieces.append(("The attention modules", source(attention)))
    pieces.append(("Two more modules, and the loop", source(training_loop)))
    pieces.append(("The training", run.script))
    pieces.append(("What came out", TRAINING_REPORT))
    return pieces


def as_script(parts):
    """One Python file that needs only torch and prints what the page showed."""
    bars = (f"# {'-' * 8} {title} {'-' * 8}\n\n{text}" for title, text in parts)
    return "\n\n".join(bars)


def as_notebook(parts):
    """The same as a Jupyter notebook (format 4.5), one code cell a piece, as JSON text."""
    cells = []
    for number, (title, source) in enumerate(parts):
        cells.append({"cell_type": "markdown", "source": f"## {title}"})
        cells.append(
            {"cell_type": "code", "source": source, "execution_count": None, "outputs": []}
        )
        for cell, kind in zip(cells[-2:], ("text", "code"), strict=True):
            cell |= {"id": f"{kind}-{number}", "metadata": {}}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def as_csv(observation):
    """The values of both variants: variant, stage, device, query, column, value.

    The observation is a reduced one (core.lab.view). Of a T×T tensor with more cells than its
    blocks can hold, the window is written. query and column count from 1. Values have full float32
    precision; masked scores are -inf.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("variant", "stage", "device", "query", "column", "value"))
    for run in (observation.without_buffers, observation.with_buffer):
        for step in PIPELINE:
            stage = stage_of(run, step)
            if not stage:
                continue
            numbers, first_query, first_key = written(stage.tensor)
            for query, row in enumerate(numbers.tolist(), start=first_query):
                for column, value in enumerate(row, start=first_key):
                    writer.writerow(
                        (run.class_name, step.title, stage.device, query, column, repr(value))
                    )
    return text.getvalue()


def written(tensor):
    """What a CSV holds of a stage's tensor: its numbers, and where they begin (from 1)."""
    if isinstance(tensor, Matrix):
        part = tensor.window_or_all()
        return part.values, part.query + 1, part.key + 1
    return tensor[0], 1, 1


def differing_lines(one, other):
    """Of each class, (source, index): the one statement of __init__ that the other has not."""
    sources = [inspect.getsource(cls).rstrip() for cls in (one, other)]
    found = []
    for source, rest in zip(sources, reversed(sources), strict=True):
        lines, known = source.split("\n"), set(rest.split("\n"))
        body = next(i for i, line in enumerate(lines) if "super().__init__" in line)
        (index,) = (i for i in range(body, len(lines)) if lines[i] not in known)
        found.append((source, index))
    return found


def cost_parts(device, longest):
    """The pieces that measure what the mask costs, and print the figures."""
    report = (
        f"result = measure(lambda fraction, words: print(words), {device!r}, {longest})\n"
        'print("the same context vectors:", result.same)\n'
        "for row in result.rows:\n"
        "    low, median, high = (\n"
        "        1000 * t for t in (row.forward.low, row.forward.median, row.forward.high)\n"
        "    )\n"
        '    print(f"{row.tokens} {row.way}: {median:.3f} ms ({low:.3f} to {high:.3f}), "\n'
        '          f"mask {row.held:,} bytes, peak {row.peak:,}, crossed {row.crossed:,}")\n'
        "for row in result.traced:\n"
        '    print(f"{row.tokens} observed line by line: {row.ratio:.2f} times as long")\n'
    )
    pieces = [
        ("The observer of one forward pass", source(trace)),
        ("The mask and the attention module", source(attention)),
        ("Four ways to have the mask, and what measures them", source(mask_cost)),
        ("What they cost", report),
    ]
    if device == SIMULATED:
        pieces.insert(0, ("The simulated device", device_source()))
    return pieces
