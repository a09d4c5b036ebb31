"""Ops that mean something of their own on `sim`, or that the CPU has no kernel for."""

from typing import Any

import torch

from core.device.copy_counter import _record_copy
from core.device.dispatch import _existing, _run_on_cpu
from core.device.memory import _CPU, _NAME, _SIM, _on_cpu, _on_sim, _set, _sim_storage, _storage_at


def _copy_from(op: Any, source: Any, result: Any, non_blocking: bool = False) -> torch.Tensor:
    """`result.copy_(source)`: the one op that may cross between devices."""
    _record_copy(source, result)
    _on_cpu(result).copy_(_on_cpu(source))
    return result


def _to_copy(
    op: Any,
    tensor: torch.Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    memory_format: Any = None,
    **kwargs: Any,
) -> torch.Tensor:
    """`tensor.to(...)` from or to `sim`. PyTorch's own asks for pinned memory where a copy to the
    CPU need not block (ATen/native/TensorConversions.cpp, _to_copy): here each copy blocks."""
    target = tensor.device if device is None else _existing(device)
    there = target.type == _NAME
    with torch._C._AutoDispatchBelowAutograd():
        source = _on_cpu(tensor)
        if (there or target == _CPU) and dtype in (None, tensor.dtype) and memory_format is None:
            copied = source.clone()  # the same, and faster
        else:
            options = {"dtype": dtype, "memory_format": memory_format}
            copied = op(source, device=_CPU if there else target, **options)
    result = _on_sim(copied) if there else copied
    _record_copy(tensor, result)
    return result


def _zeros(op: Any, size: Any, **kwargs: Any) -> torch.Tensor:
    """`_efficientzerotensor`, a tensor without memory that stands for a gradient of zeros: here
    one with memory, since every tensor on `sim` has some (ATen/native/TensorFactories.cpp)."""
    return torch.zeros(size, dtype=kwargs.get("dtype"), device=_SIM)


def _item(op: Any, tensor: torch.Tensor) -> Any:
    number = _on_cpu(tensor)
    _record_copy(tensor, number)
    return number.item()


def _resize(op: Any, tensor: Any, size: Any, *, memory_format: Any = None) -> torch.Tensor:
    """`resize_`; unlike a real device's, older views of a storage that grows keep the old one."""
    if tensor.shape == torch.Size(size):
        return tensor
    layout = torch.contiguous_format if memory_format is None else memory_format
    like = torch.empty(size, dtype=tensor.dtype, device="meta", memory_format=layout)
    storage = tensor.untyped_storage()
    if like.untyped_storage().nbytes() > storage.nbytes():
        memory = torch.UntypedStorage(like.untyped_storage().nbytes())
        memory[: storage.nbytes()].copy_(_storage_at(storage, _CPU))
        storage = _sim_storage(memory)
    return _set(tensor, storage, like)


def _index(op: Any, tensor: Any, indices: Any, *rest: Any, **kwargs: Any) -> torch.Tensor:
    """`x[indices]` and `x[indices] = values`: CPU indices move to x's device, and so does a 0-dim
    value from any device (ATen/native/TensorAdvancedIndexing.cpp, _index_put_impl_)."""
    indices = [i if i is None or i.device != _CPU else i.to(tensor.device) for i in indices]
    if any(i is not None and i.device != tensor.device for i in indices):
        raise RuntimeError(
            "indices should be either on cpu or on the same device as the indexed tensor "
            f"({tensor.device})"
        )
    if rest and not rest[0].dim() and rest[0].device != tensor.device:
        rest = (rest[0].to(tensor.device), *rest[1:])
    return _run_on_cpu(op, tensor, indices, *rest, **kwargs)


def _where(op: Any, *args: torch.Tensor, **kwargs: Any) -> torch.Tensor:
    """`where` copies each 0-dim CPU tensor to the device of the others
    (ATen/native/TensorCompare.cpp, where_self_out)."""
    device = next((t.device for t in args if t.device != _CPU), _CPU)
    moved = [t if t.dim() or t.device == device else t.to(device) for t in args]
    return _run_on_cpu(op, *moved, **kwargs)


def _foreach_copy(op: Any, targets: Any, sources: Any, non_blocking: bool = False) -> None:
    """One by one where devices differ (ATen/native/cuda/ForeachBinaryOpList.cu, slow path)."""
    for target, source in zip(targets, sources, strict=True):
        target.copy_(source, non_blocking)


def _convolution(op: Any, input: Any, weight: Any, bias: Any, *rest: Any) -> torch.Tensor:
    """What PyTorch calls on a device of its own convolution (ATen/native/Convolution.cpp)."""
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.device != input.device:
            raise RuntimeError(
                f"Input type ({input.type()}) and {name} type ({tensor.type()}) should be the same"
            )
    return _run_on_cpu(torch.ops.aten.convolution.default, input, weight, bias, *rest)


def _convolution_backward(op: Any, gradient: Any, input: Any, weight: Any, *rest: Any) -> Any:
    bias_shape = [gradient.shape[1]]
    whole = torch.ops.aten.convolution_backward.default
    return _run_on_cpu(whole, gradient, input, weight, bias_shape, *rest)


def _lstm_cell(
    from_input: torch.Tensor,
    from_hidden: torch.Tensor,
    cell: torch.Tensor,
    input_bias: torch.Tensor | None = None,
    hidden_bias: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """PyTorch has this fused cell for accelerators only. Gates: (batch, 4 * hidden)."""
    gates = _plus(from_input, input_bias) + _plus(from_hidden, hidden_bias)
    enter, keep, candidate, leave = gates.chunk(4, 1)
    new_cell = keep.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
    return leave.sigmoid() * new_cell.tanh(), new_cell, gates


def _gru_cell(
    from_input: torch.Tensor,
    from_hidden: torch.Tensor,
    hidden: torch.Tensor,
    input_bias: torch.Tensor | None = None,
    hidden_bias: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Likewise. Gates: (batch, 3 * hidden)."""
    input_gates = _plus(from_input, input_bias).chunk(3, 1)
    hidden_gates = _plus(from_hidden, hidden_bias).chunk(3, 1)
    reset = (input_gates[0] + hidden_gates[0]).sigmoid()
    update = (input_gates[1] + hidden_gates[1]).sigmoid()
    candidate = (input_gates[2] + reset * hidden_gates[2]).tanh()
    return candidate + update * (hidden - candidate), from_input


def _plus(gates: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return gates if bias is None else gates + bias


_SPECIAL = {
    "aten::_copy_from": _copy_from,
    "aten::_to_copy": _to_copy,
    "aten::_efficientzerotensor": _zeros,
    "aten::_local_scalar_dense": _item,
    "aten::record_stream": lambda op, tensor, stream: None,  # there is one stream
    "aten::resize_": _resize,
    "aten::index": _index,
    "aten::_index_put_impl_": _index,
    "aten::where": _where,
    "aten::_foreach_copy_": _foreach_copy,
    "aten::set_": lambda op, *args: op._op_dk(torch._C.DispatchKey.CPU, *args),  # copies nothing
    "aten::convolution_overrideable": _convolution,
    "aten::convolution_backward_overrideable": _convolution_backward,
}
