"""Every change that registration makes to torch's own names: PATCHES is the whole list.

A patch replaces one attribute of torch by a function that does what the old one did for every other
device. Each is there since PyTorch leaves no hook for a backend that is written in Python.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from core.device.memory import _CPU, _NAME, _shared, _sim_storage
from core.device.moving_in_place import _take_over


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


def _generator_on_any_device(plain: Any) -> Any:
    """A generator for `sim` is a CPU generator that says `sim:0`."""

    class Kind(type(plain)):  # every generator stays a torch.Generator
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, plain)

        def __subclasscheck__(cls, kind: type) -> bool:
            return issubclass(kind, plain)

    class Generator(plain, metaclass=Kind):
        __doc__ = plain.__doc__
        device = property(lambda self: torch.device(_NAME, 0))

        def __new__(cls, device: Any = "cpu") -> Any:
            on_sim = torch.device(device).type == _NAME
            return plain.__new__(cls) if on_sim else plain(device)

    return Generator


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
        on_sim = _NAME in (self.device.type, value.device.type)
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


def _backward_in_the_calling_thread(run: Callable) -> Callable:
    def run_here(roots: Any, *args: Any, **kwargs: Any) -> Any:
        elsewhere = {getattr(r, "device", _CPU).type for r in roots} - {"cpu", _NAME}
        threads = bool(elsewhere) and torch._C._is_multithreading_enabled()
        with torch.autograd.set_multithreading_enabled(threads):
            try:
                return run(roots, *args, **kwargs)
            except SystemError:  # "returned NULL without setting an exception"
                error = _shared().pending.__dict__.pop("error", None)
                if error is None:
                    raise
                raise error from None

    return run_here


PATCHES = (
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
        torch.autograd,
        "_engine_run_backward",
        _backward_in_the_calling_thread,
        "backward() runs in the calling thread: for counters, which belong to a context, and for "
        "the exceptions of hooks (see _DeviceGuard).",
    ),
)


def _apply_patches() -> None:
    for patch in PATCHES:
        patch.apply()
