"""Reads the numbers of a few small tensors, so that a name alone does not decide what one is."""

import math
import re
from collections.abc import Callable

import torch

from core.checkpoint.contents import Entry, Limits

SMALL_BYTES = 256 * 2**10  # of a storage whose numbers are read
SMALL_ELEMENTS = 2**17  # of a tensor: an expanded one has more than its storage
PLAIN = re.compile(r"bool|u?int\d+|b?float\d+|float8_\w+")


class Numbers:
    """The numbers of a checkpoint's tensors, as long as they are few.

    read gives the bytes of a storage by its name, or None.
    """

    def __init__(self, read: Callable[[str], bytes | None], limits: Limits) -> None:
        self.read, self.left = read, limits.values_bytes

    def of(self, entry: Entry) -> torch.Tensor | None:
        """A tensor's numbers as float64, in its shape; None if they are many, or not to be had."""
        if len(entry.views) != 1 or entry.shape is None or 0 in entry.shape:
            return None
        (view,) = entry.views
        few = math.prod(view.size) <= SMALL_ELEMENTS and view.storage_bytes <= SMALL_BYTES
        if not few or view.storage_bytes > self.left or not PLAIN.fullmatch(entry.dtype):
            return None
        self.left -= view.storage_bytes
        dtype = getattr(torch, entry.dtype, None)
        data = self.read(view.storage)
        if not isinstance(dtype, torch.dtype) or dtype.itemsize != view.itemsize:
            return None
        if not data or len(data) != view.storage_bytes:
            return None
        whole = len(data) // dtype.itemsize * dtype.itemsize
        if dtype is torch.bool:  # a byte may be more than 1 in a file
            flat = torch.frombuffer(bytearray(data), dtype=torch.uint8).ne(0)
        else:
            flat = torch.frombuffer(bytearray(data[:whole]), dtype=dtype)
        return flat.as_strided(view.size, view.stride, view.offset).double()
