"""While somebody is in a room, rooms that have expired leave the file with all they had."""

import asyncio
import contextlib

from room_answers import send_answer

from core.rooms.room import Question
from core.rooms.rooms import HOUR, Rooms
from core.rooms.sqlite_store import SqliteStore
from pages.rooms.channel import Stream
from pages.rooms.hub import Hub

WILL = Question("will", "Will it work?", ("yes", "no"))


def test_an_expired_room_goes_with_its_answers(tmp_path, clock):
    with contextlib.closing(SqliteStore(tmp_path / "rooms.sqlite3", clock)) as store:
        rooms = Rooms(store, clock)
        old, key = rooms.create()
        rooms.ask(old, key, WILL)
        send_answer(rooms, old, "ann", 1, 0, 1)
        clock.now += 11 * HOUR
        new, key = rooms.create()
        rooms.ask(new, key, WILL)
        clock.now += 2 * HOUR

        def rows():
            found = []
            for table in ("room", "asking", "answer"):
                with store.reading() as connection:
                    found += connection.execute(f"SELECT code FROM {table}").fetchall()
            return {code for (code,) in found}

        assert rows() == {old, new}

        async def listen():
            hub = Hub(lambda: rooms)
            events = hub.events(Stream(new))
            await anext(events)
            while rows() != {new}:
                await asyncio.sleep(0.01)
            hub.end()
            await events.aclose()
            await asyncio.to_thread(hub.watcher.join)

        asyncio.run(asyncio.wait_for(listen(), 30))
