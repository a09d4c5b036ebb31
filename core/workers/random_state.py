"""What PyTorch has once a process, borrowed for a while: its generator, its threads."""

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


@contextlib.contextmanager
def one_thread() -> Generator[None, None, None]:
    """PyTorch computes with one thread inside. Measured here, on a busy machine with two cores: two
    threads take seven times as long for tensors this small, since they wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
