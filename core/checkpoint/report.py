"""What the page shows of a file, and what a worker reads it with, within limits.

A report is small, however many keys a file has: the table's first rows, sums over all, and the
whole as bytes that only a worker unpacks again.
"""

import contextlib
import pickle
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

import psutil

from core.checkpoint import checkpoint
from core.checkpoint.comparing import Differences, compare, unwrapped
from core.checkpoint.contents import Contents, Entry, Refusal
from core.checkpoint.storage_use import ByteCount, StorageUse, count_bytes, described_use, storages

ROWS_SHOWN = 2_000
MEMORY_BYTES = 2**30  # that reading may take, on top of what a worker has
FEW_KEYS = 200  # of two files that are compared without a worker

Report = Callable[..., object]


@dataclass(frozen=True)
class FileReport:
    """A file: its table's rows that are shown, sums over all of its keys, and all of it, packed."""

    contents: Contents  # with the shown entries only; of too many, those like buffers come first
    uses: tuple[str, ...]  # of each shown entry, what it shares and what it uses, in words
    keys: int
    hinted: int
    hinted_bytes: int  # each byte once
    total: ByteCount
    sharing: int  # storages that more than one name reads
    can_be_cleaned: bool  # whether `clean_save` can make a smaller file of it
    wrappers: tuple[str, ...]
    packed: bytes  # the Contents, pickled by this module


def look(report: Report | None, data: bytes, name: str) -> FileReport | Refusal:
    """Read a file and sum it up: a worker's job. Without report it runs where it is called."""
    with _within_memory(report is not None):
        try:
            found = checkpoint.look_inside(report, data, name)
            return found if isinstance(found, Refusal) else file_report(found)
        except MemoryError:
            return Refusal(
                f"Reading it takes more than {MEMORY_BYTES // 2**20:,} MB of memory; that is the "
                "limit. Save only the part that matters."
            )


def file_report(contents: Contents) -> FileReport:
    """Sum up what a file holds."""
    entries = contents.entries
    hinted = [entry for entry in entries if entry.buffer_hint]
    shown = entries
    if len(entries) > ROWS_SHOWN:
        shown = tuple(sorted(entries, key=lambda entry: not entry.buffer_hint)[:ROWS_SHOWN])
    uses = storages(entries)
    total = count_bytes(entries, uses)
    plain = all(e.dtype.isidentifier() and len(e.views) == 1 for e in entries if e.is_tensor)
    return FileReport(
        replace(contents, entries=shown),
        tuple(_words(shown, uses)),
        len(entries),
        len(hinted),
        count_bytes(hinted).used,
        total,
        sum(len(use.keys) > 1 for use in uses),
        plain and not contents.format.startswith("safe") and total.clean < 0.9 * total.stored,
        contents.wrappers(),
        pickle.dumps(contents),
    )


def _words(shown: Sequence[Entry], uses: list[StorageUse]) -> list[str]:
    by_key = {key: use for use in uses for key in use.keys}
    return [described_use(by_key[e.key], e) if e.key in by_key else "" for e in shown]


@dataclass(frozen=True)
class ComparisonReport:
    """Differences with at most ROWS_SHOWN of each kind, and how many there are of each."""

    differences: Differences
    counts: dict[str, int]
    expected: str  # the dict within the first file that is meant, or empty
    loaded: str  # that of the other file, or empty
    offered: str  # the dict within the other file that could be loaded instead, or empty
    described: dict[str, tuple[str, str]]  # key -> what is expected, what is in the other file


def compare_packed(
    report: Report | None, first: bytes, second: bytes, unwrap: bool
) -> ComparisonReport | Refusal:
    """Compare two files that `look` packed: a worker's job.

    Of a training checkpoint that is expected, the state_dict within it is; of one that is loaded,
    the state_dict within it if `unwrap` says so.
    """
    a, b = pickle.loads(first), pickle.loads(second)
    expected = next(iter(a.wrappers()), "")
    offered = next(iter(b.wrappers()), "")
    loaded = offered if unwrap else ""
    a = unwrapped(a, expected) if expected else a
    b = unwrapped(b, loaded) if loaded else b
    with _within_memory(report is not None):
        try:
            found = compare(a, b)
        except Refusal as refusal:
            return refusal
        except MemoryError:
            return Refusal("Comparing them takes too much memory. Compare parts of the files.")
    names = ("missing", "unexpected", "mismatched", "casts", "filled")
    counts = {name: len(getattr(found, name)) for name in names}
    cut = replace(found, **{name: getattr(found, name)[:ROWS_SHOWN] for name in names})
    in_a, in_b = ({entry.key: entry for entry in side.entries} for side in (a, b))
    described = {
        key: (_describe(in_a.get(key)), _describe(in_b.get(key)))
        for key in (*cut.missing, *cut.unexpected, *cut.filled)
    }
    return ComparisonReport(cut, counts, expected, loaded, offered, described)


def _describe(entry: Entry | None) -> str:
    return "" if entry is None else f"{shape_text(entry.shape)} {entry.dtype}"


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape as the table writes it: [2, 3], with * for sizes that differ within the tensor."""
    if shape is None:
        return "no tensor"
    return f"[{', '.join('*' if n < 0 else str(n) for n in shape)}]"


@contextlib.contextmanager
def _within_memory(limited: bool) -> Generator[None, None, None]:
    """Bound this process's memory, where the system can: MemoryError beyond. For workers only."""
    if not limited or not hasattr(psutil, "RLIMIT_AS"):
        yield
        return
    process = psutil.Process()
    before = process.rlimit(psutil.RLIMIT_AS)
    soft = process.memory_info().vms + MEMORY_BYTES
    process.rlimit(psutil.RLIMIT_AS, (soft, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_AS, before)
