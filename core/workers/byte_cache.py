"""Results that are kept for everybody, bounded by their bytes."""

import functools
import pickle
import threading
from collections import OrderedDict


def kept(max_bytes):
    """Decorator: keep what a function returned, by its arguments, until max_bytes are exceeded.

    Arguments are hashable; nobody changes a result. Its size is that of its pickle with the
    arguments. The one that was not asked for longest goes first; one larger than max_bytes is not
    kept at all.
    """

    def decorate(function):
        results, sizes, lock = OrderedDict(), {}, threading.Lock()

        @functools.wraps(function)
        def ask(*args):
            with lock:
                if args in results:
                    results.move_to_end(args)
                    return results[args]
            result = function(*args)
            size = len(pickle.dumps((args, result)))
            with lock:
                results[args], sizes[args] = result, size
                while sum(sizes.values()) > max_bytes:
                    oldest, _ = results.popitem(last=False)
                    del sizes[oldest]
            return result

        ask.sizes = sizes
        return ask

    return decorate
