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


def kept(max_bytes: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: keep what a function returned, by its arguments, until max_bytes are exceeded.

    Arguments are hashable; nobody changes a result. The one that was not asked for longest goes
    first; one larger than max_bytes is not kept at all. Where several threads ask for the same at
    once, one computes and the others wait for it. The LRUCache is the attribute `cache`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        cache: LRUCache[Hashable, Entry[R]] = LRUCache(max_bytes, getsizeof=lambda e: e.nbytes)

        @cached(cache, condition=threading.Condition())
        def entry(*args: P.args, **kwargs: P.kwargs) -> Entry[R]:
            result = function(*args, **kwargs)
            return Entry(result, len(pickle.dumps((args, kwargs, result))))

        @functools.wraps(function)
        def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            return entry(*args, **kwargs).result

        ask.cache = cache
        return ask

    return decorate
