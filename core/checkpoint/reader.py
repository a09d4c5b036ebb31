"""Looks inside a checkpoint that a stranger made: `inspect`. Nothing in the file runs.

What a file is, is decided by its first bytes, never by its name:

    PK..                       torch zip: data.pkl describes the tensors, data/0 ... hold them
    a pickle, magic number     torch legacy pickle: five pickles, then the tensors
    length, then a brace       safetensors

Bytes stay in memory: no temporary file, no cache. Numbers are read of a few small tensors only,
where they decide whether a name says what it seems to.
"""

import io
import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from core.checkpoint.contents import LIMITS, Contents, Entry, Limits, Refusal, printable
from core.checkpoint.flatten import rows, versions
from core.checkpoint.hints import with_hints
from core.checkpoint.numbers import Numbers
from core.checkpoint.reasons import needs_map_location
from core.checkpoint.safetensors_format import looks_like_safetensors, read_entries
from core.checkpoint.torch_legacy import not_read_back, read_legacy
from core.checkpoint.torch_zip import ERRORS, RECORD, torch_zip

QUICK_BYTES = 8192  # of pickle: at 2 to 4 microseconds an instruction, some 20 ms at most
ZIP, LEGACY, SAFETENSORS = "torch zip", "torch legacy pickle", "safetensors"
EXPECTED = {  # by a name's ending
    ".pt": (ZIP, LEGACY),
    ".pth": (ZIP, LEGACY),
    ".bin": (ZIP, LEGACY),
    ".safetensors": (SAFETENSORS,),
}

Source = bytes | bytearray | memoryview | os.PathLike[str] | str


def inspect(source: Source, name: str = "", limits: Limits = LIMITS) -> Contents:
    """The table of what a checkpoint holds. Raises Refusal for a file that is not read.

    `name` is shown, and compared with what the content is. A path's safetensors file may have any
    size, since only its header is read. OSError if a path cannot be opened.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _inspect(io.BytesIO(source), name, limits, "")
    if not stat.S_ISREG(os.stat(source).st_mode):
        raise Refusal("This is a folder or a device, not a file. Give the path of one file.")
    with open(source, "rb") as file:
        return _inspect(file, name or os.path.basename(source), limits, os.fspath(source))


def _inspect(file: BinaryIO, name: str, limits: Limits, path: str) -> Contents:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    if not size:
        raise Refusal("The file is empty: it has 0 bytes. Save or download it again.")
    safetensors = looks_like_safetensors(start, size)
    if size > limits.file_bytes and (not path or not safetensors):
        raise Refusal(too_large(size, limits))
    note, recorded = "", None
    if start.startswith(b"PK\x03\x04"):
        kind = ZIP
        with torch_zip(file, size, limits) as found:
            entries = _hinted(rows(found.value, limits), found.numbers, limits)
            recorded = versions(found.value, limits)
    elif safetensors:
        kind = SAFETENSORS
        entries, numbers = read_entries(file, limits, path)
        entries = _hinted(entries, numbers, limits)
    else:
        kind = LEGACY
        legacy = read_legacy(file, start, size, limits)
        entries = _hinted(rows(legacy.value, limits), legacy.numbers, limits)
        recorded, note = versions(legacy.value, limits), not_read_back(entries)
    contents = Contents(
        printable(name, limits), kind, tuple(entries), size, _misnamed(name, kind), (), recorded
    )
    notes = tuple(filter(None, (note, needs_map_location(contents))))
    return replace(contents, notes=notes)


def _hinted(
    entries: list[Entry], read: Callable[[str], bytes | None], limits: Limits
) -> list[Entry]:
    return with_hints(entries, Numbers(read, limits))


def _misnamed(name: str, kind: str) -> str:
    ending = os.path.splitext(name)[1].lower()
    if kind in EXPECTED.get(ending, (kind,)):
        return ""
    return f"The name ends in `{ending}`, but the content is {kind}; it was read as that."


def too_large(size: int, limits: Limits = LIMITS) -> str:
    """Why a file of this size is not read."""
    return (
        f"The file has {size:,} bytes; the limit is {limits.file_bytes:,}. "
        "Look at it on your own machine, or save only the part that matters."
    )


def is_quick(data: bytes, most: int = QUICK_BYTES) -> bool:
    """Whether reading these bytes is no more work than `most` bytes of pickle, unpacked.

    It asks the zip's table only, and that only if it is short. Anything in doubt is work.
    """
    if not data.startswith(b"PK\x03\x04"):
        if looks_like_safetensors(data[:512], len(data)):
            return len(data) <= 64 * most and int.from_bytes(data[:8], "little") <= 4 * most
        return len(data) <= most
    if len(data) > 256 * most or data.count(RECORD) > 64:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            pickles = [i for i in archive.infolist() if i.filename.endswith(".pkl")]
            return sum(i.file_size for i in pickles) <= most
    except ERRORS:
        return True  # inspect will say so as soon
