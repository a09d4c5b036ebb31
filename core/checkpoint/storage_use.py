"""Bytes counted once: what each storage of a file is used for, and what is shared.

A file keeps storages, not tensors: two keys may read one, an expanded tensor reads each number many
times, and a slice keeps its whole storage.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.checkpoint.contents import Entry, View

RUNS = 2**20  # of numbers side by side that are told apart in one file; more count as one run


@dataclass(frozen=True)
class StorageUse:
    """One storage that is shared, or of which a part is used, or whose numbers are read twice."""

    nbytes: int  # in the file
    used: int  # bytes that some tensor reads, each counted once
    clean: int  # bytes that `clean` of core.checkpoint.clean_save would keep
    keys: tuple[str, ...]  # the tensors that read it


@dataclass(frozen=True)
class ByteCount:
    """The numbers of some entries: as the tensors count them, in the file, used, and clean."""

    tensors: int  # the sum of tensor.nbytes
    stored: int  # the storages that they read, each once
    used: int  # what they read of it, each byte once
    clean: int  # what a save of only that would have


def storages(entries: Iterable[Entry]) -> list[StorageUse]:
    """What each storage is used for, in the order in which the entries name them."""
    readers: dict[str, list[tuple[str, View]]] = defaultdict(list)
    for entry in entries:
        for view in entry.views:
            readers[view.storage].append((entry.key, view))
    budget = _Budget(RUNS)
    return [_use(pairs, budget) for pairs in readers.values()]


def count_bytes(entries: Sequence[Entry], uses: list[StorageUse] | None = None) -> ByteCount:
    """Sums over `storages`; what has no storage, such as a tensor on meta, is in no file."""
    uses = storages(entries) if uses is None else uses
    return ByteCount(
        sum(entry.nbytes for entry in entries),
        sum(use.nbytes for use in uses),
        sum(use.used for use in uses),
        sum(use.clean for use in uses),
    )


class _Budget:
    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, wanted: int) -> bool:
        if wanted > self.left:
            return False
        self.left -= wanted
        return True


def _use(readers: list[tuple[str, View]], budget: _Budget) -> StorageUse:
    nbytes = readers[0][1].storage_bytes
    if len(readers) == 1 and is_whole(readers[0][1]):
        return StorageUse(nbytes, nbytes, nbytes, (readers[0][0],))
    views = {}  # the same numbers in the same order are saved once
    for _, view in readers:
        views[view.itemsize, view.offset, view.size, view.stride] = view
    kept = sum(math.prod(n for n, _ in steps(view)) * view.itemsize for view in views.values())
    keys = tuple(dict.fromkeys(key for key, _ in readers))
    return StorageUse(nbytes, _union(views.values(), budget), min(kept, nbytes), keys)


def is_whole(view: View) -> bool:
    """Whether a tensor reads its whole storage, row by row: nearly all do."""
    reached = 1
    for size, stride in zip(reversed(view.size), reversed(view.stride), strict=True):
        if size != 1 and stride != reached:
            return False
        reached *= size
    return reached * view.itemsize == view.storage_bytes


def steps(view: View) -> list[tuple[int, int]]:
    """(size, stride) of the dimensions that move on in memory, the widest step first."""
    if 0 in view.size:
        return [(0, 1)]
    pairs = zip(view.size, view.stride, strict=True)
    return sorted(((n, step) for n, step in pairs if n > 1 and step), key=lambda p: -p[1])


def _runs(view: View, budget: _Budget) -> np.ndarray:
    """(first byte, end) of each run of numbers side by side: int64, shape (runs, 2)."""
    dims = steps(view)
    if dims == [(0, 1)]:
        return np.zeros((0, 2), np.int64)
    length = 1
    while dims and dims[-1][1] <= length:  # overlapping windows and plain rows alike
        size, step = dims.pop()
        length += (size - 1) * step
    count = math.prod(size for size, _ in dims)
    if not budget.take(count):
        length += sum((size - 1) * step for size, step in dims)
        dims = []
    starts = np.array([view.offset], np.int64)
    for size, step in dims:
        starts = (starts[:, None] + np.arange(size, dtype=np.int64) * step).reshape(-1)
    return np.stack([starts, starts + length], 1) * view.itemsize


def _union(views: Iterable[View], budget: _Budget) -> int:
    """How many bytes the views read together, each counted once."""
    runs = np.concatenate([_runs(view, budget) for view in views])
    if not len(runs):
        return 0
    runs = runs[np.argsort(runs[:, 0], kind="stable")]
    reached = np.maximum.accumulate(runs[:, 1])
    begins = np.maximum(runs[1:, 0], reached[:-1])
    return int(runs[0, 1] - runs[0, 0] + np.maximum(runs[1:, 1] - begins, 0).sum())


def described_use(use: StorageUse, entry: Entry) -> str:
    """How an entry shares or uses its storage, in words; empty for a storage of its own."""
    words = []
    if len(use.keys) > 1:
        words.append(f"shared by {len(use.keys):,} names")
    if use.used < use.nbytes:
        words.append(f"{use.used:,} of {use.nbytes:,} bytes used")
    if any(0 in view.stride for view in entry.views) and entry.nbytes > use.used:
        words.append("expanded: few numbers, read many times")
    return ", ".join(words)
