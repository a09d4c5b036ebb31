"""The hub of a process: who listens to which room, and what they are told.

One thread waits for the store's changes. A room that people listen to here is read once for all of
them, and encoded twice: for learners, who may not see everything, and for instructors. Learners are
woken by the instructor's changes, instructors by every answer too, some ten times a second at most.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from core.rooms.room import Answer, NoRoom, Receipt, Snapshot
from core.rooms.rooms import Rooms
from core.rooms.store import StoreDown
from pages.rooms.events import BEAT, GONE, for_instructors, for_learners, greeting, own_answer

BEAT_SECONDS = 15.0  # after which a quiet stream shows that it is alive
LIVE_SECONDS = 1.0  # between two counts that learners see while a question is open
WAVE, WAVE_SECONDS = 10, 0.3  # so many followers go to another screen at a time, and then the next


@dataclass(eq=False)
class Stream:
    """Somebody who listens to a room. follows: their page goes where the instructor goes."""

    code: str
    learner: str = ""
    instructor: bool = False
    follows: bool = False
    waiting: asyncio.Future[None] | None = None
    own: list[bytes] = field(default_factory=list)  # what is for this learner only
    seen: bytes = b""
    held_until: float = 0.0

    def wake(self) -> None:
        """Let it look for news."""
        if self.waiting and not self.waiting.done():
            self.waiting.set_result(None)


@dataclass(eq=False)
class Channel:
    """A room as those hear it who listen here."""

    snapshot: Snapshot
    streams: dict[Stream, None] = field(default_factory=dict)
    learners: bytes = b""
    instructors: bytes = b""
    live: asyncio.TimerHandle | None = None
    gone: bool = False

    def news(self, stream: Stream) -> bytes:
        """What a stream has not been told yet."""
        if stream.own:
            own, stream.own = b"".join(stream.own), []
            return own
        if asyncio.get_running_loop().time() < stream.held_until:
            return b""
        latest = self.instructors if stream.instructor else self.learners
        if latest is stream.seen:
            return b""
        stream.seen = latest
        return latest

    def publish(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot, and wake whom it concerns."""
        before, self.snapshot = self.snapshot, snapshot
        self.instructors = for_instructors(snapshot, len(self.streams))
        changed = snapshot.room.version != before.room.version
        if changed:
            if snapshot.room.screen != before.room.screen:
                self.hold_followers()
            self.tell_learners()
        elif snapshot.room.counts_are_public and self.live is None:
            self.live = asyncio.get_running_loop().call_later(LIVE_SECONDS, self.tell_learners)
        for stream in self.streams:
            if stream.instructor:
                stream.wake()

    def tell_learners(self) -> None:
        """Wake the learners for the snapshot that is there now."""
        if self.live:
            self.live.cancel()
            self.live = None
        self.learners = for_learners(self.snapshot)
        for stream in self.streams:
            if not stream.instructor:
                stream.wake()

    def hold_followers(self) -> None:
        """Let those who follow hear of another screen in waves."""
        loop = asyncio.get_running_loop()
        for index, stream in enumerate(one for one in self.streams if one.follows):
            delay = index // WAVE * WAVE_SECONDS
            stream.held_until = loop.time() + delay
            if delay:
                loop.call_later(delay + 0.01, stream.wake)

    def wake_all(self) -> None:
        """Let all streams look for news."""
        for stream in self.streams:
            stream.wake()


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

    async def events(self, stream: Stream) -> AsyncGenerator[bytes]:
        """The server-sent events of a stream, the room as it stands first. Raises NoRoom."""
        channel = await self.join(stream)
        try:
            mine = await self.answer_of(stream, channel.snapshot)
            latest = channel.instructors if stream.instructor else channel.learners
            stream.seen = latest
            yield greeting(stream.learner) + latest + mine
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
                channel = self.channels[code] = Channel(snapshot)
                channel.learners = for_learners(snapshot)
                channel.instructors = for_instructors(snapshot, 1)
            self.watch()
            self.changed()  # it may have, between reading and listening
        channel = self.channels[code]
        channel.streams[stream] = None
        return channel

    def leave(self, stream: Stream, channel: Channel) -> None:
        """A stream is over."""
        channel.streams.pop(stream, None)
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

    async def answer(self, code: str, learner: str, number: int, new: Answer) -> Receipt:
        """Take an answer, and tell the learner's other tabs. Raises NoRoom."""
        receipt = await self.call(
            lambda rooms: rooms.answer(code, learner, number, new.choice, new.attempt)
        )
        if receipt.status == "taken" and code in self.channels:
            for stream in self.channels[code].streams:
                if stream.learner == learner and not stream.instructor:
                    stream.own.append(own_answer(number, new))
                    stream.wake()
        return receipt

    def watch(self) -> None:
        """Begin to listen to the store."""
        if self.watcher is None:
            self.watcher = threading.Thread(target=self.listen, name="rooms", daemon=True)
            self.watcher.start()

    def listen(self) -> None:
        """In a thread: pass on that something changed."""
        while not self.ending:
            with contextlib.suppress(StoreDown):
                for _ in self.made().store.changes(self.stop):
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
