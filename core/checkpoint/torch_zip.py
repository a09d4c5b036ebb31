"""The zip that torch.save writes: data.pkl describes the tensors, data/0 and so on hold them.

Source: torch's `serialization.py`. The checks before zipfile reads stay our own: zipfile makes an
object of each record, and takes a record's word for its size.
"""

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, BinaryIO

from core.checkpoint.contents import Limits, Refusal, printable
from core.checkpoint.other_files import other_zip
from core.checkpoint.pickle_reader import read_pickle
from core.checkpoint.pickle_values import Storage
from core.checkpoint.reasons import several_archives
from core.settings.setting import shorten

ERRORS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, struct.error),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, LookupError, OSError),
)
RECORD = b"PK\x01\x02"  # begins each entry of a zip's table of records


@dataclass
class TorchZip:
    """What a zip of torch.save holds: its pickle's value, and where the numbers are."""

    value: Any
    archive: zipfile.ZipFile
    folder: str
    little: bool  # whether its numbers are little-endian

    def numbers(self, storage: str) -> bytes | None:
        """The bytes of a storage, or None if they cannot be had."""
        if not self.little:
            return None
        try:
            return self.archive.read(f"{self.folder}/data/{storage}")
        except ERRORS:
            return None


@contextlib.contextmanager
def torch_zip(file: BinaryIO, size: int, limits: Limits) -> Generator[TorchZip, None, None]:
    """Read a zip's table and its pickle. Raises Refusal for another zip, or one that lies."""
    most = limits.entries + 100  # a record for each tensor, and a few of PyTorch's own
    records = file.read().count(RECORD)  # before zipfile makes an object of each
    if records > most:
        raise Refusal(
            f"This zip has {records:,} records; the limit is {most:,}. "
            "Save fewer tensors in one file."
        )
    with contextlib.ExitStack() as opened:
        try:
            archive = opened.enter_context(zipfile.ZipFile(file))
            members = _checked_members(archive, size, limits)
            folder, pickled = _find_pickle(members, limits)
            with archive.open(pickled) as record:
                pickle = record.read(limits.pickle_bytes + 1)
            order = members.get(f"{folder}/byteorder")
            little = order is None or order.file_size > 9 or archive.read(order) == b"little"
        except Refusal:
            raise
        except ERRORS as error:
            raise Refusal(
                f"The zip is broken or cut off: {shorten(str(error) or type(error).__name__, 80)}. "
                "Download or save the file again."
            ) from None
        value, storages = read_pickle(io.BytesIO(pickle), limits)
        for storage in storages.values():
            found = members.get(f"{folder}/data/{storage.key}")
            check_storage(storage, None if found is None else found.file_size)
        yield TorchZip(value, archive, folder, little)


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
    by_place = sorted(members.values(), key=lambda info: info.header_offset)
    if by_place and by_place[0].header_offset:
        raise several_archives(by_place[0].header_offset)
    reached = 0
    for info in by_place:
        reached = _checked_end(info, reached, size, limits)
    return members


def _checked_end(info: zipfile.ZipInfo, reached: int, size: int, limits: Limits) -> int:
    """Where a record ends; Refusal if it overlaps the one before it, or cannot be read."""
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
    lies = info.header_offset < reached or end > size
    if lies or (stored and info.compress_size != info.file_size):
        raise Refusal(
            f"The record {shown} lies about its place or its size. Download the file again."
        )
    return end


def _find_pickle(
    members: dict[str, zipfile.ZipInfo], limits: Limits
) -> tuple[str, zipfile.ZipInfo]:
    if refusal := other_zip(list(members), limits):
        raise refusal
    found = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    folders = {name.partition("/")[0] for name in members}
    if len(found) != 1 or len(folders) != 1:
        raise Refusal(
            "This is a zip, but not one of torch.save: it needs one folder with a `data.pkl` in it."
        )
    pickled = members[found[0]]
    if pickled.file_size > limits.pickle_bytes:
        raise Refusal(
            f"Its `data.pkl` has {pickled.file_size:,} bytes; the limit is "
            f"{limits.pickle_bytes:,}. Save tensors only, without lists of numbers or text."
        )
    return folders.pop(), pickled


def check_storage(storage: Storage, held: int | None) -> None:
    """Refusal unless the file holds as many bytes of a storage as it says."""
    if held != storage.nbytes:
        has = "does not hold it" if held is None else f"holds {max(held, 0):,}"
        raise Refusal(
            f"The tensor data {shorten(storage.key)} should have {storage.nbytes:,} bytes, "
            f"but the file {has}. It is cut off or damaged: download it again."
        )
