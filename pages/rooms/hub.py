"""The hub of a process: who listens to which room, and what they are told.

One thread waits for the store's changes. A room that people listen to here is read once for all of
them, and encoded twice: for learners, who may not see everything, and for instructors. Learners are
woken by the instructor's changes, instructors by every answer too, some ten times a second at most.
Those who follow the instructor's screen are told to go there in waves.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.rooms.room import Answer, NoRoom, Receipt, Sent, Snapshot
from core.rooms.rooms import Rooms
from core.rooms.store import StoreDown
from pages.rooms.channel import Channel, Stream
from pages.rooms.events import BEAT, GONE, for_instructors, for_learners, greeting, own_answer
from pages.rooms.gathering import Gathering
from pages.rooms.waves import Waves
from pages.server.run_lock import seconds, waiting

BEAT_SECONDS = 15.0  # after which a quiet stream shows that it is alive
PAGES_WAITING = 3  # pages that wait for their run, from which on followers wait too
SHARE = 2.0  # runs of a page that fit between two followers: half of the time is for everybody else
DROP_SECONDS = 60.0  # after which expired rooms leave the store


class Hub:
    """Lives in the event loop that it was made in; `end` before that is over."""

    def __init__(self, rooms: Callable[[], Rooms]) -> None:
        self.made = rooms
        self.channels: dict[str, Channel] = {}
        self.loop = asyncio.get_running_loop()
        self.pool: ThreadPoolExecutor | None = None
        self.stop = threading.Event()
        self.watcher: threading.Thread | None = None
        self.refreshing: asyncio.Task[None] | None = None
        self.once_more = False
        self.gathering = Gathering(lambda sent: self.call(lambda rooms: rooms.answers(sent)))
        self.waves: Waves[Stream] = Waves(
            self.loop, Stream.go, lambda: waiting() >= PAGES_WAITING, lambda: SHARE * seconds()
        )

    @property
    def ending(self) -> bool:
        """Whether streams end, since the server does."""
        return self.stop.is_set()

    async def call(self, function: Callable[[Rooms], Any]) -> Any:
        """Call a function of the rooms, which may wait for the store, in a thread."""
        if self.pool is None:
            rooms = await asyncio.to_thread(self.made)
            self.pool = self.pool or ThreadPoolExecutor(rooms.store.threads, "rooms")
        return await self.loop.run_in_executor(self.pool, lambda: function(self.made()))

    async def exists(self, code: str) -> bool:
        """Whether there is such a room. Where somebody listens to it, the store is not asked."""
        return code in self.channels or await self.call(lambda rooms: rooms.exists(code))

    async def events(self, stream: Stream) -> AsyncGenerator[bytes]:
        """The server-sent events of a stream, the room as it stands first. Raises NoRoom."""
        channel = await self.join(stream)
        try:
            mine = await self.answer_of(stream, channel.snapshot)
            latest = channel.instructors if stream.instructor else channel.learners
            stream.seen = latest
            yield greeting() + latest + mine
            while not self.ending and not channel.gone:
                stream.waiting = self.loop.create_future()
                news = channel.news(stream)
                if not news:
                    beat = self.loop.call_later(BEAT_SECONDS, stream.wake)
                    await stream.waiting
                    beat.cancel()
                    news = channel.news(stream) or BEAT
                yield news
            if channel.gone:
                yield GONE
        finally:
            self.leave(stream, channel)

    async def join(self, stream: Stream) -> Channel:
        """The channel of a room, with this stream among its streams."""
        code = stream.code
        if code not in self.channels:
            snapshot = await self.call(lambda rooms: rooms.read(code))
            if code not in self.channels:
                channel = self.channels[code] = Channel(snapshot, self.waves)
                channel.learners = for_learners(snapshot)
                channel.instructors = for_instructors(snapshot)
            self.watch()
            self.changed()  # it may have, between reading and listening
        channel = self.channels[code]
        channel.add(stream)
        return channel

    def leave(self, stream: Stream, channel: Channel) -> None:
        """A stream is over."""
        channel.drop(stream)
        if not channel.streams and self.channels.get(stream.code) is channel:
            del self.channels[stream.code]

    async def answer_of(self, stream: Stream, snapshot: Snapshot) -> bytes:
        """The event with a learner's own answer, if there is one."""
        asking = snapshot.room.asking
        if stream.instructor or not asking or not stream.learner:
            return b""
        found = await self.call(
            lambda rooms: rooms.answer_of(stream.code, stream.learner, asking.number)
        )
        return own_answer(asking.number, found) if found else b""

    async def answer(
        self, code: str, learner: str, number: int, new: Answer, tab: str = ""
    ) -> Receipt:
        """Take an answer, and tell the learner's tabs but the one it came from. Raises NoRoom."""
        receipt = (await self.gathering.add(Sent(code, number, learner, new))).of_a_room()
        if receipt.status == "taken" and code in self.channels:
            self.channels[code].tell(learner, own_answer(number, new), tab)
        return receipt

    def watch(self) -> None:
        """Begin to listen to the store."""
        if self.watcher is None:
            self.watcher = threading.Thread(target=self.listen, name="rooms", daemon=True)
            self.watcher.start()

    def listen(self) -> None:
        """In a thread: pass on that something changed, and drop what expired."""
        dropped = 0.0
        while not self.ending:
            with contextlib.suppress(StoreDown):
                for _ in self.made().store.changes(self.stop):
                    if time.monotonic() > dropped + DROP_SECONDS:
                        dropped = time.monotonic()
                        self.made().store.delete_expired()
                    with contextlib.suppress(RuntimeError):  # the loop is closed
                        self.loop.call_soon_threadsafe(self.changed)
            self.stop.wait(0.5)

    def changed(self) -> None:
        """Look which rooms changed; if that goes on already, once more."""
        if self.refreshing is None or self.refreshing.done():
            self.refreshing = self.loop.create_task(self.refresh())
        else:
            self.once_more = True

    async def refresh(self) -> None:
        """Publish what changed in the rooms that somebody listens to."""
        self.once_more = True
        while self.once_more and not self.ending:
            self.once_more = False
            with contextlib.suppress(StoreDown):
                heads = await self.call(lambda rooms: rooms.store.heads())
                for code, channel in list(self.channels.items()):
                    if heads.get(code) != channel.snapshot.head:
                        await self.read(code, channel)

    async def read(self, code: str, channel: Channel) -> None:
        """Publish a room, or that it is there no more."""
        try:
            channel.publish(await self.call(lambda rooms: rooms.read(code)))
        except NoRoom:
            channel.gone = True
            self.channels.pop(code, None)
            channel.wake_all()

    def end(self) -> None:
        """End all streams: their browsers come back to whichever server is there."""
        self.stop.set()
        for channel in self.channels.values():
            channel.wake_all()
