"""The room at a lesson's gate: what the instructor sees there, and what the room is told."""

import streamlit as st

from core.rooms.questions import plain, question_for, question_id, screen_of
from core.rooms.room import (
    CLOSED,
    OPEN,
    REASON_CHARS,
    REVEALED,
    Question,
    RoomError,
    Screen,
    Snapshot,
)
from core.rooms.rooms import rooms
from core.settings.prediction import YOU_SAID
from core.settings.setting import Choice, SettingError
from pages.components import state
from pages.components.room_hook import Gate
from pages.rooms.bar import WORKSHOP_PAGE, bar, prepare
from pages.rooms.buttons import button, round_buttons
from pages.rooms.control import Controlled, present_room, tried
from pages.rooms.live import answers
from pages.rooms.presenter import show_as_asked
from pages.rooms.said import who_said

PREPARE = "prepare"


class Strip:
    """The Host: where this browser controls a room, each gate offers to ask the room first."""

    def at_page(self, page: str) -> None:
        """Show the page as its link asks, and the room that is controlled here."""
        show_as_asked()
        state.ROOM_QUESTION.set("")
        state.ROOM_GATE.set(None)
        found = present_room()
        if page == WORKSHOP_PAGE:
            return
        if found:
            bar(*found, page)
        elif state.link_to(WORKSHOP_PAGE).get().get(PREPARE):
            prepare(page)

    def at_gate(self, gate: Gate) -> None:
        """Draw the controls, which may set the guess."""
        if not state.ROOM_QUESTION.get():
            state.ROOM_QUESTION.set(gate.question)
        found = present_room()
        if not found:
            return
        room, here = found
        current = here.room.question is not None and here.room.question.id in ids_of(gate)
        name = gate.prediction.answered.name
        kind = "now" if current else "strip"
        with st.container(border=True, key=f"room {kind} {name}", gap="small"):
            guess = part(gate)
            try:
                question = asked_here(gate, guess)
            except (SettingError, ValueError) as error:
                st.warning(f"This screen cannot be put to a room. {error}")
                return
            controls(room, here, gate, guess, question)

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
            tell(*found, waits, choices[0], happened, reason)


def ids_of(gate: Gate) -> set[str]:
    """The ids of all that a gate asks."""
    return {id_of(gate, guess) for guess in gate.prediction.guesses}


def id_of(gate: Gate, guess: Choice) -> str:
    """The id that a gate's question has in every room."""
    return question_id(gate.page, gate.prediction.answered.name, gate.about, guess.name)


def tell(
    room: Controlled, here: Snapshot, id: str, guess: Choice, happened: str, reason: str
) -> None:
    """Send what happened and why; the page runs again, so that its controls know."""
    asked = here.room.question
    if asked is None or asked.id != id:
        return
    index = guess.options.index(happened) if happened in guess.options else None
    text = plain(reason)[:REASON_CHARS]
    if tried(lambda: rooms().reveal(room.code, room.key, index, text)):
        st.rerun()


def part(gate: Gate) -> Choice:
    """The guess that the room is asked for: a room gets one question at a time."""
    guesses = gate.prediction.guesses
    if len(guesses) == 1:
        return guesses[0]
    return st.selectbox(
        f"This screen asks for {len(guesses)} guesses. A room gets one question at a time:",
        guesses,
        format_func=lambda guess: plain(guess.label),
        key=f"room part {gate.prediction.answered.name}",
    )


def here_in_link(gate: Gate) -> Screen:
    """The screen as it is now, with this gate closed."""
    own = {setting.name for setting in gate.prediction}
    names = [name for name in st.query_params if name not in own]
    return screen_of(gate.page, {name: st.query_params.get_all(name) for name in names})


def asked_here(gate: Gate, guess: Choice) -> Question:
    """The question of a gate as it is put to a room."""
    several = len(gate.prediction.guesses) > 1
    prompt = f"{gate.question} {guess.label}" if several else gate.question
    return question_for(id_of(gate, guess), prompt, guess.options, here_in_link(gate))


def controls(
    room: Controlled, here: Snapshot, gate: Gate, guess: Choice, question: Question
) -> None:
    """The buttons that fit the room's phase, and the answers."""
    name = gate.prediction.answered.name
    current = here.room.question is not None and here.room.question.id == question.id
    if current:
        answers(here, key=f"room answers {name}")
    with st.container(horizontal=True, gap="small"):
        if not current:
            button("Ask the room", f"ask {name}", ask, room, gate, question, primary=True)
            if here.room.question and here.room.phase in (OPEN, CLOSED):
                st.caption("The room is at another question now, which this one would replace.")
            return
        if here.room.phase in (OPEN, CLOSED):
            missing = cannot_reveal(here, gate, guess)
            button(
                "Reveal",
                f"reveal {name}",
                reveal,
                room,
                gate,
                guess,
                primary=here.room.phase == CLOSED,
                why_not=missing,
            )
        round_buttons(room, here.room.phase, name)
    if here.room.phase == REVEALED:
        st.caption("Learners see the answer and the reason on their phones.")


def cannot_reveal(here: Snapshot, gate: Gate, guess: Choice) -> str:
    """Why the experiment cannot run yet; empty where it can."""
    others = [one for one in gate.prediction.guesses if one is not guess]
    if any(state.value_of(one) is None for one in others):
        return "The experiment runs for all guesses at once: make the other guesses below first."
    if not here.answered and state.value_of(guess) is None:
        return "Nobody has answered yet. Wait for an answer, or make a guess of your own below."
    return ""


def ask(room: Controlled, gate: Gate, question: Question) -> None:
    """Put a gate's question to the room; results that stand on the screen go."""
    for guess in gate.prediction.guesses:
        state.forget(guess)
    st.query_params.pop(gate.prediction.answered.name, None)
    room.ask(question)


def reveal(room: Controlled, gate: Gate, guess: Choice) -> None:
    """Open the gate with what most of the room said; its outcome then goes to the room."""
    try:
        here = room.read()
    except RoomError as error:
        state.ROOM_TROUBLE.set(str(error))
        return
    if here.room.phase == OPEN:
        room.do(rooms().close)
        here = room.read()
    if here.answered:
        state.set_value(guess, guess.options[here.counts.index(max(here.counts))])
    guesses = tuple(state.value_of(one) for one in gate.prediction.guesses)
    answer = gate.prediction.answer(gate.about, guesses)
    if answer:
        st.query_params[gate.prediction.answered.name] = answer
        state.ROOM_REVEALS.set(id_of(gate, guess))
