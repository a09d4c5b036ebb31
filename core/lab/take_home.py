"""What the lab hands over beside its script: values as CSV, and the line that differs."""

import functools
import inspect
from collections.abc import Iterator

import torch
from torch import nn

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.attention.stages import PIPELINE, stage_of
from core.charts.pooling import Matrix
from core.code import files
from core.lab.experiment import Experiment
from core.lab.run import Observation
from core.lab.script import experiment_text
from core.lab.settings import LabSettings

HEADER = ("variant", "stage", "device", "query", "column", "value")


def as_csv(observation: Observation) -> str:
    """The values of both variants: variant, stage, device, query, column, value.

    The observation is a reduced one (core.lab.view). Of a T×T tensor with more cells than its
    blocks can hold, the window is written. query and column count from 1. Values have full float32
    precision; masked scores are -inf.
    """
    return files.as_csv(HEADER, values(observation))


def values(observation: Observation) -> Iterator[tuple[str, str, str, int, int, str]]:
    """The rows of the CSV."""
    for run in (observation.without_buffers, observation.with_buffer):
        for step in PIPELINE:
            stage = stage_of(run, step)
            if not stage:
                continue
            numbers, first_query, first_key = written(stage.tensor)
            for query, row in enumerate(numbers.tolist(), start=first_query):
                for column, value in enumerate(row, start=first_key):
                    yield run.class_name, step.title, stage.device, query, column, repr(value)


def written(tensor: torch.Tensor | Matrix) -> tuple[torch.Tensor, int, int]:
    """What a CSV holds of a stage's tensor: its numbers, and where they begin (from 1)."""
    if isinstance(tensor, Matrix):
        part = tensor.window_or_all()
        return part.values, part.query + 1, part.key + 1
    return tensor[0], 1, 1


def differing_lines(one: type[nn.Module], other: type[nn.Module]) -> list[tuple[str, int]]:
    """Of each class, (source, index): the one statement of __init__ that the other has not."""
    sources = [inspect.getsource(cls).rstrip() for cls in (one, other)]
    found = []
    for source, rest in zip(sources, reversed(sources), strict=True):
        lines, known = source.split("\n"), set(rest.split("\n"))
        body = next(i for i, line in enumerate(lines) if "super().__init__" in line)
        (index,) = (i for i in range(body, len(lines)) if lines[i] not in known)
        found.append((source, index))
    return found


@functools.cache  # every rerun of the lab and of the home page asks for it
def held_by(persistent: bool | None = None) -> tuple[str, str]:
    """The statement with which each class holds its mask, without a buffer and with one.

    What a caller hands over as `persistent` stands in its place. With None, which leaves the
    class's default, it is left out: `register_buffer` has the same default, True.
    """
    classes = (CausalAttentionWithoutBuffers, CausalAttentionWithBuffer)
    plain, buffer = (
        source.split("\n")[index].strip() for source, index in differing_lines(*classes)
    )
    given = "" if persistent is None else f", persistent={persistent}"
    return plain, buffer.replace(", persistent=persistent", given)


def lines_asked_about(settings: LabSettings) -> str:
    """The lines that a question is about: how the module holds its mask, and what moves it."""
    name = "CausalAttentionWithBuffer" if settings.buffer else "CausalAttentionWithoutBuffers"
    held = held_by(settings.experiment.persistent)[settings.buffer]
    lines = experiment_text(settings.experiment).split("\n")
    moves = [line.strip() for line in lines if line.startswith("    model.")]
    return "\n".join((f"# {name}", held, *moves))


def too_long(experiment: Experiment) -> str:
    """Of an input with more tokens than the mask has rows: both numbers."""
    tokens = len(experiment.tokens)
    if tokens <= experiment.context_length:
        return ""
    return f"The input has {tokens:,} tokens; `context_length` is {experiment.context_length:,}."
