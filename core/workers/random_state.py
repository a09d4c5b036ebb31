"""Random numbers of one's own, in a process whose generator everybody shares."""

import contextlib
import threading
from collections.abc import Generator

import torch

_generator = threading.Lock()  # PyTorch's default generator is one for the whole process


@contextlib.contextmanager
def own_random_numbers() -> Generator[None, None, None]:
    """Seeding inside is nobody else's: one thread at a time, the generator restored after."""
    with _generator, torch.random.fork_rng(devices=[]):
        yield
