"""Experiment -> run -> Observation: both attention modules, built, moved and run once.

`core.lab.script` writes the experiment as a few lines of Python. `run` executes exactly that text,
so the code on the page is the code that ran.
"""

from dataclasses import dataclass, replace

from torch import nn

from core.attention.outcome import Outcome, outcome_of
from core.attention.tensor_table import TensorRow, tensor_rows
from core.attention.trace import AttentionTrace
from core.lab.experiment import Experiment
from core.lab.script import MAX_TOKENS_IN_TEXT, experiment_script
from core.workers.random_state import own_random_numbers


@dataclass(frozen=True)
class VariantRun:
    """What one variant did: its forward pass and the tensors it holds afterwards."""

    class_name: str
    trace: AttentionTrace
    tensors: tuple[TensorRow, ...]
    state_dict: tuple[str, ...]  # keys in PyTorch's order

    @property
    def outcome(self) -> Outcome:
        """Read off the exception that came or did not come."""
        return outcome_of(self.trace.error)


@dataclass(frozen=True)
class Observation:
    """What came out of an Experiment. It holds no module and no tensor that anybody changes."""

    experiment: Experiment
    script: str  # the text that ran
    without_buffers: VariantRun
    with_buffer: VariantRun

    def variant(self, buffer: bool) -> VariantRun:
        """The run of CausalAttentionWithBuffer if buffer, else of the other class."""
        return self.with_buffer if buffer else self.without_buffers


def run(experiment: Experiment) -> Observation:
    """Execute experiment_script(experiment) and return the Observation."""
    script = experiment_script(experiment)
    given = {}
    if len(experiment.rows) > MAX_TOKENS_IN_TEXT:  # sooner than to read them as Python
        given["ROWS"] = [list(map(float, row)) for row in experiment.rows]
    with own_random_numbers():
        names = script.run(**given)
    runs = (
        variant_run(names[name], names[f"{name}_run"])
        for name in ("without_buffers", "with_buffer")
    )
    return Observation(experiment, script.text, *runs)


def variant_run(model: nn.Module, forward: AttentionTrace) -> VariantRun:
    """The VariantRun of a model after its forward pass."""
    forward = replace(forward, output=None)
    keys = tuple(model.state_dict())
    return VariantRun(type(model).__name__, forward, tensor_rows(model), keys)
