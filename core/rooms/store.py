"""Where rooms are kept: the protocol that SQLite and Redis follow.

Only `core.rooms.rooms.Rooms` calls a store; everybody else goes through that. All methods may be
called from any thread and from several processes at a time.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from core.rooms.room import Answer, Receipt, Result, Room, RoomError, Sent, Snapshot

MOST_ROOMS = 200
MOST_LEARNERS = 5_000  # whose answers to one asking are kept


class StoreDown(RoomError):
    """The store does not answer."""

    def __init__(self) -> None:
        super().__init__("The store of the rooms does not answer. Please try again in a moment.")


class Store(Protocol):
    """Rooms by their code, and the answers to their askings. A room that expired is not there.

    threads: how many threads gain by calling it at a time. Any method may raise StoreDown.
    """

    threads: int

    def create(self, room: Room, key: str) -> bool:
        """Keep a new room and the digest of its key; False where the code is in use.

        Raises RoomsFull where there are MOST_ROOMS.
        """
        ...

    def key(self, code: str) -> str:
        """The digest of a room's key. Raises NoRoom."""
        ...

    def read(self, code: str) -> Snapshot:
        """A room as it stands. Raises NoRoom."""
        ...

    def heads(self) -> dict[str, tuple[int, int]]:
        """The head of each room's snapshot, by the room's code."""
        ...

    def change(self, code: str, change: Callable[[Room], Room]) -> Room:
        """Replace a room by change(room), with the next version; nothing comes in between.

        change may be called more than once, and is pure. An asking that it brings is kept for
        `results`; where it brings the same room, nothing is done. Raises NoRoom.
        """
        ...

    def forget(self, code: str, number: int) -> None:
        """Drop an asking and its answers."""
        ...

    def answers(self, sent: Sequence[Sent]) -> list[Receipt]:
        """Take answers, one after the other, where their rooms have their askings open.

        Of a learner's attempts the newest stands; what was there already changes nothing. Many in
        one call cost much less than many calls.
        """
        ...

    def answer_of(self, code: str, number: int, learner: str) -> Answer | None:
        """What a learner answered to an asking."""
        ...

    def results(self, code: str) -> list[Result]:
        """All askings of a room with their counts, in their order."""
        ...

    def delete(self, code: str) -> None:
        """Drop a room with all its answers."""
        ...

    def delete_expired(self) -> None:
        """Drop what expired."""
        ...

    def changes(self, stop: threading.Event) -> Iterator[None]:
        """Yield once at the start, then when some room may have changed, until stop is set.

        Now and then also without a change: rooms expire.
        """
        ...

    def close(self) -> None:
        """Give up connections."""
        ...
