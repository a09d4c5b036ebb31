"""The memory that one forward pass takes, seen operation by operation."""

from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class MemoryTracker(TorchDispatchMode):
    """Sees every operation of PyTorch in this thread: the memory that results take while they live.

    It does not see what one operation takes and gives back inside its own kernel.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[StorageWeakRef, int] = {}  # new storages -> bytes
        self.peak = 0  # the most bytes that were live at once
        self.peak_at = ""  # the operation after which they were
        self.largest = 0  # bytes of the largest new storage
        self.crossed = 0  # bytes of results on another device than their operand
        self.operations: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: Any = None
    ) -> Any:
        operands = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        result = func(*args, **(kwargs or {}))
        self.operations.append(func._schema.name.removeprefix("aten::"))
        self.live = {storage: n for storage, n in self.live.items() if not storage.expired()}
        known = {tensor.untyped_storage()._cdata for tensor in operands}
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in known:
                storage = tensor.untyped_storage()
                self.live[StorageWeakRef(storage)] = storage.nbytes()
                self.largest = max(self.largest, storage.nbytes())
                if operands and operands[0].device != tensor.device:
                    self.crossed += tensor.nbytes
        total = sum(self.live.values())
        if total > self.peak:
            self.peak, self.peak_at = total, self.operations[-1]
        return result


def track_memory(model: torch.nn.Module, x: torch.Tensor) -> MemoryTracker:
    """The MemoryTracker of one forward pass."""
    with MemoryTracker() as watch:
        model(x)
    return watch
