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


def _apply_in_place(apply: Callable) -> Callable:
    def apply_in_place(self: torch.nn.Module, fn: Any, recurse: bool = True) -> torch.nn.Module:
        before: dict[str, Any] = dict(self._parameters)
        apply(self, fn, recurse)
        for name, old in before.items():
            new: Any = self._parameters[name]
            if new is not old and _NAME in (old.device.type, new.device.type):
                _refuse_gradients_of_earlier_graphs(old)
                torch._C._swap_tensor_impl(old, new)  # class, attributes and identity stay
                self._parameters[name] = old
        return self

    return apply_in_place


def _refuse_gradients_of_earlier_graphs(parameter: Any) -> None:
    def refuse(gradients: Any) -> None:
        raise RuntimeError("backward() reached a parameter that moved to another device since")

    with torch._C.DisableTorchFunctionSubclass(), torch.inference_mode(False), torch.enable_grad():
        if parameter.requires_grad and parameter._use_count() > 1:
            torch.autograd.graph.get_gradient_edge(parameter).node.register_prehook(refuse)


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
