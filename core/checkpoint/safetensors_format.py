"""The safetensors format, read and written by the package of that name.

What stays our own comes before it: the limits on the header's length and on the number of its
entries, since the package takes 100 MB of header and makes an object of each entry; and a key that
stands twice is refused, of which the package keeps the last in silence. The header's order and its
places are read here once more, since the package gives tensors in any order. The names of dtypes
are in a table here, since the package's table has no public name and lacks some.

Source: the README of huggingface/safetensors, section "Format".
"""

import json
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO

import safetensors.torch
import torch
from safetensors import SafetensorError, deserialize, safe_open

from core.checkpoint.contents import (
    LIMITS,
    NO_DEVICE,
    Distinct,
    Entry,
    Limits,
    Refusal,
    View,
    printable,
)
from core.settings.setting import shorten

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E8M0": torch.float8_e8m0fnu,
    "I16": torch.int16,
    "U16": torch.uint16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I32": torch.int32,
    "U32": torch.uint32,
    "F32": torch.float32,
    "I64": torch.int64,
    "U64": torch.uint64,
    "F64": torch.float64,
    "C64": torch.complex64,
}
PACKED_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}  # known to the format, not to torch
WRITABLE = frozenset(DTYPES.values()) - {torch.float8_e8m0fnu}
METADATA = "__metadata__"

Row = tuple[str, tuple[str, tuple[int, ...]]]  # key, (the format's name of the dtype, shape)


def looks_like_safetensors(start: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with `start` means to be one.

    A length, then a brace. A length beyond the file is still one: it is told what is wrong. Eight
    characters of JSON would be a length beyond all files.
    """
    is_json = start[:1] == b"{" and int.from_bytes(start[:8], "little") >= 2**48
    return len(start) > 8 and start[8:9] == b"{" and not is_json


def read_entries(
    file: BinaryIO, limits: Limits = LIMITS, path: str = ""
) -> tuple[list[Entry], Callable[[str], bytes]]:
    """The table's rows, in the header's order, and what reads the bytes of a row's numbers.

    Of a path only the header is read. Raises Refusal if the header is too large, or says what
    cannot be.
    """
    text = _header_text(file, limits)
    try:
        rows = dict(_rows_of_path(path) if path else _rows_of_bytes(file))
    except SafetensorError as error:
        raise _broken(str(error)) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which has no name to import
            raise
        raise Refusal(
            "The safetensors package broke off, perhaps for want of memory. "
            "Split the checkpoint into several files."
        ) from None
    _check_count(len(rows), limits)
    header = json.loads(text, object_pairs_hook=_no_twins)  # the package has found it sound
    distinct, entries, places = Distinct(), [], {}
    for key, fields in header.items():
        if key == METADATA:
            continue
        entry = _entry(key, *rows[key], distinct, limits)
        entries.append(entry)
        places[entry.key] = 8 + len(text) + fields["data_offsets"][0], entry.nbytes

    def numbers(storage: str) -> bytes:
        begin, nbytes = places[storage]
        file.seek(begin)
        return file.read(nbytes)

    return entries, numbers


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise Refusal(
            "Its safetensors header names a key twice. Save the file again with safetensors."
        )
    return result


def _entry(
    key: str, dtype: str, shape: tuple[int, ...], distinct: Distinct, limits: Limits
) -> Entry:
    shown = printable(key, limits)
    if len(shape) > limits.dimensions:
        raise Refusal(
            f"Its safetensors header gives {shorten(shown, 60)} {len(shape):,} dimensions; the "
            f"limit is {limits.dimensions}. Save the file again with safetensors."
        )
    known = DTYPES.get(dtype)
    name = str(known).removeprefix("torch.") if known else dtype.lower()
    bits = known.itemsize * 8 if known else PACKED_BITS.get(dtype, 8)
    nbytes, row = math.prod(shape) * bits // 8, distinct(shown)
    flat = View(row, nbytes, known.itemsize if known else 1, 0, shape, _strides(shape))
    return Entry(row, shape, name, nbytes, NO_DEVICE, views=(flat,))


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[place + 1 :]) for place in range(len(shape)))


def _rows_of_path(path: str) -> Iterable[Row]:
    with safe_open(path, framework="pt") as file:
        for key in file.offset_keys():
            part = file.get_slice(key)
            yield key, (part.get_dtype(), tuple(part.get_shape()))


def _rows_of_bytes(file: BinaryIO) -> Iterable[Row]:
    file.seek(0)
    for key, fields in deserialize(file.read()):
        yield key, (fields["dtype"], tuple(fields["shape"]))


def _header_text(file: BinaryIO, limits: Limits) -> bytes:
    """The header's bytes. Refusal if it is longer than it may be, or names too many tensors."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    (length,) = struct.unpack("<Q", file.read(8))
    if length > limits.header_bytes:
        raise Refusal(
            f"Its header claims {length:,} bytes; the limit is {limits.header_bytes:,}. "
            "Split the checkpoint into files with fewer tensors."
        )
    if 8 + length > size:
        raise Refusal(
            f"Its header claims {length:,} bytes, but only {size - 8:,} follow. "
            "The file is cut off: download it again."
        )
    text = file.read(length)
    named = text.count(b'"data_offsets"')
    _check_count(max(named, text.count(b"{") - limits.entries), limits)  # before objects are made
    return text


def _check_count(count: int, limits: Limits) -> None:
    if count > limits.entries:
        raise Refusal(
            f"This file has {count:,} entries; the limit is {limits.entries:,}. "
            "Split the checkpoint into several files."
        )


def _broken(error: str) -> Refusal:
    what = error.rpartition("Error while deserializing: ")[2]
    if "incomplete metadata" in what:
        return Refusal(
            "Its header describes another number of bytes than the file holds "
            "(`incomplete metadata`). The file is cut off or damaged: download it again."
        )
    return Refusal(
        f"The safetensors package refuses its header: {shorten(what, 80)}. "
        "Save the file again with safetensors."
    )


def write(state: Mapping[str, torch.Tensor]) -> bytes:
    """`state` as a safetensors file. Tensors on other devices are copied to the CPU first.

    Each key gets numbers of its own: memory that two keys share is written twice. Raises TypeError
    for a dtype that the package does not write.
    """
    for key, tensor in state.items():
        if tensor.dtype not in WRITABLE:
            raise TypeError(f"`{key}` is {tensor.dtype}, which safetensors cannot store. Cast it.")
    return safetensors.torch.save({key: own_copy(tensor) for key, tensor in state.items()})


def own_copy(tensor: torch.Tensor) -> torch.Tensor:
    """A copy on the CPU, row by row, that shares its memory with nothing."""
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    return plain.clone(memory_format=torch.contiguous_format)


def read_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """All tensors, on the CPU, each with memory of its own."""
    return safetensors.torch.load(data)
