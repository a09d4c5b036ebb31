"""The room at a lesson's gate: what the instructor sees there, and what the room is told."""

import streamlit as st

from core.rooms.questions import plain
from core.rooms.room import REASON_CHARS
from core.rooms.rooms import rooms
from core.rooms.settings import JOINED, LEAD
from core.settings.prediction import YOU_SAID
from core.settings.setting import Choice, SettingError
from pages.components import state
from pages.components.room_hook import Catalogue, Gate
from pages.components.widgets import in_link
from pages.rooms.asking import asked_now, id_of, run, start
from pages.rooms.bar import WORKSHOP_PAGE, bar, prepare
from pages.rooms.control import Controlled, present_room, tried
from pages.rooms.follow import joined_code, remember_own, room_of_learner
from pages.rooms.lead import lead
from pages.rooms.presenter import show_as_asked
from pages.rooms.said import who_said
from pages.rooms.visit import arrive

PREPARE = "prepare"


class Strip:
    """The Host: where this browser controls a room, each gate offers to ask the room first."""

    def at_page(self, page: str, catalogue: Catalogue) -> None:
        """Show the page as its link asks, and the room that is controlled here, or joined."""
        arrive(page)
        show_as_asked()
        state.ROOM_QUESTION.set("")
        state.ROOM_GATE.set(None)
        found = present_room()
        if page == WORKSHOP_PAGE:
            return
        learns = in_link(JOINED) and not (found and found[0].code == joined_code())
        if learns:
            room_of_learner(page, catalogue)
        if found:
            bar(*found, page, catalogue)
        elif state.link_to(WORKSHOP_PAGE).get().get(PREPARE):
            prepare(page, catalogue)

    def page_done(self, page: str, catalogue: Catalogue) -> None:
        """Those who follow hear where the instructor is."""
        if page == WORKSHOP_PAGE:
            return
        if in_link(JOINED):
            remember_own(page, catalogue)
        if in_link(LEAD) and (found := present_room()):
            lead(*found, page, catalogue)

    def at_gate(self, gate: Gate) -> None:
        """Draw the controls, between the question and a visitor's own guess."""
        if not state.ROOM_QUESTION.get():
            state.ROOM_QUESTION.set(gate.question)
        found = present_room()
        if not found:
            return
        room, here = found
        current = asked_now(gate, here)
        name = gate.prediction.answered.name
        kind = "now" if current else "strip"
        with st.container(key=f"room {kind} {name}", gap="small"):
            try:
                run(room, here, gate, current) if current else start(room, here, gate)
            except (SettingError, ValueError) as error:
                st.warning(f"This screen cannot be put to a room. {error}")

    def opened(self, gate: Gate) -> None:
        """Remember which gate the next outcome belongs to."""
        state.ROOM_GATE.set(gate)

    def who_said(self, guess: str, said: str) -> str:
        """What part of the room said it, where the room made the guess."""
        gate, found = state.ROOM_GATE.get(), present_room()
        if gate is None or found is None:
            return YOU_SAID
        for one in gate.prediction.guesses:
            if guess in ("", one.name) and said in one.options:
                return who_said(*found, id_of(gate, one), one.options.index(said))
        return YOU_SAID

    def happened(self, guess: str, happened: str, reason: str) -> None:
        """Tell the room, if it waits for this."""
        gate, waits = state.ROOM_GATE.get(), state.ROOM_REVEALS.get()
        if not waits or gate is None:
            return
        choices = [one for one in gate.prediction.guesses if guess in ("", one.name)]
        if not choices or id_of(gate, choices[0]) != waits:
            return
        state.ROOM_REVEALS.set("")
        if found := present_room():
            tell(found[0], waits, choices[0], happened, reason)


def tell(room: Controlled, id: str, guess: Choice, happened: str, reason: str) -> None:
    """Send what happened and why; the page runs again, so that its controls know."""
    index = guess.options.index(happened) if happened in guess.options else None
    text = plain(reason)[:REASON_CHARS]
    if tried(lambda: rooms().reveal(room.code, room.key, index, text, id)):
        st.rerun()
