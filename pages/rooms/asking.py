"""A gate's question and a room: how it is asked, closed and revealed, also guess after guess.

A gate runs its experiment for all its guesses at once; a room is asked for one at a time. What most
of the room said is taken as the guess, so the last one asked opens the gate.
"""

from collections.abc import Sequence

import streamlit as st

from core.rooms.questions import plain, question_for, question_id
from core.rooms.room import CLOSED, OPEN, REVEALED, Question, RoomError, Screen, Snapshot
from core.rooms.rooms import rooms
from core.rooms.settings import NOT_SHOWN
from core.settings.setting import Choice
from pages.components import state
from pages.components.room_hook import Gate
from pages.rooms.buttons import button, round_buttons
from pages.rooms.control import Controlled
from pages.rooms.live import answers
from pages.rooms.visit import screen_here

# Of a gate's container, a visitor's own guess: all but the question and what is the room's.
OWN_GUESS = (
    "> :is([data-testid=stLayoutWrapper], .stElementContainer:has(.stButton))"
    ":not(:has(> [class*=st-key-room]))"
)
NOBODY = "Nobody has answered yet. Wait for an answer, or make a guess of your own below."


def id_of(gate: Gate, guess: Choice) -> str:
    """The id that a gate's question has in every room."""
    return question_id(gate.page, gate.prediction.answered.name, gate.about, guess.name)


def asked_now(gate: Gate, here: Snapshot) -> Choice | None:
    """The guess that the room is asked for now, if it is one of this gate."""
    question = here.room.question
    found = [one for one in gate.prediction.guesses if question and id_of(gate, one) == question.id]
    return found[0] if found else None


def words(guess: Choice) -> str:
    """A guess's label as plain text, for a button."""
    return plain(guess.label).replace("`", "")


def question_of(gate: Gate, guess: Choice) -> Question:
    """The question of a gate as it is put to a room."""
    several = len(gate.prediction.guesses) > 1
    prompt = f"{gate.question} Asked about now: {guess.label}" if several else gate.question
    screen = screen_of_gate(gate)
    return question_for(id_of(gate, guess), prompt, guess.options, screen, gate.context, gate.code)


def screen_of_gate(gate: Gate) -> Screen:
    """The screen as learners open it: with this gate closed, and not in large type."""
    left_out = {setting.name for setting in gate.prediction} | NOT_SHOWN
    return screen_here(gate.page, left_out)


def start(room: Controlled, here: Snapshot, gate: Gate) -> None:
    """The room is at something else: the button that asks it."""
    guesses = gate.prediction.guesses
    how_many = f"This screen asks for {len(guesses)} guesses, a room for one at a time. Begin with:"
    guess = pick(gate, here, guesses, how_many)
    with st.container(horizontal=True, gap="small"):
        ask_button("Ask the room", room, gate, guess)
        if here.room.question and here.room.phase in (OPEN, CLOSED):
            st.caption("The room is at another question now, which this one would replace.")


def pick(gate: Gate, here: Snapshot, guesses: Sequence[Choice], label: str) -> Choice:
    """One of the guesses: the first, unless the instructor takes another."""
    if len(guesses) == 1:
        return guesses[0]
    at = here.room.asking.number if here.room.asking else 0
    key = f"room part {gate.prediction.answered.name} {at} {len(guesses)}"
    return st.selectbox(label, guesses, format_func=words, key=key)


def ask_button(label: str, room: Controlled, gate: Gate, guess: Choice) -> None:
    """A button that puts a guess of a gate to the room."""
    name = gate.prediction.answered.name
    button(label, f"ask {name}", ask, room, gate, guess, question_of(gate, guess), primary=True)


def run(room: Controlled, here: Snapshot, gate: Gate, guess: Choice) -> None:
    """The room is at this gate: its answers, and the buttons that fit its phase."""
    name, guesses = gate.prediction.answered.name, gate.prediction.guesses
    if len(guesses) > 1:
        st.markdown(f"**Guess {guesses.index(guess) + 1} of {len(guesses)}.** {guess.label}")
    answers(here, key=f"room answers {name}", gate=f"prediction {name}")
    trouble = state.ROOM_GATE_TROUBLE.take()
    if trouble:
        st.warning(trouble)
    own = len(guesses) > 1 or trouble or state.value_of(guess) is not None
    if here.room.phase == REVEALED or not own:  # the room guesses, and results need the screen
        st.html(f"<style>.st-key-prediction-{name} {OWN_GUESS} {{ display: none; }}</style>")
    if here.room.phase == REVEALED:
        return after_reveal(room, here, gate)
    missing = [one for one in guesses if one is not guess and state.value_of(one) is None]
    last = here.room.phase == CLOSED and not missing
    following = pick(gate, here, missing, "The next guess:") if missing else None
    with st.container(horizontal=True, gap="small"):
        if following and here.room.phase == CLOSED:
            ask_button(f"Next guess: {words(following)}", room, gate, following)
        why = why_not(missing, len(guesses))
        button("Reveal", f"reveal {name}", reveal, room, gate, guess, primary=last, why_not=why)
        round_buttons(room, here.room.phase, name)
    if following:
        st.caption(why)


def why_not(missing: Sequence[Choice], number: int) -> str:
    """Why the experiment cannot run yet; empty where it can."""
    if not missing:
        return ""
    return (
        f"The experiment runs for all {number} guesses at once, and {len(missing)} of them are not "
        "made. Ask the room for the next one, or make them yourself below. Then reveal."
    )


def after_reveal(room: Controlled, here: Snapshot, gate: Gate) -> None:
    """What is on the phones, and of several guesses the next result for them."""
    following, name = not_shown(room, gate), gate.prediction.answered.name
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if following:
            label = f"Next result: {words(following[0])}"
            button(label, f"show {name}", show, gate, following[0], primary=True)
        round_buttons(room, here.room.phase, name)
        more = f" {len(following)} more results wait for them." if len(following) > 1 else ""
        st.caption(f"Learners see the answer and the reason on their phones.{more}")


def not_shown(room: Controlled, gate: Gate) -> list[Choice]:
    """The guesses that the room was asked for and whose results it has not seen."""
    if len(gate.prediction.guesses) == 1:
        return []
    try:
        shown = {one.asking.question.id: one.asking.reveal for one in room.results()}
    except RoomError:
        return []
    ids = {id_of(gate, one): one for one in gate.prediction.guesses}
    return [guess for id, guess in ids.items() if id in shown and shown[id] is None]


def ask(room: Controlled, gate: Gate, guess: Choice, question: Question) -> None:
    """Put a question to the room. What it said to the gate's last one is kept as that guess."""
    try:
        here = room.read()
    except RoomError as error:
        state.ROOM_TROUBLE.set(str(error))
        return
    before = asked_now(gate, here)
    if before and before is not guess:
        take_guess(before, here)
    elif before is None and gate.prediction.answered.name in st.query_params:
        for one in gate.prediction.guesses:  # they were answered, and their results go
            state.forget(one)
    state.forget(guess)
    st.query_params.pop(gate.prediction.answered.name, None)
    room.ask(question)


def take_guess(guess: Choice, here: Snapshot) -> None:
    """What most of the room said is the guess."""
    if here.answered:
        state.set_value(guess, guess.options[here.counts.index(max(here.counts))])


def reveal(room: Controlled, gate: Gate, guess: Choice) -> None:
    """Open the gate with what most of the room said; its outcome then goes to the room."""
    try:
        here = room.read()
        if not here.answered and state.value_of(guess) is None:
            state.ROOM_GATE_TROUBLE.set(NOBODY)
            return
        if here.room.phase == OPEN:
            room.do(rooms().close)
            here = room.read()
    except RoomError as error:
        state.ROOM_TROUBLE.set(str(error))
        return
    take_guess(guess, here)
    guesses = tuple(state.value_of(one) for one in gate.prediction.guesses)
    if answer := gate.prediction.answer(gate.about, guesses):
        st.query_params[gate.prediction.answered.name] = answer
        show(gate, guess)


def show(gate: Gate, guess: Choice) -> None:
    """Once the page has said what became of a guess, the room hears of it."""
    state.ROOM_REVEALS.set(id_of(gate, guess))
