"""PyTorch's old format: a magic number, four more pickles, then the tensors' numbers.

Source: torch's `serialization.py`, `_legacy_save`.
"""

import io
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from core.checkpoint.contents import Entry, Limits, Refusal
from core.checkpoint.other_files import other_file
from core.checkpoint.pickle_reader import read_pickle
from core.checkpoint.pickle_values import STORAGES, Storage
from core.checkpoint.reasons import NOT_READ_BACK
from core.checkpoint.torch_zip import check_storage
from core.settings.setting import shorten

MAGIC_NUMBER, PROTOCOL_VERSION = 0x1950A86A20F9469CFC6C, 1001  # torch/serialization.py
DTYPES = {str(dtype).removeprefix("torch.") for dtype in STORAGES.values()}


@dataclass
class LegacyFile:
    """What an old file holds: its pickle's value, and where the numbers are."""

    value: Any
    file: BinaryIO
    places: dict[str, tuple[int, int]]  # storage -> (first byte, bytes)

    def numbers(self, storage: str) -> bytes | None:
        """The bytes of a storage, or None if they cannot be had."""
        place, nbytes = self.places[storage]
        self.file.seek(place)
        return self.file.read(nbytes)


def read_legacy(file: BinaryIO, start: bytes, size: int, limits: Limits) -> LegacyFile:
    """Read the pickles of an old file. Raises Refusal, with what the file is if it is no pickle."""
    data = file.read(limits.pickle_bytes)
    if refusal := other_file(start, data, limits):
        raise refusal
    pickles = io.BytesIO(data)
    _check_magic(pickles, start, limits)
    version, _ = read_pickle(pickles, limits)
    if type(version) is not int or version != PROTOCOL_VERSION:
        raise Refusal("Its version of PyTorch's old format is unknown. Save it again.")
    read_pickle(pickles, limits)  # the machine that wrote it
    value, storages = read_pickle(pickles, limits)
    keys, _ = read_pickle(pickles, limits)
    if type(keys) is not list or any(type(key) is not str for key in keys):
        raise Refusal("It does not say where its tensor data is. Save or download it again.")
    if set(keys) != set(storages) or len(keys) != len(storages):
        raise Refusal("Its list of tensor data does not fit its tensors. Save it again.")
    return LegacyFile(value, file, _places(file, pickles.tell(), keys, storages, size))


def _check_magic(pickles: BinaryIO, start: bytes, limits: Limits) -> None:
    try:
        magic, _ = read_pickle(pickles, limits)
    except Refusal as refusal:
        if start[:1] == b"\x80" or "import" in str(refusal):
            raise
        magic = None
    if type(magic) is not int or magic != MAGIC_NUMBER:
        is_pickle = magic is not None or start[:1] == b"\x80"
        raise Refusal(
            f"This is {'a pickle, but not one' if is_pickle else 'no file'} of torch.save, no "
            "zip and no safetensors file. Get the .pt, .pth, .bin or .safetensors file itself."
        )


def _places(
    file: BinaryIO, position: int, keys: list[str], storages: dict[str, Storage], size: int
) -> dict[str, tuple[int, int]]:
    places = {}
    for key in keys:
        file.seek(position)
        elements = file.read(8)
        places[key] = position + 8, storages[key].nbytes
        position += 8 + storages[key].nbytes
        claimed = struct.unpack("<q", elements)[0] if len(elements) == 8 else -1
        if claimed != storages[key].elements or position > size:
            check_storage(storages[key], max(size - position + storages[key].nbytes, -1))
            raise Refusal(f"The tensor data {shorten(key)} lies about its size. Save it again.")
    return places


def not_read_back(entries: list[Entry]) -> str:
    """A sentence if there are dtypes that PyTorch writes into this format and does not read."""
    dtypes = {entry.dtype for entry in entries if entry.is_tensor and "(" not in entry.dtype}
    unread = sorted(dtypes - DTYPES)
    return NOT_READ_BACK.format(dtypes=", ".join(map(shorten, unread))) if unread else ""
