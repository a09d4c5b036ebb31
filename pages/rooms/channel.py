"""A room as those hear it who listen in this process."""

import asyncio
from dataclasses import dataclass, field

from core.rooms.room import Snapshot
from pages.rooms.events import for_instructors, for_learners, go_there
from pages.rooms.waves import Waves

LIVE_SECONDS = 1.0  # between two counts that learners see while a question is open


@dataclass(eq=False)
class Stream:
    """Somebody who listens to a room.

    tab: the name that the page gave itself, or "". follows: their page goes where the instructor
    goes. goes: their wave is there, and they have not been told yet.
    """

    code: str
    learner: str = ""
    instructor: bool = False
    follows: bool = False
    goes: bool = False
    waiting: asyncio.Future[None] | None = None
    tab: str = ""
    own: list[bytes] = field(default_factory=list)  # what is for this learner only
    seen: bytes = b""

    def go(self) -> None:
        """Let a follower hear where the instructor is now: their wave is due."""
        self.goes = True
        self.wake()

    def wake(self) -> None:
        """Let it look for news."""
        if self.waiting and not self.waiting.done():
            self.waiting.set_result(None)


@dataclass(eq=False)
class Channel:
    """A room as those hear it who listen here."""

    snapshot: Snapshot
    waves: Waves[Stream]
    streams: dict[Stream, None] = field(default_factory=dict)
    of_learner: dict[str, set[Stream]] = field(default_factory=dict)  # the tabs of each learner
    learners: bytes = b""
    instructors: bytes = b""
    live: asyncio.TimerHandle | None = None
    gone: bool = False

    def add(self, stream: Stream) -> None:
        """Somebody begins to listen. Who follows is sent to the screen that is shown."""
        self.streams[stream] = None
        if stream.learner and not stream.instructor:
            self.of_learner.setdefault(stream.learner, set()).add(stream)
        if stream.follows and self.snapshot.room.screen:
            self.waves.add(stream)

    def drop(self, stream: Stream) -> None:
        """Somebody listens no more, and takes nobody's place in a wave."""
        self.streams.pop(stream, None)
        self.waves.drop(stream)
        tabs = self.of_learner.get(stream.learner, set())
        tabs.discard(stream)
        if not tabs:
            self.of_learner.pop(stream.learner, None)

    def tell(self, learner: str, news: bytes, by: str = "") -> None:
        """Tell all tabs of one learner something, but the one that it comes from."""
        for stream in self.of_learner.get(learner, ()):
            if not by or stream.tab != by:
                stream.own.append(news)
                stream.wake()

    def news(self, stream: Stream) -> bytes:
        """What a stream has not been told yet."""
        if stream.own:
            own, stream.own = b"".join(stream.own), []
            return own
        if stream.goes:
            stream.goes, screen = False, self.snapshot.room.screen
            if screen:
                return go_there(screen)
        latest = self.instructors if stream.instructor else self.learners
        if latest is stream.seen:
            return b""
        stream.seen = latest
        return latest

    def publish(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot, and wake whom it concerns."""
        before, self.snapshot = self.snapshot, snapshot
        self.instructors = for_instructors(snapshot)
        changed = snapshot.room.version != before.room.version
        if changed:
            if snapshot.room.screen != before.room.screen:
                self.send_followers()
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

    def send_followers(self) -> None:
        """Send those who follow to the screen that is shown, each in its wave."""
        for stream in self.streams:
            if stream.follows and self.snapshot.room.screen:
                self.waves.add(stream)
            else:
                self.waves.drop(stream)

    def wake_all(self) -> None:
        """Let all streams look for news."""
        for stream in self.streams:
            stream.wake()
