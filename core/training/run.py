"""Training -> train -> TrainingRun: five modules trained side by side, and what each tensor did.

`training_script` writes a Training as a few lines of Python. `train` executes exactly that text, on
the loop of core/training/loop.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from core.attention.tensor_table import TensorKind, tensor_kind
from core.training import loop as training_loop
from core.training.experiment import Training
from core.training.modules import BUFFER, NORM, PARAMETER
from core.training.take_home import training_script
from core.workers.random_state import one_thread, own_random_numbers

Records = dict[str, training_loop.Record]  # of each module, at one step


@dataclass(frozen=True)
class ModuleRun:
    """What one module did in training. Sequences have one entry a Record: 0 to `steps` steps.

    Everything is keyed by the tensor's name: kinds (how the module holds it),
    optimized (whether the optimizer holds it), changed (whether any bit of it is another).
    """

    name: str
    class_name: str
    kinds: dict[str, TensorKind]
    optimized: dict[str, bool]
    changed: dict[str, bool]
    losses: tuple[float, ...]
    gradients: dict[str, tuple[float | None, ...]]  # norms; None for no gradient
    drifts: dict[str, tuple[float, ...]]
    leaks: tuple[float, ...]  # mean share of attention on later tokens; empty without attention
    largest_leaks: tuple[float, ...]  # the largest single weight on a later token
    above: tuple[float, ...]  # the mask's mean above the diagonal; empty without a mask
    masks: torch.Tensor | None  # (steps + 1, num_tokens, num_tokens); only of BUFFER and PARAMETER
    attn_weights: (
        torch.Tensor | None
    )  # (steps + 1, num_tokens, num_tokens), of the first window; likewise


@dataclass(frozen=True)
class TrainingRun:
    """What came out of a Training. It holds no module."""

    training: Training
    script: str  # the text that ran
    modules: dict[str, ModuleRun]
    statistics: dict[str, torch.Tensor]  # of NORM, by name: (steps + 1, d_in)
    after: tuple[tuple[str, dict[str, torch.Tensor]], ...]  # of after_training


@own_random_numbers()
def train(report: Callable[..., None], training: Training) -> TrainingRun:
    """Execute training_script(training) and return the TrainingRun; a job of core.workers.pool.

    Its progress notes are the losses so far: {name: (loss, …)}.
    """
    script = training_script(training)
    with one_thread():
        names = script.run(train=reporting(report, training.steps))
    history = names["history"]
    modules = {
        name: module_run(name, model, names["optimizers"][name], [r[name] for r in history])
        for name, model in names["models"].items()
    }
    statistics = {
        key: torch.stack([records[NORM].tensors[key] for records in history])
        for key, kind in modules[NORM].kinds.items()
        if kind is TensorKind.BUFFER
    }
    return TrainingRun(training, script.text, modules, statistics, tuple(names["after"]))


def reporting(report: Callable[..., None], steps: int) -> Callable[..., Iterator[Records]]:
    """The loop of core/training/loop.py, saying after every fiftieth of the way how far it is."""

    def train(*args: Any, **options: Any) -> Iterator[Records]:
        losses: dict[str, list[float]] = {}
        for step, records in enumerate(training_loop.train(*args, **options)):
            for name, record in records.items():
                losses.setdefault(name, []).append(record.loss)
            if step % max(1, steps // 50) == 0:
                report(step / steps, {name: tuple(values) for name, values in losses.items()})
            yield records

    return train


def module_run(
    name: str,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    records: Sequence[training_loop.Record],
) -> ModuleRun:
    """The ModuleRun of a trained model, from its Records."""
    first, last = records[0], records[-1]
    tensors = training_loop.named_tensors(model)
    held = {id(tensor) for group in optimizer.param_groups for tensor in group["params"]}
    order = sorted(tensors, key=lambda key: key == "mask")  # the mask last
    attention = [r.attn_weights for r in records if r.attn_weights is not None]  # all, or none
    masks = [r.tensors["mask"] for r in records] if "mask" in tensors else []
    shown = name in (BUFFER, PARAMETER)
    return ModuleRun(
        name,
        type(model).__name__,
        {key: tensor_kind(model, key) for key in order},
        {key: id(tensors[key]) in held for key in order},
        {key: not torch.equal(first.tensors[key], last.tensors[key]) for key in order},
        tuple(r.loss for r in records),
        {key: tuple(r.gradients[key] for r in records) for key in order},
        {key: tuple(r.drifts[key] for r in records) for key in order},
        tuple(training_loop.leak(weights) for weights in attention),
        tuple(weights.triu(1).max().item() for weights in attention),
        tuple(mask[torch.ones_like(mask).triu(1).bool()].mean().item() for mask in masks),
        torch.stack(masks) if shown else None,
        torch.stack([weights[0] for weights in attention]) if shown else None,
    )
