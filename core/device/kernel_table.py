"""Which of our functions PyTorch calls for which op on `sim`."""

import functools
from typing import Any

import torch

from core.device.autocast import _register_autocast
from core.device.device_checks import _uses_iterator
from core.device.dispatch import _run_on_cpu
from core.device.interrupts import _guard_interrupts
from core.device.own_kernels import _SPECIAL, _gru_cell, _lstm_cell

_CPU_AUTOCAST = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)


def _register_kernels(module: Any) -> None:
    """Held by `module`, and so by torch, for as long as the process lives."""
    module.fallback = torch.library.Library("_", "IMPL")
    module.fallback.fallback(_dispatch, "PrivateUse1")
    module.fallback.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    module.kernels = torch.library.Library("aten", "IMPL")
    for op in _ops_with_a_detour():
        module.kernels.impl(op, functools.partial(_dispatch, op), "PrivateUse1")
    for key in ("AutogradPrivateUse1", "PrivateUse1"):  # in differentiable steps
        module.kernels.impl("_thnn_fused_lstm_cell", _lstm_cell, key)
        module.kernels.impl("_thnn_fused_gru_cell", _gru_cell, key)
    _register_autocast(module.kernels)
    for key in ("Conjugate", "Negative"):  # a copy resolves these itself
        module.kernels.impl("_copy_from", torch.library.fallthrough_kernel, key)


def _dispatch(op: Any, *args: Any, **kwargs: Any) -> Any:
    """What PyTorch calls for an op that reaches `sim`."""
    _guard_interrupts()
    run = _SPECIAL.get(op._schema.name, _run_on_cpu)
    if torch._C._is_any_autocast_enabled():  # that of the CPU is not meant for `sim`
        with torch._C._ExcludeDispatchKeyGuard(_CPU_AUTOCAST):
            return run(op, *args, **kwargs)
    return run(op, *args, **kwargs)


def _ops_with_a_detour() -> list[Any]:
    """Ops for which PyTorch has a detour on unknown devices, and the CPU a kernel of its own. Those
    on TensorIterator keep the detour, on which PyTorch itself checks their devices."""
    registered = torch._C._dispatch_get_registrations_for_dispatch_key
    detours = ("ExplicitAutograd", "ExplicitAutogradNonFunctional", "ImplicitAutograd")
    names = {name for kind in detours for name in registered(f"Composite{kind}")}
    ops = [
        torch.ops.aten.convolution_overrideable.default,
        torch.ops.aten.convolution_backward_overrideable.default,
        torch.ops.aten.index.Tensor,  # the detour would copy CPU indices twice
        torch.ops.aten.mode.values,  # the detour knows CPU, CUDA and XPU by name
        torch.ops.aten._to_copy.default,  # see its kernel
    ]
    for name in sorted(names.intersection(registered("CPU"))):
        library, _, name = name.partition("::")
        base, _, overload = name.partition(".")
        if library == "aten":
            op = getattr(getattr(torch.ops.aten, base), overload or "default")
            ops += [] if _uses_iterator(op) else [op]
    return ops
