"""Who made the guess that a verdict is about: the instructor, or the room."""

from core.rooms.room import OPEN, RoomError, Snapshot
from core.settings.prediction import YOU_SAID
from pages.rooms.control import Controlled


def who_said(room: Controlled, here: Snapshot, id: str, option: int) -> str:
    """How a verdict names who took this option of the question of that id for a guess.

    The room did, if most chose it in one of its rounds: then as a share, of the latest of these.
    """
    for counts in reversed(counts_of(room, here, id)):
        if any(counts) and counts[option] == max(counts):
            whole = "the room" if counts.count(max(counts)) == 1 else "a divided room"
            return f"{counts[option]} of {sum(counts)} in {whole} said"
    return YOU_SAID


def counts_of(room: Controlled, here: Snapshot, id: str) -> list[tuple[int, ...]]:
    """The counts of a question's rounds, without one that is open."""
    is_open = here.room.asking.number if here.room.asking and here.room.phase == OPEN else 0
    try:
        found = room.results()
    except RoomError:
        return []
    return [
        one.counts for one in found if one.asking.question.id == id and one.asking.number != is_open
    ]
