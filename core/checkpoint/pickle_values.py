"""The parts of a pickle, inert: names, dicts, storages and tensors that nothing has run to make.

`inert_call` stands in for the functions that PyTorch's files call: it works out the shape and the
dtype that the call would give, and makes nothing. `rows` lists what is inside.
Source: torch's `_utils.py`, `_rebuild_*`.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import torch

from core.checkpoint.contents import (
    NO_DEVICE,
    Distinct,
    Entry,
    Limits,
    Refusal,
    printable,
    tensor_entry,
)

STORAGES = {  # names of torch's storage classes -> dtype; UntypedStorage counts bytes
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexDoubleStorage": torch.complex128,
    "ComplexFloatStorage": torch.complex64,
    "QUInt8Storage": torch.quint8,
    "QInt8Storage": torch.qint8,
    "QInt32Storage": torch.qint32,
    "QUInt4x2Storage": torch.quint4x2,
    "QUInt2x4Storage": torch.quint2x4,
    "UntypedStorage": torch.uint8,
}


class Broken(Exception):
    """The instructions make no sense."""


@dataclass(eq=False, slots=True)
class Name:
    """`module.name`, not imported."""

    full: str


@dataclass(eq=False, slots=True)
class Other:
    """A value of a type that is only named."""

    type: str


@dataclass(eq=False, slots=True)
class Items:
    """A dict as its pairs, so that no key of the file is ever hashed or compared."""

    pairs: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Storage:
    """`elements` numbers of one dtype, stored under `key`."""

    key: str
    dtype: torch.dtype
    device: str
    elements: int

    @property
    def nbytes(self) -> int:
        return self.elements * self.dtype.itemsize


@dataclass(eq=False, slots=True)
class StoredTensor:
    """A tensor's row of the table; its numbers stay in the file."""

    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    device: str


def all_sizes(*values: Any) -> bool:
    """Whether all are whole numbers that PyTorch takes as a size, a stride or an offset."""
    return all(type(value) is int and 0 <= value < 2**63 for value in values)


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
    "torch._utils._rebuild_nested_tensor": "nested tensor",
    "torch._utils._rebuild_wrapper_subclass": "tensor subclass",
}


def _tensor(limits, storage, offset, size, stride, *_):
    if type(storage) is not Storage:
        raise Broken("it has a tensor without storage")
    return _view(limits, storage, storage.dtype, offset, size, stride)


def _tensor_v3(limits, storage, offset, size, stride, requires_grad, hooks, dtype, *_):
    if type(storage) is not Storage:
        raise Broken("it has a tensor without storage")
    return _view(limits, storage, _dtype(dtype), offset, size, stride)


def _view(limits, storage, dtype, offset, size, stride):
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
    return stored


def _stored(limits, size, dtype, device):
    if type(size) is not tuple:
        raise Broken("it has a tensor with an impossible size")
    if len(size) > limits.dimensions:
        raise Broken(f"a tensor has {len(size)} dimensions; the limit is {limits.dimensions}")
    if not all_sizes(*size):
        raise Broken("it has a tensor with an impossible size")
    name = str(dtype).removeprefix("torch.")
    return StoredTensor(size, name, math.prod(size) * dtype.itemsize, device)


def _dtype(name):
    dtype = getattr(torch, name.full.removeprefix("torch."), None)
    if not isinstance(dtype, torch.dtype):
        raise Broken("it has a tensor without a dtype")
    return dtype


def _same(limits, data, *_):
    """A Parameter, or a tensor with attributes: its data."""
    if type(data) is not StoredTensor:
        raise Broken("it has a parameter without a tensor")
    return data


def _on_device(limits, data, dtype, device, *_):
    if type(data) is not StoredTensor:  # from an array of numpy
        return Other("tensor")
    if type(device) is not str:
        raise Broken("it has a tensor on no device")
    return _stored(limits, data.shape, _dtype(dtype), device)


def _on_meta(limits, dtype, size, *_):
    return _stored(limits, size, _dtype(dtype), "meta")


def _sparse(limits, layout, data):
    """(indices, values, size, ...) or, compressed, (starts, indices, values, size, ...)."""
    tensors = [part for part in data[:5] if type(part) is StoredTensor]
    size = next((part for part in data[:5] if type(part) is tuple), ())
    if len(tensors) not in (2, 3) or len(size) > limits.dimensions or not all_sizes(*size):
        raise Broken("it has a sparse tensor without its parts")
    values = tensors[-1]
    nbytes = sum(tensor.nbytes for tensor in tensors)
    return StoredTensor(size, f"{values.dtype} (sparse)", nbytes, values.device)


def _with_type(limits, function, cls, arguments, *_):
    """A tensor that had attributes: the function that rebuilds it, and its arguments."""
    if function.full not in _REBUILD or _REBUILD[function.full] is _with_type:
        raise Broken("it has a tensor that is made of itself")
    return _REBUILD[function.full](limits, *arguments)


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
    "torch._tensor._rebuild_from_type_v2": _with_type,
}


# ------------------------------------------------------------------------------ flattening


def rows(value: Any, limits: Limits) -> list[Entry]:
    """The leaves of nested dicts and lists, each with its path: `optimizer.state[0].step`.

    A list of plain numbers is one leaf. Raises Refusal for too many or too deep; a list that holds
    itself is too deep, and one that holds another many times counts it each time.
    """
    found: list[Entry] = []
    distinct = Distinct()
    walked = 0

    def visit(value, path, depth):
        nonlocal walked
        items = value.pairs if type(value) is Items else value
        nested = type(value) is Items or (
            type(value) in (list, tuple)
            and any(type(item) in (Items, list, tuple, StoredTensor) for item in value)
        )
        walked += 1 + (len(items) // 10 if type(value) in (Items, list, tuple) else 0)
        children = len(items) if nested else 0
        if len(found) + children > limits.entries or walked > 2 * limits.entries:
            raise Refusal(
                f"This file has more than {limits.entries:,} entries; that is the limit. "
                "Save fewer tensors in one file."
            )
        if depth > limits.depth:
            raise Refusal(
                f"Its dicts and lists are nested more than {limits.depth} deep; that is the limit. "
                "Save a flat dict of tensors, such as model.state_dict()."
            )
        if not children:
            found.append(_row(distinct(path or "(the whole file)"), value))
        elif type(value) is Items:  # of a key given twice, the last counts
            paths = {_join(path, key, limits): item for key, item in items}
            for child_path, child in paths.items():
                visit(child, child_path, depth + 1)
        else:
            for index, child in enumerate(items):
                visit(child, _join(path, index, limits), depth + 1)

    visit(value, "", 0)
    return found


def _join(path: str, key: Any, limits: Limits) -> str:
    if type(key) is str:
        return printable(f"{path}.{key}" if path else key, limits)
    plain = type(key) in (int, float, bool, bytes, type(None))
    return printable(f"{path}[{repr(key) if plain else type(key).__name__}]", limits)


def _row(key: str, value: Any) -> Entry:
    if type(value) is StoredTensor:
        return tensor_entry(key, value.shape, value.dtype, value.nbytes, value.device)
    if type(value) is Items:
        kind = "dict (empty)"
    elif type(value) in (list, tuple):
        kind = f"{type(value).__name__} of {len(value):,}"
    elif type(value) is Name:
        kind = value.full
    elif type(value) is Other:
        kind = value.type
    else:
        kind = "None" if value is None else type(value).__name__
    return Entry(key, None, kind, 0, NO_DEVICE, None)
