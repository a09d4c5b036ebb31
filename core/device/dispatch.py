"""How an op on `sim` runs: on CPU tensors over the same bytes, after a look at the devices."""

import functools
from typing import Any

import torch

from core.device.device_checks import _named, _refuse_two_devices
from core.device.memory import _CPU, _NAME, _on_cpu, _on_sim


def _existing(device: torch.device) -> torch.device:
    if device.type == _NAME and device.index:
        raise RuntimeError(f"invalid device ordinal {device}: there is only {_NAME}:0")
    return device


def _run_on_cpu(op: Any, *args: Any, **kwargs: Any) -> Any:
    """Run `op` on CPU tensors over the same bytes; results on `sim`, aliasing what they alias.

    Raises RuntimeError, in PyTorch's words, if the tensors are on two devices.
    """
    originals: dict[int, torch.Tensor] = {}  # by CPU tensor, and by the storage of a CPU tensor
    devices = set()

    def to_cpu(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            devices.add(value.device)
            window = _on_cpu(value)
            originals[id(window)] = originals[window.untyped_storage()._cdata] = value
            return window
        if isinstance(value, (list, tuple)):
            return [to_cpu(v) for v in value]
        if isinstance(value, torch.device):
            return _CPU if _existing(value).type == _NAME else value
        return value

    def to_sim(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) in originals:
                return originals[id(value)]
            return _on_sim(value, originals.get(value.untyped_storage()._cdata))
        return type(value)(map(to_sim, value)) if isinstance(value, (list, tuple)) else value

    try:
        with torch._C._AutoDispatchBelowAutograd():
            cpu_args = [to_cpu(a) for a in args]
            cpu_kwargs = {name: to_cpu(value) for name, value in kwargs.items()}
            if len(devices) > 1:
                _refuse_two_devices(op, args, kwargs)
            # PyTorch hands the 5 of `x % 5` over as a number, also to an op that takes two tensors.
            numbers = (
                isinstance(args[i], (bool, int, float, complex)) for i in _tensor_positions(op)
            )
            call = op.overloadpacket if any(numbers) else op
            outs = [a.name for a in op._schema.arguments if a.is_out]
            if not outs:
                return to_sim(call(*cpu_args, **cpu_kwargs))
            # The CPU may resize what it writes: let it write new tensors, and store these.
            for name in outs:
                shape = kwargs[name].shape if _named(op) == "normal" else 0  # it resizes nothing
                cpu_kwargs[name] = torch.empty(shape, dtype=kwargs[name].dtype)
            call(*cpu_args, **cpu_kwargs)
            for name in outs:
                if kwargs[name].shape != cpu_kwargs[name].shape:
                    kwargs[name].resize_(cpu_kwargs[name].shape)
                    kwargs[name].as_strided_(cpu_kwargs[name].shape, cpu_kwargs[name].stride())
                _on_cpu(kwargs[name]).copy_(cpu_kwargs[name])
        return kwargs[outs[0]] if len(outs) == 1 else tuple(kwargs[name] for name in outs)
    finally:
        originals.clear()  # the two functions above refer to themselves, and would keep it


@functools.cache
def _tensor_positions(op: Any) -> list[int]:
    arguments = enumerate(op._schema.arguments)
    return [i for i, a in arguments if str(a.type) == "Tensor" and not a.kwarg_only]
