"""Tensors on `sim` in a queue, a pipe, or the results of a loader's workers.

CUDA hands its memory over (torch/multiprocessing/reductions.py, reduce_tensor). Here a copy goes
through the CPU: without that, the thread that feeds a queue fails, and the reader waits for ever.
"""

from collections import OrderedDict
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch

from core.device.memory import _NAME


def _send_through_the_cpu() -> None:
    """For tensors and Parameters on `sim`; PyTorch's own way stays for all others."""
    reducers: dict[type, Callable] = getattr(ForkingPickler, "_extra_reducers")  # noqa: B009
    for kind in (torch.Tensor, torch.nn.Parameter):
        ForkingPickler.register(kind, _through_the_cpu(reducers[kind]))


def _through_the_cpu(reduce: Callable) -> Callable:
    def reduce_tensor(tensor: torch.Tensor) -> Any:
        if tensor.device.type != _NAME or (tensor.requires_grad and not tensor.is_leaf):
            return reduce(tensor)  # of the last, PyTorch's refuses
        plain = tensor.detach()
        if isinstance(tensor, torch.nn.Parameter):
            return torch._utils._rebuild_parameter, (plain, tensor.requires_grad, OrderedDict())
        if tensor.requires_grad:
            return torch._C.TensorBase.requires_grad_, (plain,)
        return torch._C.TensorBase.to, (plain.cpu(), _NAME)

    return reduce_tensor
