"""What becomes of numbers when load_state_dict copies them into a tensor of another dtype.

PyTorch copies without a word: `copy_` rounds, cuts off and wraps around. So it is tried here, with
numbers that show it, on tensors of one element.
"""

import functools
import warnings
from dataclasses import dataclass

import torch

PROBES = (2.8, 300.0, -1.0, 1 / 3, 2.0**24 + 1, 70_000.0, 1e30, 2.0**53 - 1, 1e300)
WHOLE_PROBES = (300, -1, 200, 113, 70_000, 2**24 + 1, 2**40 + 1, 2**53 + 1)


@dataclass(frozen=True)
class CastResult:
    """What copying one dtype into another does. before and after are empty where nothing changes.

    error is PyTorch's own text where it does not copy at all.
    """

    before: str = ""
    after: str = ""
    error: str = ""

    @property
    def is_exact(self) -> bool:
        return not self.before and not self.error


def known_dtype(name: str) -> torch.dtype | None:
    """The dtype of a table's text, "float32"; None for one that PyTorch has not."""
    dtype = getattr(torch, name.partition(" ")[0], None)
    return dtype if isinstance(dtype, torch.dtype) else None


@functools.cache
def cast(source: str, target: str) -> CastResult:
    """Try to copy numbers of one dtype into a tensor of another: the first that comes out changed.

    Both as the table names them, "float16" or "float32 (sparse)".
    """
    if source == target:
        return CastResult()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of complex into real, which the result shows
        try:
            return _tried(source, target)
        except (RuntimeError, TypeError, NotImplementedError) as error:
            return CastResult(error=str(error).splitlines()[0])


def example(name: str) -> torch.Tensor:
    """A tensor of one element, [1], of the kind that the table names. Raises for what is unknown.

    RuntimeError or TypeError where PyTorch cannot make one.
    """
    dtype = known_dtype(name)
    if dtype is None or "nested" in name:
        raise TypeError(f"PyTorch has no tensor of {name} to copy.")
    if "sparse" in name:
        return torch.ones(1).to_sparse().to(dtype)
    if dtype in (torch.quint8, torch.qint8, torch.qint32):
        return torch.quantize_per_tensor(torch.ones(1), 0.1, 0, dtype)
    return torch.zeros(1, dtype=dtype)


def _tried(source: str, target: str) -> CastResult:
    one, other = example(source), example(target)
    other.copy_(one)  # whether it works at all
    if one.is_sparse or one.is_quantized or other.is_quantized or other.is_sparse:
        return CastResult()
    if one.dtype.is_complex:
        return _compared(torch.tensor([1 + 2j], dtype=one.dtype), other)
    whole = not one.dtype.is_floating_point and one.dtype is not torch.bool
    for probe in WHOLE_PROBES if whole else PROBES:
        try:
            number = torch.tensor([probe], dtype=torch.int64 if whole else torch.float64)
            before = number.to(one.dtype)
            if whole and before.item() != probe:
                continue  # the smaller dtype has no such number
        except (RuntimeError, OverflowError):
            continue
        result = _compared(before, other)
        if not result.is_exact:
            return result
    return CastResult()


def _compared(before: torch.Tensor, into: torch.Tensor) -> CastResult:
    after = into.clone().copy_(before)
    old, new = before.item(), after.item()
    if new == old or (isinstance(new, bool) and new == bool(old) and old in (0, 1)):
        return CastResult()
    return CastResult(*_short(old, new))


def _short(*numbers: object) -> list[str]:
    """Numbers as text, with as few digits as tell them apart."""
    texts: list[str] = []
    for digits in (6, 9, 17):
        texts = [f"{n:.{digits}g}" if isinstance(n, float) else str(n) for n in numbers]
        if len({text.removesuffix(".0") for text in texts}) == len(texts):
            break
    return texts
