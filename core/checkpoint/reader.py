"""Looks inside a checkpoint that a stranger made: `inspect`. Nothing in the file runs.

What a file is, is decided by its first bytes, never by its name:

    PK..                       torch zip: data.pkl describes the tensors, data/0 ... hold them
    a pickle, magic number     torch legacy pickle: four pickles, then the tensors
    length, then a brace       safetensors

The pickles are read by `core.checkpoint.pickle_reader`, so torch.load is not
needed and no tensor is made.
Bytes stay in memory: no temporary file, no cache. Source: torch's `serialization.py`.
"""

import io
import os
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from core.checkpoint.contents import (
    LIMITS,
    Contents,
    Entry,
    Limits,
    Refusal,
    printable,
)
from core.checkpoint.pickle_reader import read_pickle
from core.checkpoint.pickle_values import Storage, rows
from core.checkpoint.safetensors_format import looks_like_safetensors, read_entries
from core.settings.setting import shorten

ZIP, LEGACY, SAFETENSORS = "torch zip", "torch legacy pickle", "safetensors"
EXPECTED = {  # by a name's ending
    ".pt": (ZIP, LEGACY),
    ".pth": (ZIP, LEGACY),
    ".bin": (ZIP, LEGACY),
    ".safetensors": (SAFETENSORS,),
}
MAGIC_NUMBER, PROTOCOL_VERSION = 0x1950A86A20F9469CFC6C, 1001  # torch/serialization.py
OTHER_FILES = {  # first bytes -> what it is
    b"version https:": "a pointer of Git LFS, a few lines of text in place of the file",
    b"<": "a web page or other markup",
    b"\x1f\x8b": "compressed with gzip",
    b"GGUF": "a GGUF model of llama.cpp",
    b"\x89HDF": "an HDF5 file, as Keras writes",
    b"\x93NUMPY": "an array of numpy",
}


def inspect(
    source: bytes | bytearray | memoryview | os.PathLike | str,
    name: str = "",
    limits: Limits = LIMITS,
) -> Contents:
    """The table of what a checkpoint holds. Raises Refusal for a file that is not read.

    `name` is shown, and compared with what the content is. A path's safetensors file may have any
    size, since only its header is read. OSError if a path cannot be opened.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _inspect(io.BytesIO(source), name, limits, in_memory=True)
    if not stat.S_ISREG(os.stat(source).st_mode):
        raise Refusal("This is a folder or a device, not a file. Give the path of one file.")
    with open(source, "rb") as file:
        return _inspect(file, name or os.path.basename(source), limits, in_memory=False)


def _inspect(file: BinaryIO, name: str, limits: Limits, in_memory: bool) -> Contents:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    if not size:
        raise Refusal("The file is empty: it has 0 bytes. Save or download it again.")
    safetensors = looks_like_safetensors(start, size)
    if size > limits.file_bytes and (in_memory or not safetensors):
        raise Refusal(
            f"The file has {size:,} bytes; the limit is {limits.file_bytes:,}. "
            "Look at it on your own machine, or save only the part that matters."
        )
    if start.startswith(b"PK\x03\x04"):
        kind, entries = ZIP, _zip_entries(file, size, limits)
    elif safetensors:
        kind, entries = SAFETENSORS, read_entries(file, limits)
    else:
        kind, entries = LEGACY, _legacy_entries(file, start, size, limits)
    ending = os.path.splitext(name)[1].lower()
    note = ""
    if kind not in EXPECTED.get(ending, (kind,)):
        note = f"The name ends in `{ending}`, but the content is {kind}; it was read as that."
    return Contents(printable(name, limits), kind, tuple(entries), size, note)


# -------------------------------------------------------------------------------- torch zip

_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, struct.error),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, LookupError, OSError),
)


def _zip_entries(file: BinaryIO, size: int, limits: Limits) -> list[Entry]:
    most = limits.entries + 100  # a record for each tensor, and a few of PyTorch's own
    data = file.read()
    records = data.count(b"PK\x01\x02")  # before zipfile makes an object of each
    if records > most:
        raise Refusal(
            f"This zip has {records:,} records; the limit is {most:,}. "
            "Save fewer tensors in one file."
        )
    del data
    try:
        with zipfile.ZipFile(file) as archive:
            members = _checked_members(archive, size, limits)
            folder, pickled = _find_pickle(members, limits)
            with archive.open(pickled) as record:
                pickle = record.read(limits.pickle_bytes + 1)
    except Refusal:
        raise
    except _ZIP_ERRORS as error:
        raise Refusal(
            f"The zip is broken or cut off: {shorten(str(error) or type(error).__name__, 80)}. "
            "Download or save the file again."
        ) from None
    value, storages = read_pickle(io.BytesIO(pickle), limits)
    for storage in storages.values():
        record = members.get(f"{folder}/data/{storage.key}")
        _check_storage(storage, None if record is None else record.file_size)
    return rows(value, limits)


def _checked_members(
    archive: zipfile.ZipFile, size: int, limits: Limits
) -> dict[str, zipfile.ZipInfo]:
    """The zip's members by name; Refusal if their sizes are too large or cannot be true."""
    members = {info.filename: info for info in archive.infolist()}
    if len(members) < len(archive.infolist()):
        raise Refusal("Two records of this zip have one name. Save the file again with torch.save.")
    unpacked = sum(info.file_size for info in members.values())
    if unpacked > limits.unpacked_bytes:
        raise Refusal(
            f"Unpacked, this zip would have {unpacked:,} bytes; the limit is "
            f"{limits.unpacked_bytes:,}. Save only the part that matters."
        )
    reached = 0
    for info in sorted(members.values(), key=lambda info: info.header_offset):
        shown = shorten(printable(info.filename, limits), 60)
        if info.file_size > limits.zip_ratio * max(info.compress_size, 1):
            raise Refusal(
                f"The record {shown} would unpack {info.compress_size:,} bytes to "
                f"{info.file_size:,}; the limit is {limits.zip_ratio} times. "
                "torch.save does not compress: save the file again with it."
            )
        stored = info.compress_type == zipfile.ZIP_STORED
        if info.flag_bits & 1 or not (stored or info.compress_type == zipfile.ZIP_DEFLATED):
            raise Refusal(
                f"The record {shown} is encrypted, or compressed in a way that PyTorch does not "
                "read. torch.save does neither: save the file again with it."
            )
        end = info.header_offset + 30 + info.compress_size
        if (
            info.header_offset < reached
            or end > size
            or (stored and info.compress_size != info.file_size)
        ):
            raise Refusal(
                f"The record {shown} lies about its place or its size. Download the file again."
            )
        reached = end
    return members


def _find_pickle(
    members: dict[str, zipfile.ZipInfo], limits: Limits
) -> tuple[str, zipfile.ZipInfo]:
    found = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    folders = {name.partition("/")[0] for name in members}
    if len(found) != 1 or len(folders) != 1:
        raise Refusal(
            "This is a zip, but not one of torch.save: it needs one folder with a `data.pkl` in it."
        )
    (folder,) = folders
    if f"{folder}/constants.pkl" in members:
        raise Refusal(
            "This is a TorchScript program, which holds code. "
            "Save plain tensors instead: torch.save(model.state_dict(), file)."
        )
    pickled = members[found[0]]
    if pickled.file_size > limits.pickle_bytes:
        raise Refusal(
            f"Its `data.pkl` has {pickled.file_size:,} bytes; the limit is "
            f"{limits.pickle_bytes:,}. Save tensors only, without lists of numbers or text."
        )
    return folder, pickled


def _check_storage(storage: Storage, held: int | None) -> None:
    if held != storage.nbytes:
        has = "does not hold it" if held is None else f"holds {max(held, 0):,}"
        raise Refusal(
            f"The tensor data {shorten(storage.key)} should have {storage.nbytes:,} bytes, "
            f"but the file {has}. It is cut off or damaged: download it again."
        )


# ---------------------------------------------------------------------- torch legacy pickle


def _legacy_entries(file: BinaryIO, start: bytes, size: int, limits: Limits) -> list[Entry]:
    for first, what in OTHER_FILES.items():
        if start.startswith(first):
            raise Refusal(
                f"This is no checkpoint: it is {what}. "
                "Get the .pt, .pth, .bin or .safetensors file itself."
            )
    if start[257:262] == b"ustar":
        raise Refusal(
            "This is a tar archive, as PyTorch wrote before version 0.1.10. torch.load(weights_only"
            "=True) does not read it. Load it where you trust it, and save it again."
        )
    pickles = io.BytesIO(file.read(limits.pickle_bytes))
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
    version, _ = read_pickle(pickles, limits)
    if type(version) is not int or version != PROTOCOL_VERSION:
        raise Refusal("Its version of PyTorch's old format is unknown. Save it again.")
    read_pickle(pickles, limits)  # the machine that wrote it
    value, storages = read_pickle(pickles, limits)
    keys, _ = read_pickle(pickles, limits)
    if type(keys) is not list or any(type(key) is not str for key in keys):
        raise Refusal("It does not say where its tensor data is. Save or download it again.")
    position = pickles.tell()
    if set(keys) != set(storages) or len(keys) != len(storages):
        raise Refusal("Its list of tensor data does not fit its tensors. Save it again.")
    for key in keys:
        file.seek(position)
        elements = file.read(8)
        position += 8 + storages[key].nbytes
        claimed = struct.unpack("<q", elements)[0] if len(elements) == 8 else -1
        if claimed != storages[key].elements or position > size:
            _check_storage(storages[key], max(size - position + storages[key].nbytes, -1))
            raise Refusal(f"The tensor data {shorten(key)} lies about its size. Save it again.")
    return rows(value, limits)
