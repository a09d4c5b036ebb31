"""`torch.accelerator` goes on to mean a real device, or none: PyTorch would name `sim` first.

Its functions in C++ take whatever holds the slot for an accelerator (ATen/DeviceAccelerator.cpp,
getAccelerator), so they are answered here by the module of the real device, or refused in the words
of a PyTorch without any.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch

# What torch/accelerator/*.py calls, and its name in torch.cuda or torch.xpu.
_ACCELERATOR_FUNCTIONS = {
    "_accelerator_synchronizeDevice": "synchronize",
    "_accelerator_getDeviceIndex": "current_device",
    "_accelerator_setDeviceIndex": "set_device",
    "_accelerator_exchangeDevice": "_exchange_device",
    "_accelerator_maybeExchangeDevice": "_maybe_exchange_device",
    "_accelerator_getDeviceCapability": "get_device_capability",
    "_accelerator_getStream": "current_stream",
    "_accelerator_setStream": "set_stream",
    "_accelerator_emptyCache": "empty_cache",
    "_accelerator_getDeviceStats": "memory_stats",
    "_accelerator_resetAccumulatedStats": "reset_accumulated_memory_stats",
    "_accelerator_resetPeakStats": "reset_peak_memory_stats",
    "_accelerator_getMemoryInfo": "mem_get_info",
    "_accelerator_isAllocatorInitialized": "is_initialized",
}


def _as_before_registration(get: Callable) -> Callable:
    """The answer of `torch._C._accelerator_getAccelerator` or `_get_accelerator`, kept."""
    answer = get()
    return lambda: answer


def _of_real_accelerator(name: str) -> Callable:
    def wrap(of_any_accelerator: Callable) -> Callable:
        real = torch._C._accelerator_getAccelerator()

        def of_real_accelerator(*args: Any) -> Any:
            if real is None:
                raise RuntimeError("Cannot access accelerator device when none is available.")
            return getattr(getattr(torch, real.type), name)(*args)

        return of_real_accelerator

    return wrap


def _number_of_real_device(take: Callable) -> Callable:
    """A number as a device means the real accelerator, as before registration."""
    real = torch._C._accelerator_getAccelerator()

    def device_of(value: Any) -> Any:
        return torch.device(real.type, value) if type(value) is int else value

    @functools.wraps(take)
    def with_real_device(*args: Any, **kwargs: Any) -> Any:
        return take(*map(device_of, args), **{name: device_of(v) for name, v in kwargs.items()})

    return with_real_device


def _real_device_type(get: Callable) -> Callable:
    def real_device_type() -> str | None:
        found = get()
        return None if found == torch._C._get_privateuse1_backend_name() else found

    return real_device_type
