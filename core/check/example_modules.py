"""Modules to check: for each kind of finding one that has it, and one that is clean.

All are small versions of faults that released packages had.
"""

import torch
from torch import nn


class FiveTensors(nn.Module):
    """Five tensors, each held in a different way."""

    def __init__(self):
        super().__init__()
        sign = -torch.ones(8)
        self.scale = nn.Parameter(torch.full((8,), 2.0))
        self.register_buffer("offset", torch.linspace(0, 1, 8))
        self.table = torch.linspace(-1, 1, 8)
        self.shifts = [torch.full((8,), 0.5)]
        self.flip = lambda x: x * sign

    def forward(self, x):
        return self.flip(x * self.scale + self.offset + self.table + self.shifts[0])


class PlainTable(nn.Module):
    """A table of positions as a plain attribute."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.table = torch.linspace(-1, 1, 6 * 8).reshape(6, 8)

    def forward(self, x):
        return self.project(x) + self.table[: x.shape[1]]


class BufferTable(nn.Module):
    """The same table as a buffer."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.register_buffer("table", torch.linspace(-1, 1, 6 * 8).reshape(6, 8), persistent=True)

    def forward(self, x):
        return self.project(x) + self.table[: x.shape[1]]


class TensorsInContainers(nn.Module):
    """A shift in a list, a scale in a dict, a sign that a function uses."""

    def __init__(self):
        super().__init__()
        sign = -torch.ones(8)
        self.project = nn.Linear(8, 8)
        self.shifts = [torch.full((8,), 0.5)]
        self.scales = {"output": torch.full((8,), 2.0)}
        self.flip = lambda x: x * sign

    def forward(self, x):
        return self.flip(self.project(x) + self.shifts[0]) * self.scales["output"]


class PlainBlocks(nn.Module):
    """Two layers in a Python list."""

    def __init__(self):
        super().__init__()
        self.blocks = [nn.Linear(8, 8), nn.Linear(8, 8)]

    def forward(self, x):
        for block in self.blocks:
            x = torch.relu(block(x))
        return x


class ListedBlocks(nn.Module):
    """Two layers in an nn.ModuleList."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])

    def forward(self, x):
        for block in self.blocks:
            x = torch.relu(block(x))
        return x


class LazyPositions(nn.Module):
    """Positions that the first run computes and stores in an attribute."""

    def __init__(self):
        super().__init__()
        self.positions = None

    def forward(self, x):
        if self.positions is None or self.positions.shape != x.shape[1:2]:
            self.positions = torch.arange(x.shape[1], device=x.device) / x.shape[1]
        return x + self.positions[:, None]


class ReservedPositions(nn.Module):
    """The same, stored in a buffer that is None at first."""

    def __init__(self):
        super().__init__()
        self.register_buffer("positions", None, persistent=False)

    def forward(self, x):
        if self.positions is None or self.positions.shape != x.shape[1:2]:
            self.positions = torch.arange(x.shape[1], device=x.device) / x.shape[1]
        return x + self.positions[:, None]


class ZerosOnCpu(nn.Module):
    """Starts a sum with zeros on the default device."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)

    def forward(self, x):
        total = torch.zeros(x.shape[0], 8)
        for token in range(x.shape[1]):
            total = total + self.project(x[:, token])
        return total


class ZerosWhereTheInputIs(nn.Module):
    """Starts the sum with zeros on the input's device."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)

    def forward(self, x):
        total = torch.zeros(x.shape[0], 8, device=x.device)
        for token in range(x.shape[1]):
            total = total + self.project(x[:, token])
        return total


class PersistentCache(nn.Module):
    """A cache in a persistent buffer that is None in a new module."""

    def __init__(self):
        super().__init__()
        self.register_buffer("positions", None)

    def forward(self, x):
        if self.positions is None:
            self.positions = torch.arange(x.shape[1], device=x.device) / x.shape[1]
        return x + self.positions[:, None]


class RandomDirections(nn.Module):
    """Random directions that are not in the state_dict."""

    def __init__(self):
        super().__init__()
        self.register_buffer("directions", torch.randn(8, 8), persistent=False)

    def forward(self, x):
        return torch.cos(x @ self.directions)


class SavedDirections(nn.Module):
    """The same, in the state_dict."""

    def __init__(self):
        super().__init__()
        self.register_buffer("directions", torch.randn(8, 8))

    def forward(self, x):
        return torch.cos(x @ self.directions)


class MovesItsTable(nn.Module):
    """A plain table that forward copies to the input's device each time."""

    def __init__(self):
        super().__init__()
        self.table = torch.linspace(-1, 1, 64 * 8).reshape(64, 8)

    def forward(self, x):
        return x + self.table.to(x.device)[: x.shape[1]]


class HiddenTeacher(nn.Module):
    """A layer in a list, which forward itself moves to the input's device."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.extra = [nn.Linear(8, 8)]

    def forward(self, x):
        return self.project(x) + self.extra[0].to(x.device)(x)


class TwoParameters(nn.Module):
    """A second nn.Parameter over the memory of the first, as blitz-bayesian-pytorch 0.2.8 has."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.eye(8))
        self.mean = nn.Parameter(self.weight)

    def forward(self, x):
        return x @ self.mean


class OneParameter(nn.Module):
    """Two names for one nn.Parameter object."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.eye(8))
        self.mean = self.weight

    def forward(self, x):
        return x @ self.mean


class FrequencyBuffer(nn.Module):
    """Frequencies in a float buffer, multiplied by positions up to 2048."""

    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", 1000 ** -(torch.arange(8) / 8), persistent=True)

    def forward(self, x):
        positions = torch.arange(x.shape[1], device=x.device)
        return torch.sin(64 * positions[:, None] * self.frequencies).to(x.dtype) + x


class FrequenciesInForward(nn.Module):
    """The same, computed in float32 from whole numbers."""

    def forward(self, x):
        steps = torch.arange(8, device=x.device)
        positions = torch.arange(x.shape[1], device=x.device)
        angles = 64 * positions[:, None] * 1000 ** -(steps / 8)
        return torch.sin(angles).to(x.dtype) + x


class IndexOutsideTheFile(nn.Module):
    """An index table that is not in the file."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.register_buffer("order", torch.arange(8).flip(0), persistent=False)

    def forward(self, x):
        return self.project(x)[..., self.order]


class IndexInTheFile(nn.Module):
    """The same table, persistent."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.register_buffer("order", torch.arange(8).flip(0))

    def forward(self, x):
        return self.project(x)[..., self.order]


class LargeMaskInTheFile(nn.Module):
    """A causal mask of 256 tokens, saved with the weights."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.register_buffer("mask", torch.triu(torch.ones(256, 256), diagonal=1))

    def forward(self, x):
        tokens = x.shape[1]
        scores = self.project(x) @ x.transpose(1, 2)  # (batch, tokens, tokens)
        hidden = self.mask[:tokens, :tokens].bool()
        return torch.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1) @ x


class MaskFromShapes(nn.Module):
    """The same mask, made anew from the shape of the input."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)

    def forward(self, x):
        scores = self.project(x) @ x.transpose(1, 2)  # (batch, tokens, tokens)
        hidden = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
        return torch.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1) @ x
