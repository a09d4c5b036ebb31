"""What has to fit a buffer's name: shapes, and what numbers show, given as float64."""

import torch

Shape = tuple[int, ...]
TINY = 2e-3  # what half precision rounds numbers from 0 to 1 by, at most


def scalar(shape: Shape) -> bool:
    return all(n == 1 for n in shape)


def several(shape: Shape) -> bool:
    return not scalar(shape)


def square(shape: Shape) -> bool:
    """[.., T, T], all sizes before it 1."""
    return len(shape) >= 2 and shape[-1] == shape[-2] > 1 and set(shape[:-2]) <= {1}


def line(shape: Shape) -> bool:
    return len(shape) == 1 and shape[0] > 1


def table(shape: Shape) -> bool:
    return len(shape) >= 2 and several(shape)


def few(shape: Shape) -> bool:
    """A number for each channel of an image: [3], [3, 1, 1], [1, 3, 1, 1]."""
    return sum(n > 1 for n in shape) <= 1 and max(shape, default=1) <= 8


def marks(values: torch.Tensor) -> bool:
    """Two kinds of numbers: yes and no, or nothing and minus infinity."""
    yes_no = (values == 0) | (values == 1)
    added = (values == 0) | (values <= -1e4)
    return bool(yes_no.all() or added.all())


def not_negative(values: torch.Tensor) -> bool:
    return bool((values >= 0).all())


def whole(values: torch.Tensor) -> bool:
    return bool((values == values.round()).all())


def counts(values: torch.Tensor) -> bool:
    return whole(values) and not_negative(values)


def from_0_to_1(values: torch.Tensor) -> bool:
    return bool(((values >= -TINY) & (values <= 1 + TINY)).all())


def from_minus_1_to_1(values: torch.Tensor) -> bool:
    return bool((values.abs() <= 1 + TINY).all())


def falling(values: torch.Tensor) -> bool:
    flat = values.reshape(-1)
    return bool((flat > 0).all() and (flat.diff() <= 0).all())


def unit_length(values: torch.Tensor) -> bool:
    return abs(float(values.norm()) - 1) < 0.05
