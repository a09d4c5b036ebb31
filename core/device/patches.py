"""Every change that registration makes to torch's own names: PATCHES is the whole list.

A patch replaces one attribute of torch by a function that does what the old one did for every other
device. Each is there since PyTorch leaves no hook for a backend that is written in Python.
"""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from core.device.autocast import _clear_both_caches
from core.device.generators import _generator_on_any_device
from core.device.interrupts import _backward_in_the_calling_thread
from core.device.memory import _CPU, _NAME, _sim_storage
from core.device.moving_in_place import _take_over
from core.device.real_accelerator import (
    _ACCELERATOR_FUNCTIONS,
    _as_before_registration,
    _number_of_real_device,
    _of_real_accelerator,
    _real_device_type,
)


@dataclass(frozen=True)
class _Patch:
    """One attribute of torch that registration replaces."""

    owner: Any
    name: str
    wrap: Callable[[Any], Any]  # the old attribute -> the new one
    reason: str

    def apply(self) -> None:
        setattr(self.owner, self.name, self.wrap(getattr(self.owner, self.name)))


def _storage_on_any_device(new: Callable) -> Callable:
    def new_on_any_device(cls: type, *args: Any, **kwargs: Any) -> Any:
        if torch.device(kwargs.get("device") or _CPU).type != _NAME:
            return new(cls, *args, **kwargs)
        del kwargs["device"]
        return _sim_storage(new(cls, *args, **kwargs))

    return new_on_any_device


def _pin_memory_for_real_devices(pin: Callable) -> Callable:
    @functools.wraps(pin)
    def pin_memory(self: torch.Tensor, device: Any = None) -> torch.Tensor:
        real = [kind for kind in ("cuda", "xpu") if getattr(torch, kind).is_available()]
        if device is None and not real:
            return self
        return pin(self, real[0] if device is None else device)

    return pin_memory


def _data_of_any_device(data: Any) -> property:
    @functools.wraps(data.__set__)
    def set_data(self: torch.Tensor, value: torch.Tensor) -> None:
        tensor = isinstance(value, torch.Tensor)
        on_sim = tensor and _NAME in (self.device.type, value.device.type)
        if on_sim and self.is_leaf and not torch._has_compatible_shallow_copy_type(self, value):
            return _take_over(self, value)
        return data.__set__(self, value)

    return property(data.__get__, set_data, data.__delete__, data.__doc__)


def _apply_in_place(apply: Callable) -> Callable:
    def apply_in_place(self: torch.nn.Module, fn: Any, recurse: bool = True) -> torch.nn.Module:
        before: list[Any] = [
            (name, parameter, parameter.grad)
            for name, parameter in self._parameters.items()
            if parameter is not None
        ]
        apply(self, fn, recurse)
        for name, old, gradient in before:
            new: Any = self._parameters[name]
            if new is not old and _NAME in (old.device.type, new.device.type):
                moved_gradient = new.grad
                old.grad = None
                _take_over(old, new)
                if moved_gradient is not None:
                    old.grad = moved_gradient
                    torch._C._swap_tensor_impl(gradient, moved_gradient)
                self._parameters[name] = old
        return self

    return apply_in_place


PATCHES = (
    *(
        _Patch(
            torch._C,
            name,
            _as_before_registration,
            "code that takes the accelerator of the machine, and torch.distributed's choice of a "
            "backend, stay as they were.",
        )
        for name in ("_accelerator_getAccelerator", "_get_accelerator")
    ),
    *(
        _Patch(
            torch._C,
            name,
            _of_real_accelerator(of_module),
            "the C++ behind torch.accelerator takes sim for the accelerator: torch.utils.benchmark "
            "would fail, and a CUDA device would be passed over.",
        )
        for name, of_module in _ACCELERATOR_FUNCTIONS.items()
        if hasattr(torch._C, name)
    ),
    *(
        _Patch(
            owner,
            name,
            _number_of_real_device,
            "`.to(0)` goes on to mean the real accelerator, of tensors and of modules.",
        )
        for owner, name in ((torch.Tensor, "to"), (torch._C._nn, "_parse_to"))
        if torch._C._accelerator_getAccelerator() is not None
    ),
    _Patch(
        sys.modules["torch.nn.parallel.data_parallel"],
        "_get_available_device_type",
        _real_device_type,
        "nn.DataParallel would move a module of the CPU to sim.",
    ),
    _Patch(
        torch.UntypedStorage,
        "__new__",
        _storage_on_any_device,
        "torch.load and deepcopy make storages on the device, and PyTorch would crash: the slot "
        "has no allocator.",
    ),
    _Patch(
        torch,
        "Generator",
        _generator_on_any_device,
        "`torch.Generator('sim')` asks a hook that only C++ can give.",
    ),
    _Patch(
        torch.Tensor,
        "pin_memory",
        _pin_memory_for_real_devices,
        "PyTorch would ask sim, which pins nothing, before a real device. So the real one is "
        "named, and without one the tensor comes back as it is: a DataLoader goes on as before.",
    ),
    _Patch(
        torch.Tensor,
        "data",
        _data_of_any_device,
        "`tensor.data = other` compares sets of dispatch keys, of which only those of devices that "
        "PyTorch knows may differ (c10/core/TensorImpl.h, has_compatible_shallow_copy_type).",
    ),
    _Patch(
        torch.nn.Module,
        "_apply",
        _apply_in_place,
        "`module.to` sets `parameter.data`, which PyTorch refuses for a device that it does not "
        "know. It then makes new Parameters: tied weights part, and an optimizer is left with the "
        "old ones.",
    ),
    _Patch(
        torch,
        "clear_autocast_cache",
        _clear_both_caches,
        "torch.autocast's cache of weights is in C++, where a kernel in Python cannot reach it.",
    ),
    _Patch(
        torch.autograd,
        "_engine_run_backward",
        _backward_in_the_calling_thread,
        "backward() runs in the calling thread: for counters, which belong to a context, and for "
        "the exceptions of hooks and Ctrl-C (see interrupts.py).",
    ),
)


def _apply_patches() -> None:
    for patch in PATCHES:
        patch.apply()
