"""Stands in for the functions that PyTorch's files call: `inert_call`.

It works out the shape, the dtype and the place that the call would give, and makes nothing.
Source: torch's `_utils.py`, `_rebuild_*`.
"""

import math
from typing import Any

import torch

from core.checkpoint.contents import RAGGED, Limits, View
from core.checkpoint.pickle_values import (
    Broken,
    Items,
    Name,
    Other,
    Storage,
    StoredTensor,
    all_sizes,
)


def inert_call(function: str, arguments: tuple, limits: Limits) -> Any:
    """What `function(*arguments)` would be, as far as the table needs it. Raises Broken."""
    if function in ("collections.OrderedDict", "collections.Counter"):
        pairs = arguments[0] if arguments else []  # Python 2 gives a list of pairs
        return pairs if type(pairs) is Items else Items([(key, value) for key, value in pairs])
    if function == "torch.Size":
        return tuple(arguments[0])
    if function in _REBUILD:
        return _REBUILD[function](limits, *arguments)
    return Other(_TYPES.get(function, function.rpartition(".")[2]))


_TYPES = {
    "_codecs.encode": "bytes",
    "torch.serialization._get_layout": "torch.layout",
    "torch._utils._rebuild_wrapper_subclass": "tensor subclass",
}


def _tensor(
    limits: Limits, storage: Any, offset: Any, size: Any, stride: Any, *_: Any
) -> StoredTensor:
    if type(storage) is not Storage:
        raise Broken("it has a tensor without storage")
    return _view(limits, storage, storage.dtype, offset, size, stride)


def _tensor_v3(
    limits: Limits,
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    hooks: Any,
    dtype: Any,
    *_: Any,
) -> StoredTensor:
    if type(storage) is not Storage:
        raise Broken("it has a tensor without storage")
    return _view(limits, storage, _dtype(dtype), offset, size, stride)


def _view(
    limits: Limits, storage: Storage, dtype: torch.dtype, offset: Any, size: Any, stride: Any
) -> StoredTensor:
    """A tensor that reads `storage` from element `offset` on; Broken if it reads outside."""
    if type(stride) is not tuple or len(stride) > limits.dimensions:
        raise Broken("it has a tensor with an impossible stride")
    stored = _stored(limits, size, dtype, storage.device)
    if not all_sizes(offset, *stride) or len(size) != len(stride):
        raise Broken("it has a tensor with an impossible stride")
    if all(size):
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if (last + 1) * dtype.itemsize > storage.nbytes:
            raise Broken(f"a tensor of shape {list(size)[:8]} reaches outside its storage")
    view = View(storage.key, storage.nbytes, dtype.itemsize, offset, size, stride)
    stored.views = (view,)
    return stored


def _stored(limits: Limits, size: Any, dtype: torch.dtype, device: str) -> StoredTensor:
    if type(size) is not tuple:
        raise Broken("it has a tensor with an impossible size")
    if len(size) > limits.dimensions:
        raise Broken(f"a tensor has {len(size)} dimensions; the limit is {limits.dimensions}")
    if not all_sizes(*size):
        raise Broken("it has a tensor with an impossible size")
    name = str(dtype).removeprefix("torch.")
    return StoredTensor(size, name, math.prod(size) * dtype.itemsize, device)


def _dtype(name: Any) -> torch.dtype:
    dtype = getattr(torch, name.full.removeprefix("torch."), None)
    if not isinstance(dtype, torch.dtype):
        raise Broken("it has a tensor without a dtype")
    return dtype


def _same(limits: Limits, data: Any, *_: Any) -> StoredTensor:
    """A Parameter, or a tensor with attributes: its data."""
    if type(data) is not StoredTensor:
        raise Broken("it has a parameter without a tensor")
    return data


def _on_device(limits: Limits, data: Any, dtype: Any, device: Any, *_: Any) -> StoredTensor | Other:
    if type(data) is not StoredTensor:  # from an array of numpy
        return Other("tensor")
    if type(device) is not str:
        raise Broken("it has a tensor on no device")
    moved = _stored(limits, data.shape, _dtype(dtype), device)
    moved.views = data.views
    return moved


def _on_meta(limits: Limits, dtype: Any, size: Any, *_: Any) -> StoredTensor:
    return _stored(limits, size, _dtype(dtype), "meta")


def _sparse(limits: Limits, layout: Any, data: Any) -> StoredTensor:
    """(indices, values, size, ...) or, compressed, (starts, indices, values, size, ...)."""
    tensors = [part for part in data[:5] if type(part) is StoredTensor]
    size = next((part for part in data[:5] if type(part) is tuple), ())
    if len(tensors) not in (2, 3) or len(size) > limits.dimensions or not all_sizes(*size):
        raise Broken("it has a sparse tensor without its parts")
    values = tensors[-1]
    nbytes = sum(tensor.nbytes for tensor in tensors)
    views = tuple(view for tensor in tensors for view in tensor.views)
    return StoredTensor(size, f"{values.dtype} (sparse)", nbytes, values.device, views)


def _nested(limits: Limits, buffer: Any, sizes: Any, *_: Any) -> StoredTensor:
    """Tensors of different sizes in one: its numbers, and a table of sizes, one row for each."""
    if type(buffer) is not StoredTensor or type(sizes) is not StoredTensor or len(sizes.shape) != 2:
        raise Broken("it has a nested tensor without its parts")
    count, dimensions = sizes.shape
    if dimensions >= limits.dimensions:
        raise Broken(f"a tensor has {dimensions + 1} dimensions; the limit is {limits.dimensions}")
    shape = (count, *(RAGGED,) * dimensions)
    dtype = f"{buffer.dtype} (nested)"
    return StoredTensor(shape, dtype, buffer.nbytes, buffer.device, buffer.views)


def _with_type(limits: Limits, function: Any, cls: Any, arguments: Any, *_: Any) -> Any:
    """A tensor that had attributes: the function that rebuilds it, and its arguments."""
    rebuild = _REBUILD.get(function.full)
    if rebuild is _with_type:
        raise Broken("it has a tensor that is made of itself")
    if rebuild is None:  # an import that is refused
        return Other(cls.full.rpartition(".")[2] if type(cls) is Name else "tensor subclass")
    return rebuild(limits, *arguments)


_REBUILD = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_qtensor": _tensor,
    "torch._utils._rebuild_parameter": _same,
    "torch._utils._rebuild_parameter_with_state": _same,
    "torch.nn.parameter.Parameter": _same,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _on_device,
    "torch._utils._rebuild_device_tensor_from_numpy": _on_device,
    "torch._utils._rebuild_meta_tensor_no_storage": _on_meta,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_nested_tensor": _nested,
    "torch._tensor._rebuild_from_type_v2": _with_type,
}
