"""Results that are kept for everybody, bounded by their bytes."""

import functools
import pickle
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from cachetools import LRUCache, cached

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Entry(Generic[R]):
    """A result and its size in bytes: that of its pickle with the arguments."""

    result: R
    nbytes: int


class Kept(Generic[P, R]):
    """A function whose results are kept; `cache` is the LRUCache of their Entries."""

    def __init__(self, function: Callable[P, R], max_bytes: int) -> None:
        functools.update_wrapper(self, function)
        self.cache: LRUCache[Hashable, Entry[R]] = LRUCache(max_bytes, getsizeof=nbytes)

        @cached(self.cache, condition=threading.Condition())
        def entry(*args: P.args, **kwargs: P.kwargs) -> Entry[R]:
            result = function(*args, **kwargs)
            return Entry(result, len(pickle.dumps((args, kwargs, result))))

        self._entry = entry

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._entry(*args, **kwargs).result


def nbytes(entry: Entry[R]) -> int:
    return entry.nbytes


def kept(max_bytes: int) -> Callable[[Callable[P, R]], Kept[P, R]]:
    """Decorator: keep what a function returned, by its arguments, until max_bytes are exceeded.

    Arguments are hashable; nobody changes a result. The one that was not asked for longest goes
    first; one larger than max_bytes is not kept at all. Where several threads ask for the same at
    once, one computes and the others wait for it.
    """
    return lambda function: Kept(function, max_bytes)
