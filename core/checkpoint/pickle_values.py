"""The parts of a pickle, inert: names, dicts, storages and tensors that nothing has run to make."""

from dataclasses import dataclass, field
from typing import Any

import torch

from core.checkpoint.contents import Limits, View, printable

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

TAKEN_BY_TORCH = frozenset(  # the instructions of torch's weights_only unpickler
    "GLOBAL NEWOBJ REDUCE BUILD APPEND APPENDS SETITEM SETITEMS MARK TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "NONE NEWFALSE NEWTRUE EMPTY_TUPLE EMPTY_LIST EMPTY_DICT EMPTY_SET BININT BININT1 BININT2 "
    "BINFLOAT BINUNICODE SHORT_BINSTRING BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT LONG1 "
    "PROTO STOP".split()
)
LITERALS = frozenset(  # instructions that push what follows them
    "BININT BININT1 BININT2 INT LONG LONG1 LONG4 BINFLOAT FLOAT BINUNICODE SHORT_BINUNICODE "
    "BINUNICODE8 UNICODE STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 "
    "BYTEARRAY8".split()
)
CONSTANTS = {"NONE": None, "NEWFALSE": False, "NEWTRUE": True, "EMPTY_TUPLE": ()}


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
    attributes: Any = None  # what the pickle sets on it, such as state_dict()._metadata


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
    views: tuple[View, ...] = ()


def all_sizes(*values: Any) -> bool:
    """Whether all are whole numbers that PyTorch takes as a size, a stride or an offset."""
    return all(type(value) is int and 0 <= value < 2**63 for value in values)


def storage_of(identity: Any, limits: Limits) -> tuple[Storage, Storage]:
    """(a storage, the part of it that is meant) of a persistent id. Raises Broken.

    The id is ("storage", class, key, device, elements[, view]); view is (key, offset, elements).
    """
    if type(identity) is not tuple or not 5 <= len(identity) <= 6:
        raise Broken("it has no proper storage")
    kind, cls, key, device, elements, *view = identity
    name = cls.full.rpartition(".")[2]
    if kind != "storage" or name not in STORAGES or not all_sizes(elements):
        raise Broken("it has no proper storage")
    if type(key) is not str or type(device) is not str:
        raise Broken("it has a storage without a name")
    whole = Storage(key, STORAGES[name], printable(device, limits), elements)
    if not view or view[0] is None:
        return whole, whole
    _, offset, size = view[0]
    if not all_sizes(offset, size) or offset + size > elements:
        raise Broken(f"a view reaches outside storage {key}")
    return whole, Storage(key, whole.dtype, whole.device, size)
