"""Every copy between `cpu` and `sim` leaves a record: what crossed, how many bytes."""

import weakref
from dataclasses import dataclass

import torch

from core.device.memory import _shared


@dataclass(frozen=True)
class Copy:
    """One copy across the boundary between `cpu` and `sim:0`."""

    direction: str  # "cpu -> sim:0" or "sim:0 -> cpu"
    nbytes: int
    shape: tuple[int, ...]
    dtype: torch.dtype  # as it arrives
    source: weakref.ref  # to the tensor that was read; calling it gives None once that is gone
    result: weakref.ref  # to the tensor that was written
    source_address: int  # of the source's storage: one for a buffer and all its views

    def reads(self, tensor: torch.Tensor) -> bool:
        """Whether the source was `tensor`, or shares its memory. Ask while `tensor` still has the
        device that it had then, for memory that is freed is used again."""
        return tensor.untyped_storage().data_ptr() == self.source_address


def _record_copy(source: torch.Tensor, result: torch.Tensor) -> None:
    if source.device == result.device:
        return
    for copies in _shared().counters.get():
        copies.append(
            Copy(
                f"{source.device} -> {result.device}",
                result.numel() * result.element_size(),
                tuple(result.shape),
                result.dtype,
                weakref.ref(source),
                weakref.ref(result),
                source.untyped_storage().data_ptr(),
            )
        )
