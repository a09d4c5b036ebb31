"""`tensor.data = other` across devices: a parameter moves, and is the same object as before.

PyTorch does it in C++ (torch/csrc/autograd/variable.cpp, VariableHooks::set_data), for devices that
it knows: the memory is exchanged, while the autograd part stays: `requires_grad`, hooks, `.grad`.
"""

import weakref
from collections import OrderedDict
from typing import Any

import torch

from core.device.memory import _tensor_over


def _take_over(old: Any, value: torch.Tensor) -> None:
    """Give the leaf `old` the memory, device and dtype of `value`; all else about it stays.

    A graph made before ends at a node that knows the old memory. Its gradients go on to `old`, as
    on CUDA, which has no check here; there `.grad` may stay on another device than `old`.
    """
    gradient, accumulator = old.grad, None
    with torch._C.DisableTorchFunctionSubclass(), torch.inference_mode(old.is_inference()):
        if old.requires_grad and old._use_count() > 1:
            with torch.enable_grad():
                accumulator = torch.autograd.graph.get_gradient_edge(old).node
        new: Any = _tensor_over(value.untyped_storage(), value)
        new.requires_grad_(old.requires_grad)
        new._backward_hooks = old._backward_hooks
        after_accumulation = old._post_accumulate_grad_hooks
        if after_accumulation:
            old._post_accumulate_grad_hooks = OrderedDict()  # for the graph made before
        torch._C._swap_tensor_impl(old, new)  # class, attributes and identity stay
        if gradient is not None:
            _take_along(old, gradient)
        if after_accumulation:
            old._post_accumulate_grad_hooks = after_accumulation
    if accumulator is not None:
        _pass_gradients_on(accumulator, weakref.ref(old))


def _take_along(tensor: Any, gradient: Any) -> None:
    """Set `.grad` to what `gradient` is on the tensor's device; the object stays the same."""
    if gradient.shape == tensor.shape:
        tensor.grad = gradient.detach().to(tensor.device, tensor.dtype)
        if tensor.grad is not gradient:
            torch._C._swap_tensor_impl(gradient, tensor.grad)


def _pass_gradients_on(accumulator: Any, parameter: weakref.ref) -> None:
    def to_the_moved(gradients: tuple[torch.Tensor | None, ...]) -> None:
        moved = parameter()
        if moved is None or gradients[0] is None:
            return
        with torch.enable_grad():
            node: Any = torch.autograd.graph.get_gradient_edge(moved).node
        with torch.no_grad():
            node(gradients[0])

    accumulator.register_prehook(to_the_moved)
