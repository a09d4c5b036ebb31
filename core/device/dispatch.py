"""How an op on `sim` runs: on CPU tensors over the same bytes, after a look at the devices."""

import functools
from typing import Any

import torch

from core.device.device_checks import _FLOATS_ONLY, _named, _refuse_integers, _refuse_two_devices
from core.device.generators import _refuse_generator
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
            if value.layout != torch.strided or value.is_quantized:
                kind = "quantized" if value.is_quantized else str(value.layout)
                raise NotImplementedError(f"{_NAME} has no {kind} tensors: only plain, dense ones")
            return _on_sim(value, originals.get(value.untyped_storage()._cdata))
        return type(value)(map(to_sim, value)) if isinstance(value, (list, tuple)) else value

    try:
        with torch._C._AutoDispatchBelowAutograd():
            cpu_args = [to_cpu(a) for a in args]
            cpu_kwargs = {name: to_cpu(value) for name, value in kwargs.items()}
            numbers, generator, outs, floats_only = _plan(op)
            if generator is not None:
                _refuse_generator(args[generator] if generator < len(args) else kwargs)
            if len(devices) > 1:
                _refuse_two_devices(op, args, kwargs)
            if floats_only:
                _refuse_integers(op, args)
            given = tuple(i for i in numbers if isinstance(args[i], (bool, int, float, complex)))
            call = _for_numbers(op, given) if given else op
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
                    _order_as(kwargs[name], cpu_kwargs[name])
                _on_cpu(kwargs[name]).copy_(cpu_kwargs[name])
        return kwargs[outs[0]] if len(outs) == 1 else tuple(kwargs[name] for name in outs)
    finally:
        originals.clear()  # the two functions above refer to themselves, and would keep it


def _order_as(out: torch.Tensor, like: torch.Tensor) -> None:
    """Give `out` the strides of `like`, if these leave no gaps for which it has no memory."""
    steps = zip(like.shape, like.stride(), strict=True)
    if sum((size - 1) * stride for size, stride in steps) < like.numel():
        out.as_strided_(like.shape, like.stride())


@functools.cache
def _for_numbers(op: Any, places: tuple[int, ...]) -> Any:
    """The overload of `op` that takes numbers at these places. PyTorch hands the 5 of `x % 5` over
    as a number, also to an op that takes two tensors; where there is no such overload, it makes a
    tensor of it. (To call the packet would print the tensors, where no tensor may be printed.)"""
    wanted = [(a.name, str(a.type)) for a in op._schema.arguments]
    for place in places:
        wanted[place] = (wanted[place][0], "number")
    for name in op.overloadpacket.overloads():
        overload = getattr(op.overloadpacket, name)
        if [(a.name, str(a.type)) for a in overload._schema.arguments] == wanted:
            return overload
    return op


@functools.cache
def _plan(op: Any) -> tuple[list[int], int | None, list[str], bool]:
    """Of an op's arguments: where tensors stand that may be numbers, where a generator (None if
    nowhere), the names of those that are written as `out=`; and whether CUDA takes only floats."""
    arguments = list(enumerate(op._schema.arguments))
    tensors = [i for i, a in arguments if str(a.type) == "Tensor" and not a.kwarg_only]
    generators = [i for i, a in arguments if "Generator" in str(a.type)]
    outs = [a.name for _, a in arguments if a.is_out]
    floats_only = _named(op) in _FLOATS_ONLY
    return tensors, generators[0] if generators else None, outs, floats_only
