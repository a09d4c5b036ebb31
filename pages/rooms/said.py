"""Who made the guess that a verdict is about: the instructor, or the room."""

from core.rooms.room import OPEN, RoomError, Snapshot
from core.settings.prediction import YOU_SAID
from pages.rooms.control import Controlled


def who_said(room: Controlled, here: Snapshot, id: str, option: int) -> str:
    """How a verdict begins, where this option of the question of that id was taken as the guess.

    Says nothing of an asking that is open. The room's guess is what most chose, as a share.
    """
    counts = latest_counts(room, here, id)
    if not any(counts) or counts[option] < max(counts):
        return YOU_SAID
    return f"{counts[option]} of {sum(counts)} in the room said"


def latest_counts(room: Controlled, here: Snapshot, id: str) -> tuple[int, ...]:
    """The counts of a question's latest asking; empty while it is open, and if there was none."""
    if here.room.question and here.room.question.id == id:
        return () if here.room.phase == OPEN else here.counts
    try:
        found = [one.counts for one in room.results() if one.asking.question.id == id]
    except RoomError:
        return ()
    return found[-1] if found else ()
