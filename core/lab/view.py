"""What a screen shows of an Observation: every T×T tensor reduced to a Matrix.

Up to MAX_TOKENS_IN_PLACE tokens this takes some tens of milliseconds and is done where it is asked
for. A longer input is a worker's job (core.workers.pool).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import torch

from core.attention.causal_attention import CausalAttentionWithBuffer
from core.attention.causality import RowChange, row_changes, with_changed_token
from core.attention.trace import trace
from core.charts.pooling import look_elsewhere, reduce
from core.inputs.embeddings import D_IN
from core.lab.experiment import Experiment
from core.lab.run import Observation, VariantRun, run
from core.settings.setting import SettingError
from core.workers.byte_cache import kept
from core.workers.processes import available_memory
from core.workers.random_state import own_random_numbers

MAX_TOKENS_IN_PLACE = 1024  # tokens: GPT-2's context length
HELD_BYTES = 1280 * 2**20  # of the tensors that a worker keeps, counted by memory_needed
KEPT_BYTES = 24 * 2**20  # bytes of views, and as many of what the probe found

Report = Callable[..., None]  # called with how far a job is, from 0 to 1


@dataclass(frozen=True)
class ViewRequest:
    """An Experiment, and which part of its tensors to keep exactly. Positions count from 0."""

    experiment: Experiment
    window: tuple[int, int] = (0, 0)  # first query and first key
    query: int = 0


@dataclass(frozen=True)
class Held:
    """The tensors of a long input's run, kept by the worker that ran it, and how they were seen."""

    observation: Observation
    view: Observation


HELD: dict[Experiment, Held] = {}  # of one experiment at most; it ends with its idle worker


def compute_view(report: Report, wanted: ViewRequest) -> Observation:
    """The Observation of a ViewRequest, with a Matrix in place of every tensor of T×T numbers.

    A worker keeps the tensors of the last long input: to look elsewhere in it runs nothing.
    """
    held = HELD.get(wanted.experiment)
    if held:
        return reduced(held.observation, wanted, held.view)
    HELD.clear()
    check_memory(wanted.experiment)
    observation = run(wanted.experiment)
    report(0.5)
    view = reduced(observation, wanted)
    if len(wanted.experiment.rows) > MAX_TOKENS_IN_PLACE and room_to_hold(wanted.experiment):
        HELD[wanted.experiment] = Held(observation, view)
    return view


def room_to_hold(experiment: Experiment) -> bool:
    """Whether a run's tensors are few enough to keep, and leave as much again to others."""
    return memory_needed(experiment) <= min(HELD_BYTES, available_memory())


def probe(
    report: Report, experiment: Experiment, changed: int, buffer: bool
) -> tuple[RowChange, ...] | None:
    """The RowChanges of one variant when the token at `changed` (from 0) is another."""
    held = HELD.get(experiment)
    if not held:
        HELD.clear()
    before = (held.observation if held else run(experiment)).variant(buffer)
    report(0.5)
    return row_changes(before, run(with_changed_token(experiment, changed)).variant(buffer))


@kept(KEPT_BYTES)
def probe_without_mask(experiment: Experiment, changed: int) -> tuple[RowChange, ...] | None:
    """What probe finds on the CPU in the same module once its mask hides nothing: all zeros."""
    before, after = (
        _without_mask(e) for e in (experiment, with_changed_token(experiment, changed))
    )
    return row_changes(before, after)


def _without_mask(experiment: Experiment) -> SimpleNamespace:
    e = experiment
    with own_random_numbers(), torch.no_grad():
        torch.manual_seed(e.seed)
        module = CausalAttentionWithBuffer(
            D_IN, e.d_out, max(e.context_length, len(e.rows)), e.dropout, e.qkv_bias
        )
        module.mask.zero_()
        torch.manual_seed(e.seed)
        return SimpleNamespace(trace=trace(module, torch.tensor(e.rows).unsqueeze(0)))


@kept(KEPT_BYTES)
def view_cached(wanted: ViewRequest) -> Observation:
    """The same as compute_view, in this process, kept."""
    return compute_view(lambda *_: None, wanted)


@kept(KEPT_BYTES)
def probe_cached(
    experiment: Experiment, changed: int, buffer: bool
) -> tuple[RowChange, ...] | None:
    """The same as probe, in this process, kept."""
    return probe(lambda *_: None, experiment, changed, buffer)


def reduced(
    observation: Observation, wanted: ViewRequest, seen: Observation | None = None
) -> Observation:
    """The Observation with a Matrix in place of every T×T tensor.

    seen: the same observation as it was reduced before, from which all but the close look is taken.
    """
    without_buffers, with_buffer = (
        reduced_run(observation.variant(buffer), wanted, seen.variant(buffer) if seen else None)
        for buffer in (False, True)
    )
    return replace(observation, without_buffers=without_buffers, with_buffer=with_buffer)


def reduced_run(run: VariantRun, wanted: ViewRequest, seen: VariantRun | None) -> VariantRun:
    scores = run.trace.get("attn_scores", 1)
    hidden = scores.tensor[0] == -torch.inf if scores else None
    weights = "dropped_weights" if wanted.experiment.dropout else "attn_weights"
    charted = ("attn_scores", 1 if scores else 0), (weights, 0)
    stages = []
    for stage in run.trace.stages:
        if stage.name in ("attn_scores", "scaled_scores", "attn_weights", "dropped_weights"):
            tensor, place = stage.tensor[0], (stage.name, stage.change)
            if hidden is None or place == ("attn_scores", 0):
                masked = torch.zeros((), dtype=torch.bool).expand(tensor.shape)
            else:
                masked = hidden
            before = seen.trace.get(*place) if seen else None
            if before:
                matrix = look_elsewhere(before.tensor, tensor, masked, wanted.window, wanted.query)
            else:
                matrix = reduce(tensor, masked, wanted.window, wanted.query, place in charted)
            stage = replace(stage, tensor=matrix)
        stages.append(stage)
    return replace(run, trace=replace(run.trace, stages=tuple(stages)))


def check_memory(experiment: Experiment) -> None:
    """Raise SettingError unless this machine has the memory that an experiment takes."""
    tokens = len(experiment.rows)
    needed, free = memory_needed(experiment), available_memory()
    if needed > free:
        raise SettingError(
            "tokens",
            f"{tokens:,}",
            f"fewer on this machine now: {tokens:,} need {needed / 2**20:,.0f} MB of memory, and "
            f"{free / 2**20:,.0f} MB are free",
        )


def memory_needed(experiment: Experiment) -> int:
    """Bytes that a run holds at once: five T×T float32 tensors a variant, and the masks."""
    return 4 * (10 * len(experiment.rows) ** 2 + 6 * experiment.context_length**2)
