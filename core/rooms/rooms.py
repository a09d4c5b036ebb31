"""What can be done with rooms, and by whom.

Pages call these from Streamlit's threads, the routes from a thread of their own: every call may
wait some milliseconds for the store. Who holds a room's key is its instructor; the key is made with
the room and comes back from the instructor's browser in a cookie. Learners have no key.
"""

import functools
import hmac
import os
import stat
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from core.rooms.codes import digest, new_code, new_key
from core.rooms.room import (
    CLOSED,
    ENDED,
    LOBBY,
    MOST_ASKINGS,
    OPEN,
    REVEALED,
    Answer,
    Asking,
    NoRoom,
    NotYours,
    Question,
    Receipt,
    Result,
    Reveal,
    Room,
    RoomError,
    Screen,
    Sent,
    Snapshot,
)
from core.rooms.sqlite_store import SqliteStore
from core.rooms.store import Store

HOUR = 3600
UNUSED_SECONDS = 2 * HOUR  # that a room is kept before its first question
IDLE_SECONDS = 12 * HOUR  # that a room is kept after the instructor's last change
ENDED_SECONDS = HOUR  # that an ended room is kept, for its summary


class Rooms:
    """The rooms of a store. Methods that take a key raise NotYours for another key.

    All raise NoRoom for a code without a room, and RoomError with a sentence for people where the
    room's phase does not allow what is asked.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.store, self.clock = store, clock

    # For anybody

    def create(self) -> tuple[str, str]:
        """Open a room: (code, key). The key is given out here and never again. Or RoomsFull."""
        now = self.clock()
        for _ in range(20):
            code, key = new_code(), new_key()
            room = Room(code, created=now, expires=now + UNUSED_SECONDS)
            if self.store.create(room, digest(key, code)):
                return code, key
        raise RoomError("No free code was found. Please try again.")

    def exists(self, code: str) -> bool:
        """Whether there is such a room."""
        try:
            self.store.key(code)
        except NoRoom:
            return False
        return True

    def is_key(self, code: str, key: str | None) -> bool:
        """Whether a key is the room's."""
        return hmac.compare_digest(self.store.key(code), digest(key or "", code))

    # For learners

    def answers(self, sent: Sequence[Sent]) -> list[Receipt]:
        """Many learners' answers, for what one costs, and what became of each.

        An answer is to the asking of its number: the option's index, and the attempt, from 1 on, of
        which the highest stands. Its learner is the id in the learner's cookie, of which a digest
        is kept.
        """
        return self.store.answers([replace(s, learner=digest(s.learner, s.code)) for s in sent])

    def answer_of(self, code: str, learner: str, number: int) -> Answer | None:
        """What stands as a learner's answer to an asking."""
        return self.store.answer_of(code, number, digest(learner, code))

    def read(self, code: str) -> Snapshot:
        """The room as it stands. Its counts are for learners only if room.counts_are_public."""
        return self.store.read(code)

    # For the instructor

    def ask(self, code: str, key: str, question: Question) -> Room:
        """Put a question to the room; it is open at once.

        A question whose id was asked before is asked again: answers are counted anew, and the
        earlier ones stay in the summary.
        """
        self.check(code, key)
        before = self.store.results(code)
        if len(before) >= MOST_ASKINGS:
            raise RoomError(f"A room takes at most {MOST_ASKINGS} questions. Open another one.")
        same = [one.asking for one in before if one.asking.question.id == question.id]
        number = max((one.asking.number for one in before), default=0) + 1

        def change(room: Room) -> Room:
            free = max(number, room.asking.number + 1 if room.asking else 1)
            revealed = any(one.reveal for one in same)
            return replace(room, phase=OPEN, asking=Asking(free, question, len(same) + 1, revealed))

        return self.change(code, key, change)

    def ask_again(self, code: str, key: str) -> Room:
        """Put the present question to the room once more, for a second round."""
        question = self.read(code).room.question
        if question is None:
            raise RoomError("There is no question yet that could be asked again.")
        return self.ask(code, key, question)

    def close(self, code: str, key: str) -> Room:
        """Take no more answers."""
        return self.move(code, key, {OPEN: CLOSED, CLOSED: CLOSED})

    def reopen(self, code: str, key: str) -> Room:
        """Take answers again, before the reveal."""
        return self.move(code, key, {CLOSED: OPEN, OPEN: OPEN})

    def reveal(
        self, code: str, key: str, happened: int | None, reason: str, id: str | None = None
    ) -> Room:
        """Show which option happened (its index, or None) and why; takes no more answers.

        id: of the question, where it is not the present one: learners see its latest asking again.
        """
        self.check(code, key)
        shown, earlier = Reveal(happened, reason), self.latest(code, id) if id else None

        def change(room: Room) -> Room:
            asking = room.asking
            if asking and id not in (None, asking.question.id):
                asking = earlier
            if asking is None or room.phase == ENDED:
                raise RoomError("There is no question that could be revealed.")
            if happened is not None and not 0 <= happened < len(asking.question.options):
                raise RoomError(f"The question has no option of index {happened}.")
            return replace(room, phase=REVEALED, asking=replace(asking, reveal=shown))

        return self.change(code, key, change)

    def reset(self, code: str, key: str) -> Room:
        """Drop all answers to the present asking, and open it anew."""
        self.check(code, key)
        old, free = 0, max((one.asking.number for one in self.store.results(code)), default=0) + 1

        def change(room: Room) -> Room:
            nonlocal old
            if room.asking is None or room.phase == ENDED:
                raise RoomError("There is no question whose answers could be dropped.")
            old = room.asking.number
            new = replace(room.asking, number=max(free, old + 1), reveal=None)
            return replace(room, phase=OPEN, asking=new)

        room = self.change(code, key, change)
        self.store.forget(code, old)
        return room

    def to_lobby(self, code: str, key: str) -> Room:
        """Take the question off the learners' pages; its answers stay in the summary."""
        return self.change(code, key, lambda room: replace(room, phase=LOBBY, asking=None))

    def show_counts(self, code: str, key: str, show: bool) -> Room:
        """Whether learners see the counts while a question is open. False in a new room."""
        return self.change(code, key, lambda room: replace(room, show_counts=show))

    def show_screen(self, code: str, key: str, screen: Screen | None) -> Room:
        """Where the instructor is, for those who follow; None ends following."""
        return self.change(code, key, lambda room: replace(room, screen=screen))

    def keep_plan(self, code: str, key: str, plan: tuple[str, ...]) -> Room:
        """Keep the links of the screens that were prepared; learners do not see them."""
        return self.change(code, key, lambda room: replace(room, plan=plan))

    def end(self, code: str, key: str) -> Room:
        """End the room. Its summary can be had for an hour, then it is deleted; see `delete`."""
        return self.change(code, key, lambda room: replace(room, phase=ENDED, screen=None))

    def delete(self, code: str, key: str) -> None:
        """Delete the room with all answers at once."""
        self.check(code, key)
        self.store.delete(code)

    def summary(self, code: str, key: str) -> list[Result]:
        """All askings with their counts, in their order; `asking.after_reveal` tells the rounds."""
        self.check(code, key)
        return self.store.results(code)

    # Within

    def latest(self, code: str, id: str) -> Asking | None:
        """The latest asking of a question."""
        found = [one.asking for one in self.store.results(code) if one.asking.question.id == id]
        return found[-1] if found else None

    def check(self, code: str, key: str) -> None:
        """Raise NotYours where the key is not the room's."""
        if not self.is_key(code, key):
            raise NotYours

    def change(self, code: str, key: str, change: Callable[[Room], Room]) -> Room:
        """Change a room for its instructor, and keep it for longer."""
        self.check(code, key)

        def timed(room: Room) -> Room:
            if room.phase == ENDED:
                raise RoomError("This room has ended.")
            after = change(room)
            seconds = ENDED_SECONDS if after.phase == ENDED else IDLE_SECONDS
            return after if after == room else replace(after, expires=self.clock() + seconds)

        return self.store.change(code, timed)

    def move(self, code: str, key: str, phases: dict[str, str]) -> Room:
        """Change a room's phase, as the dict says from which to which."""

        def change(room: Room) -> Room:
            if room.phase not in phases:
                raise RoomError(f"This cannot be done now: the room is in the phase {room.phase}.")
            return replace(room, phase=phases[room.phase])

        return self.change(code, key, change)


def default_path() -> Path:
    """The file that this user's servers on this machine share, in a folder that is theirs alone.

    Raises RoomError where that folder belongs to somebody else.
    """
    user = os.getuid() if hasattr(os, "getuid") else None
    folder = Path(tempfile.gettempdir(), "buffer-lab" if user is None else f"buffer-lab-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if user is not None and (found.st_uid != user or stat.S_IMODE(found.st_mode) & 0o077):
        raise RoomError(f"{folder} belongs to another user. Name a file in BUFFERLAB_ROOMS.")
    return folder / "rooms.sqlite3"


def open_store(where: str) -> Store:
    """The store at a place: an address redis://…, or a path, or nothing for the usual file."""
    if where.startswith(("redis://", "rediss://", "unix://")):
        from core.rooms.redis_store import RedisStore  # takes 0.1 s to import

        return RedisStore(where)
    return SqliteStore(Path(where) if where else default_path())


@functools.cache
def rooms() -> Rooms:
    """The rooms of this process, in the place that the variable BUFFERLAB_ROOMS names.

    redis://…, or a path of a file; without it a file in the temporary folder. It is made with the
    first call.
    """
    return Rooms(open_store(os.environ.get("BUFFERLAB_ROOMS", "")))
