"""Checkpoints: save, read and load those made here, `inspect` and `compare` those of strangers.

data = save(model.state_dict(), "safetensors")          # bytes, never a file
contents = inspect(data, "model.safetensors")           # a table; nothing in the file runs
load(model, read_state(data)).message                   # "<All keys matched successfully>"
"""

import io
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.checkpoint.contents import (
    LIMITS,
    Contents,
    Differences,
    Entry,
    Limits,
    Mismatch,
    Refusal,
    compare,
)
from core.checkpoint.reader import inspect
from core.checkpoint.safetensors_format import looks_like_safetensors, read_tensors, write
from core.workers.random_state import own_random_numbers

__all__ = [
    "LIMITS",
    "Contents",
    "Differences",
    "Entry",
    "Limits",
    "LoadOutcome",
    "Mismatch",
    "Refusal",
    "bundled",
    "compare",
    "inspect",
    "load",
    "look_inside",
    "read_state",
    "save",
]


def look_inside(report: Callable, data: bytes, name: str) -> Contents | Refusal:
    """`inspect` as a worker's job: a refusal is returned, also for what nobody foresaw."""
    try:
        return inspect(data, name)
    except Refusal as refusal:
        return refusal
    except Exception as error:  # a stranger's file: what it says stays out of the log
        where = "".join(traceback.format_tb(error.__traceback__))
        logging.getLogger(__name__).error("inspect: %s\n%s", type(error).__name__, where)
        return Refusal(
            "It is broken in a way that was not foreseen here. Save it again, or look at it on "
            "your own machine."
        )


def save(state: Mapping[str, torch.Tensor], format: Literal["pt", "safetensors"] = "pt") -> bytes:
    """`state` as the bytes of a checkpoint.

    "pt" keeps devices, shared memory and, of a view, all the memory behind it. "safetensors" keeps
    none of these: each key has its numbers, row by row. TypeError for what is no tensor, or for a
    dtype that safetensors does not know.
    """
    for key, tensor in state.items():
        if type(key) is not str or not isinstance(tensor, torch.Tensor):
            raise TypeError(f"`{key}` is {type(tensor).__name__}, but only tensors are saved.")
    if format == "safetensors":
        return write(state)
    if format != "pt":
        raise ValueError(f"format is {format!r}, but it must be 'pt' or 'safetensors'.")
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def read_state(
    data: bytes, map_location: str | torch.device | None = "cpu"
) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint that this project made, on `map_location`.

    For bytes of one's own: torch.load(weights_only=True) runs no code of a file's, but it takes as
    much memory as the file asks for. `inspect` is for files of strangers.
    """
    if looks_like_safetensors(data[:512], len(data)):
        state = read_tensors(io.BytesIO(data))
        return {key: tensor.to(map_location or "cpu") for key, tensor in state.items()}
    return dict(torch.load(io.BytesIO(data), map_location=map_location, weights_only=True))


@dataclass(frozen=True)
class LoadOutcome:
    """What load_state_dict said."""

    ok: bool
    message: str  # PyTorch's own text: what it returned, printed, or the text of its error
    missing_keys: tuple[str, ...]  # the module has them, the state does not
    unexpected_keys: tuple[str, ...]  # the state has them, the module does not
    error_type: str | None  # "RuntimeError"


def load(
    module: nn.Module, state: Mapping[str, Any], *, strict: bool = True, assign: bool = False
) -> LoadOutcome:
    """Run module.load_state_dict(state) and say what came of it; PyTorch's refusal is an outcome.

    A refusal too has changed the module: PyTorch copies what fits before it raises. TypeError if
    `state` is no mapping.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"state is {type(state).__name__}, but it must map keys to tensors.")
    expected = tuple(module.state_dict())  # before: assign may replace what is in the module
    try:
        result = module.load_state_dict(state, strict=strict, assign=assign)
    except RuntimeError as error:
        missing = tuple(key for key in expected if key not in state)
        unexpected = tuple(key for key in state if key not in expected)
        return LoadOutcome(False, str(error), missing, unexpected, type(error).__name__)
    return LoadOutcome(
        True, repr(result), tuple(result.missing_keys), tuple(result.unexpected_keys), None
    )


# ----------------------------------------------------------------- checkpoints to look into


class RotaryAttention(nn.Module):
    """The parts of a rotary attention layer that have state: two weights and three tables."""

    def __init__(self, d_in: int = 4, positions: int = 8):
        super().__init__()
        self.q_proj = nn.Linear(d_in, d_in, bias=False)
        self.k_proj = nn.Linear(d_in, d_in, bias=False)
        inv_freq = 10_000 ** (-torch.arange(0, d_in, 2) / d_in)  # (d_in / 2,)
        angles = torch.outer(torch.arange(positions), inv_freq)  # (positions, d_in / 2)
        self.register_buffer("inv_freq", inv_freq)
        self.register_buffer("cos_cached", angles.cos())
        self.register_buffer("sin_cached", angles.sin())


def bundled() -> dict[str, bytes]:
    """Small checkpoints by file name, made anew on each call and always the same."""
    with own_random_numbers():
        torch.manual_seed(123)
        with_buffer = CausalAttentionWithBuffer(3, 2, 6, 0.0).state_dict()
        without_buffers = CausalAttentionWithoutBuffers(3, 2, 6, 0.0).state_dict()
        batch_norm = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU()).train()
        batch_norm(torch.randn(8, 3))
        rotary = RotaryAttention().state_dict()
    return {
        "attention_with_buffer.pt": save(with_buffer),
        "attention_without_buffers.pt": save(without_buffers),
        "attention_with_buffer.safetensors": save(with_buffer, "safetensors"),
        "attention_data_parallel.pt": save({f"module.{k}": v for k, v in with_buffer.items()}),
        "batch_norm.pth": save(batch_norm.state_dict()),
        "rotary.safetensors": save(rotary, "safetensors"),
    }
