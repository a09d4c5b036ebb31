"""The stages of causal self-attention by their standard names, and one query worked in numbers."""

import math
from dataclasses import dataclass
from typing import Any

from core.attention.trace import Stage


@dataclass(frozen=True)
class Step:
    """A stage of the forward pass: which variable of `forward` holds it, and what it is."""

    variable: str
    change: int  # how often the variable was changed in place before
    title: str
    formula: str
    columns: str  # what a column stands for: "number" or "key"


PIPELINE = (
    Step("x", 0, "Input embeddings x", "x", "number"),
    Step("queries", 0, "Queries Q", "Q = x · W_queryᵀ", "number"),
    Step("keys", 0, "Keys K", "K = x · W_keyᵀ", "number"),
    Step("values", 0, "Values V", "V = x · W_valueᵀ", "number"),
    Step("attn_scores", 0, "Attention scores", "Q · Kᵀ", "key"),
    Step("attn_scores", 1, "Masked scores", "−∞ where key > query", "key"),
    Step("scaled_scores", 0, "Scaled scores", "masked scores ÷ √d_out", "key"),
    Step("attn_weights", 0, "Attention weights", "softmax of each row", "key"),
    Step("dropped_weights", 0, "Weights after dropout", "dropout(weights)", "key"),
    Step("context_vec", 0, "Context vectors", "weights after dropout · V", "number"),
)


def formula(step: Step, experiment: Any) -> str:
    """A Step's formula, with the bias where the linear layers have one."""
    bias = experiment.qkv_bias and step.variable in ("queries", "keys", "values")
    return f"{step.formula} + b" if bias else step.formula


def stage_of(run: Any, step: Step) -> Stage | None:
    """The observed Stage of a Step in a VariantRun, or None where forward did not reach it."""
    return run.trace.get(step.variable, step.change)


def work_through(run: Any, query: int) -> list[tuple[str, list[float]]]:
    """One query's row, step by step: a list of (step, one number a key).

    run is a reduced VariantRun (core.lab.view) that kept the row of this query, counted from 0.
    Starts from the observed scores and computes the rest with plain Python, so that it can be held
    against what PyTorch observed.
    """
    scores = run.trace.get("attn_scores", 0).tensor.row.tolist()
    d_out = run.trace.get("queries").tensor.shape[-1]
    masked = [score if key <= query else -math.inf for key, score in enumerate(scores)]
    scaled = [score / math.sqrt(d_out) for score in masked]
    top = max(scaled)  # subtracted so that exp stays small; the quotient is the same
    powers = [math.exp(score - top) for score in scaled]
    total = sum(powers)
    return [
        ("query · key", scores),
        ("masked", masked),
        (f"÷ √{d_out}", scaled),
        (f"exp(… − {top:.4f})", powers),
        (f"÷ their sum, {total:.4f}", [power / total for power in powers]),
    ]
