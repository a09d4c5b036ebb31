"""Every store that rooms may be kept in, and a Redis of our own for one of them."""

import contextlib
import os
import shutil
import socket
import subprocess
from time import monotonic, sleep

import pytest

from core.rooms.rooms import Rooms
from core.rooms.sqlite_store import SqliteStore


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sqlite_rooms(tmp_path, clock):
    with contextlib.closing(SqliteStore(tmp_path / "rooms.sqlite3", clock)) as store:
        yield Rooms(store, clock)
