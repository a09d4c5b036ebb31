"""Rooms in each of the stores, with a clock that a test sets."""

import contextlib

import pytest
from redis_server import running_redis

from core.rooms.redis_store import RedisStore
from core.rooms.rooms import Rooms
from core.rooms.sqlite_store import SqliteStore


class Clock:
    """A clock that a test sets. It begins far in the future, for Redis has its own."""

    def __init__(self):
        self.now = 4_000_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@contextlib.contextmanager
def opened(kind, request, folder, clock):
    """Rooms in an empty store of a kind."""
    if kind == "redis":
        store = RedisStore(request.getfixturevalue("redis_server").address, clock)
        store.redis.flushdb()
    else:
        store = SqliteStore(folder / "rooms.sqlite3", clock)
    with contextlib.closing(store):
        yield Rooms(store, clock)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "redis"])
def rooms(request, tmp_path, clock):
    with opened(request.param, request, tmp_path, clock) as found:
        yield found
