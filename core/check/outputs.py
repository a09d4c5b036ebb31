"""Two outputs of a module, compared: how far apart are they?"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


def leaves(value: Any, depth: int = 0) -> list[tuple[str, Any]]:
    """Tensors and numbers of an output, each with its path."""
    if isinstance(value, (torch.Tensor, bool, int, float, complex)):
        return [("", value)]
    if depth > 6 or value is None or isinstance(value, (str, bytes, nn.Module, type)):
        return []
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, (list, tuple)):
        parts = list(enumerate(value))
    elif type(value).__module__ == "numpy":
        return [("", torch.as_tensor(value))] if getattr(value, "dtype", "O") != "O" else []
    elif dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
        parts = [(k, v) for k, v in vars(value).items() if not callable(v)]
    else:
        return []
    return [(f"[{key!r}]{path}", leaf) for key, v in parts for path, leaf in leaves(v, depth + 1)]


def difference(one: Any, other: Any) -> float:
    """The largest distance of two outputs, as a part of the largest number in the first.

    inf where they differ in form, or in which numbers are finite.
    """
    left, right = leaves(one), leaves(other)
    if [path for path, _ in left] != [path for path, _ in right]:
        return float("inf")
    distances = (_distance(a, b) for (_, a), (_, b) in zip(left, right, strict=True))
    return max(distances, default=0.0)


def _distance(one: Any, other: Any) -> float:
    a, b = (torch.as_tensor(v).detach().cpu() for v in (one, other))
    if a.is_sparse or a.is_nested or a.is_quantized:
        return 0.0
    if a.shape != b.shape:
        return float("inf")
    if not a.numel():
        return 0.0
    wide = torch.complex128 if a.is_complex() or b.is_complex() else torch.float64
    a, b = a.to(wide), b.to(wide)
    finite = a.isfinite()
    if not torch.equal(finite, b.isfinite()):
        return float("inf")
    apart = (a[finite] - b[finite]).abs()
    if not apart.numel() or apart.max() == 0:
        return 0.0
    return float(apart.max() / a[finite].abs().max().clamp(min=1e-6))


def same(one: Any, other: Any, tolerance: float = 1e-4) -> bool:
    return difference(one, other) <= tolerance


def as_share(distance: float) -> str:
    """A difference in words."""
    if distance == float("inf"):
        return "some values are nan or infinite, or the shape is different"
    if distance == 0:
        return "the output is exactly the same"
    return f"the output differs by {100 * distance:.3g}% of its largest value"


def same_values(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors on the CPU have one form and the same numbers, nan equal to nan."""
    if one.shape != other.shape or one.dtype != other.dtype or one.layout is not torch.strided:
        return False
    one, other = one.detach(), other.detach()
    both_nan = one.isnan() & other.isnan() if one.is_floating_point() else torch.zeros(())
    return bool(((one == other) | both_nan.bool()).all())
