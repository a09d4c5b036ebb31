"""The room that this browser controls, and what its instructor does to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.rooms.codes import read_code
from core.rooms.room import ENDED, Question, Result, Room, RoomError, Snapshot
from core.rooms.rooms import rooms
from pages.components import state
from pages.rooms.identity import key_cookie, key_of

PREFIX = key_cookie("")


@dataclass(frozen=True)
class Controlled:
    """A room that this browser has the key of."""

    code: str
    key: str

    def read(self) -> Snapshot:
        """The room and its counts. Raises NoRoom once it has expired."""
        return rooms().read(self.code)

    def ask(self, question: Question) -> None:
        """Put a question to the room."""
        tried(lambda: rooms().ask(self.code, self.key, question))

    def do(self, action: Callable[[str, str], Room]) -> None:
        """Call a method of Rooms that takes the code and the key only."""
        tried(lambda: action(self.code, self.key))

    def results(self) -> list[Result]:
        """Every asking with its counts."""
        return rooms().summary(self.code, self.key)


def tried(action: Callable[[], object]) -> bool:
    """Do something to a room; what it refuses is said with the next drawing of its controls."""
    try:
        action()
    except RoomError as error:
        state.ROOM_TROUBLE.set(str(error))
        return False
    return True


def say_trouble() -> None:
    """What a room refused last, once."""
    if trouble := state.ROOM_TROUBLE.take():
        st.warning(trouble)


def cookies() -> Mapping[str, str]:
    """The cookies that this browser sent when it connected."""
    return st.context.cookies


def codes_held() -> list[str]:
    """The codes of the rooms that this browser may have keys of."""
    names = (name for name in cookies() if name.startswith(PREFIX))
    return [code for name in names if (code := read_code(name.removeprefix(PREFIX)))]


def controlled(code: str) -> Controlled | None:
    """The room of a code, if this browser has its key."""
    key = key_of(cookies(), code)
    try:
        return Controlled(code, key) if key and rooms().is_key(code, key) else None
    except RoomError:
        return None


def live_rooms() -> list[Snapshot]:
    """The rooms that this browser controls and that have not ended, the newest first."""
    found = []
    for code in codes_held():
        try:
            if (room := controlled(code)) and (here := room.read()).room.phase != ENDED:
                found.append(here)
        except RoomError:
            continue  # it expired just now
    return sorted(found, key=lambda here: -here.room.created)


def present_room() -> tuple[Controlled, Snapshot] | None:
    """The room that this visitor controls now: the one chosen on /Workshop, or the newest."""
    if not codes_held():
        return None
    here = live_rooms()
    chosen = [one for one in here if one.room.code == state.ROOM_CODE.get()] or here
    room = controlled(chosen[0].room.code) if chosen else None
    return (room, chosen[0]) if room else None
