"""The safetensors format, read strictly and written, with nothing but torch.

A file is: 8 bytes, the header's length as a little-endian number; the header, a JSON object that
maps each key to {"dtype", "shape", "data_offsets": [begin, end]}, offsets counted from the header's
end; then the numbers, little-endian and in row-major order. They must fill the rest of the file
without holes and overlaps. `__metadata__` may map text to text. There is nothing to run in it.

Source: the README of huggingface/safetensors, section "Format".
"""

import json
import math
import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import torch

from core.checkpoint.contents import (
    LIMITS,
    Distinct,
    Entry,
    Limits,
    Refusal,
    printable,
    tensor_entry,
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
NAMES = {dtype: name for name, dtype in DTYPES.items()}
PACKED_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}  # known to the format, not to torch
BITS = PACKED_BITS | {name: dtype.itemsize * 8 for name, dtype in DTYPES.items()}
METADATA = "__metadata__"


def looks_like_safetensors(start: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with `start` means to be one.

    A length, then a brace. A length beyond the file is still one: it is told what is wrong. Eight
    characters of JSON would be a length beyond all files.
    """
    is_json = start[:1] == b"{" and int.from_bytes(start[:8], "little") >= 2**48
    return len(start) > 8 and start[8:9] == b"{" and not is_json


def read_header(file: BinaryIO, limits: Limits = LIMITS) -> tuple[dict[str, dict[str, Any]], int]:
    """(key -> its three fields, where the numbers begin). Only the header is read.

    Raises Refusal if the header is too large, no JSON, or says what cannot be.
    """
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
    _check_count(text.count(b'"data_offsets"'), limits)  # before objects are made
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_no_twins)
    except Refusal:
        raise
    except RecursionError:
        raise Refusal(
            "Its header nests lists or objects too deeply; a safetensors header has 3 levels. "
            "Save the file again with safetensors."
        ) from None
    except ValueError as error:
        raise _broken(f"is no JSON ({shorten(str(error), 80)})") from None
    if type(header) is not dict:
        raise _broken("is no JSON object")
    metadata = header.pop(METADATA, {})
    if type(metadata) is not dict or any(type(value) is not str for value in metadata.values()):
        raise _broken(f"has a `{METADATA}` that does not map text to text")
    _check_count(len(header), limits)
    _check_layout(header, size - 8 - length, limits)
    return header, 8 + length


def _check_count(count: int, limits: Limits) -> None:
    if count > limits.entries:
        raise Refusal(
            f"This file has {count:,} entries; the limit is {limits.entries:,}. "
            "Split the checkpoint into several files."
        )


def _broken(what: str) -> Refusal:
    return Refusal(f"Its safetensors header {what}. Save the file again with safetensors.")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _broken("names a key twice")
    return result


def _check_layout(header: dict[str, Any], room: int, limits: Limits) -> None:
    """Raise Refusal unless the tensors of `header` fill `room` bytes exactly."""
    spans = []
    for key, fields in header.items():
        shown = shorten(printable(key, limits), 60)
        if type(fields) is not dict or set(fields) != {"dtype", "shape", "data_offsets"}:
            raise _broken(f"does not give a dtype, a shape and data_offsets for {shown}")
        dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
        if type(dtype) is not str or dtype not in BITS:
            which = shorten(dtype) if type(dtype) is str else "that is no text"
            raise _broken(f"gives {shown} a dtype that is unknown here: {which}")
        if not _sizes(shape) or len(shape) > limits.dimensions:
            raise _broken(
                f"gives {shown} a shape that is not a list of at most {limits.dimensions} sizes"
            )
        if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
            raise _broken(f"gives {shown} data_offsets that are not a begin and an end")
        begin, end = offsets
        bits = math.prod(shape) * BITS[dtype]
        if bits != (end - begin) * 8:
            takes = f"{bits / 8:,.10g}" if bits < 2**66 else "more than any file holds"
            raise _broken(
                f"gives {shown} {end - begin:,} bytes, but shape {shorten(shape)} of {dtype} "
                f"takes {takes}"
            )
        spans.append((begin, end, shown))
    reached = 0
    for begin, end, shown in sorted(spans):
        if begin != reached:
            kind = "overlap at" if begin < reached else "leave a hole before"
            raise _broken(f"lets the tensors {kind} {shown}")
        reached = end
    if reached != room:
        raise Refusal(
            f"Its header describes {reached:,} bytes of numbers, but the file holds {room:,}. "
            "The file is cut off or damaged: download it again."
        )


def _sizes(values: Any) -> bool:
    return type(values) is list and all(type(n) is int and 0 <= n < 2**63 for n in values)


def read_entries(file: BinaryIO, limits: Limits = LIMITS) -> list[Entry]:
    """The table's rows in the header's order, without reading a tensor."""
    header, _ = read_header(file, limits)
    rows = []
    distinct = Distinct()
    for key, fields in header.items():
        dtype = fields["dtype"]
        name = str(DTYPES[dtype]).removeprefix("torch.") if dtype in DTYPES else dtype.lower()
        begin, end = fields["data_offsets"]
        rows.append(
            tensor_entry(
                distinct(printable(key, limits)), tuple(fields["shape"]), name, end - begin
            )
        )
    return rows


def read_tensors(file: BinaryIO, limits: Limits = LIMITS) -> dict[str, torch.Tensor]:
    """All tensors, on the CPU, each with memory of its own."""
    header, start = read_header(file, limits)
    tensors = {}
    for key, fields in header.items():
        if fields["dtype"] in PACKED_BITS:
            raise Refusal(f"PyTorch has no dtype {fields['dtype']}. Save it as another one.")
        dtype = DTYPES[fields["dtype"]]
        begin, end = fields["data_offsets"]
        file.seek(start + begin)
        numbers = bytearray(file.read(end - begin))
        tensor = torch.frombuffer(numbers, dtype=dtype) if numbers else torch.empty(0, dtype=dtype)
        tensors[key] = tensor.reshape(fields["shape"])
    return tensors


def write(state: Mapping[str, torch.Tensor]) -> bytes:
    """`state` as a safetensors file. Tensors on other devices are copied to the CPU first.

    Each key gets numbers of its own: memory that two keys share is written twice. Raises TypeError
    for a dtype that the format does not know.
    """
    for key, tensor in state.items():
        if tensor.dtype not in NAMES:
            raise TypeError(f"`{key}` is {tensor.dtype}, which safetensors cannot store. Cast it.")
    header, parts, reached = {}, [], 0
    # the widest dtypes first, so that every tensor begins at a multiple of its element's size
    for key in sorted(state, key=lambda key: (-state[key].dtype.itemsize, key)):
        tensor = state[key]
        numbers = numbers_of(tensor)
        header[key] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [reached, reached + len(numbers)],
        }
        parts.append(numbers)
        reached += len(numbers)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def numbers_of(tensor: torch.Tensor) -> bytes:
    """The elements' bytes in row-major order."""
    flat = tensor.detach().cpu().resolve_conj().resolve_neg().reshape(-1).contiguous()
    return flat.view(torch.uint8).numpy().tobytes()
