"""Small checkpoints to look into, made by this project."""

import torch
from torch import nn

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.checkpoint.formats import save
from core.workers.random_state import own_random_numbers


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
