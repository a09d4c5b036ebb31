"""Modules of torch.nn with inputs that fit: none of them has a fault, which is checked here too."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Inputs = Callable[[], tuple[Any, ...]]


def _random(*shapes: tuple[int, ...]) -> Inputs:
    def inputs() -> tuple[Any, ...]:
        generator = torch.Generator().manual_seed(7)
        return tuple(torch.randn(shape, generator=generator) for shape in shapes)

    return inputs


def _numbers(*shape: int) -> Inputs:
    return lambda: (torch.arange(torch.Size(shape).numel()).reshape(shape) % 10,)


_ROW, _TEXT, _LINE, _IMAGE, _SPACE = (2, 8), (2, 6, 8), (2, 4, 12), (2, 4, 8, 8), (1, 4, 4, 6, 6)
TORCH_MODULES: dict[str, tuple[Callable[[], nn.Module], Inputs]] = {
    "nn.Linear": (lambda: nn.Linear(8, 4), _random(_ROW)),
    "nn.Bilinear": (lambda: nn.Bilinear(8, 8, 3), _random(_ROW, _ROW)),
    "nn.LazyLinear": (lambda: nn.LazyLinear(4), _random(_ROW)),
    "nn.Embedding": (lambda: nn.Embedding(10, 8), _numbers(2, 6)),
    "nn.EmbeddingBag": (lambda: nn.EmbeddingBag(10, 8), _numbers(2, 6)),
    "nn.Conv1d": (lambda: nn.Conv1d(4, 3, 3), _random(_LINE)),
    "nn.Conv2d": (lambda: nn.Conv2d(4, 3, 3, padding=1), _random(_IMAGE)),
    "nn.Conv3d": (lambda: nn.Conv3d(4, 3, 3), _random(_SPACE)),
    "nn.ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 3, 3), _random(_LINE)),
    "nn.ConvTranspose2d": (lambda: nn.ConvTranspose2d(4, 3, 3), _random(_IMAGE)),
    "nn.BatchNorm1d": (lambda: nn.BatchNorm1d(8), _random(_ROW)),
    "nn.BatchNorm2d": (lambda: nn.BatchNorm2d(4), _random(_IMAGE)),
    "nn.InstanceNorm2d": (
        lambda: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        _random(_IMAGE),
    ),
    "nn.LayerNorm": (lambda: nn.LayerNorm(8), _random(_TEXT)),
    "nn.GroupNorm": (lambda: nn.GroupNorm(2, 4), _random(_IMAGE)),
    "nn.RMSNorm": (lambda: nn.RMSNorm(8), _random(_TEXT)),
    "nn.LocalResponseNorm": (lambda: nn.LocalResponseNorm(2), _random(_IMAGE)),
    "nn.RNN": (lambda: nn.RNN(8, 4, batch_first=True), _random(_TEXT)),
    "nn.LSTM": (lambda: nn.LSTM(8, 4, 2, batch_first=True), _random(_TEXT)),
    "nn.GRU": (lambda: nn.GRU(8, 4, bidirectional=True, batch_first=True), _random(_TEXT)),
    "nn.LSTMCell": (lambda: nn.LSTMCell(8, 4), _random(_ROW)),
    "nn.GRUCell": (lambda: nn.GRUCell(8, 4), _random(_ROW)),
    "nn.MultiheadAttention": (
        lambda: nn.MultiheadAttention(8, 2, batch_first=True),
        _random(_TEXT, _TEXT, _TEXT),
    ),
    "nn.TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        _random(_TEXT),
    ),
    "nn.TransformerDecoderLayer": (
        lambda: nn.TransformerDecoderLayer(8, 2, 16, batch_first=True),
        _random(_TEXT, _TEXT),
    ),
    "nn.Transformer": (
        lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
        _random(_TEXT, _TEXT),
    ),
    "nn.Dropout": (lambda: nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5)), _random(_ROW)),
    "nn.PReLU": (lambda: nn.PReLU(4), _random(_IMAGE)),
    "nn.GELU": (nn.GELU, _random(_ROW)),
    "nn.Softmax": (lambda: nn.Softmax(-1), _random(_ROW)),
    "nn.MaxPool2d": (lambda: nn.MaxPool2d(2), _random(_IMAGE)),
    "nn.AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d(3), _random(_IMAGE)),
    "nn.Upsample": (lambda: nn.Upsample(scale_factor=2), _random(_IMAGE)),
    "nn.PixelShuffle": (lambda: nn.PixelShuffle(2), _random(_IMAGE)),
    "nn.Unfold": (lambda: nn.Unfold(3), _random(_IMAGE)),
    "nn.CosineSimilarity": (nn.CosineSimilarity, _random(_ROW, _ROW)),
    "nn.MSELoss": (nn.MSELoss, _random(_ROW, _ROW)),
    "nn.BCEWithLogitsLoss": (
        lambda: nn.BCEWithLogitsLoss(pos_weight=torch.full((8,), 2.0)),
        _random(_ROW, _ROW),
    ),
    "spectral_norm(nn.Linear)": (
        lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(8, 4)),
        _random(_ROW),
    ),
    "weight_norm(nn.Conv2d)": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 3, 3)),
        _random(_IMAGE),
    ),
}
