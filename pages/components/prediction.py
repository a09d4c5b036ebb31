"""Predict, run, explain: the question, the gate in front of the results, and the verdict."""

import contextlib

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.settings.prediction import Prediction, Verdict
from pages.components import room_hook, state
from pages.components.widgets import widget

SHORT_WORDS = 16  # characters: the words of a guess that fit beside each other in 200 pixels


def gate(
    prediction: Prediction,
    question: str,
    about: str,
    predict: bool,
    results: DeltaGenerator | None = None,
    *,
    context: str = "",
    code: str = "",
    later: bool = False,
) -> bool:
    """Ask for the guesses and offer the run. True once this question was run, or if not predict.

    question: what the learner is asked, Markdown. about: short, stands for the question: other
    settings that decide the outcome give another text, and then it is asked anew. results: where
    the results come, if that is not below. context (Markdown), code: what the page itself shows
    beside the question; a room's phones show it too. later: the results may come later, from a
    worker; the page then says by `results_are_there` that they came. Until then nothing is done.
    """
    if not predict:
        return True
    _forget_another_question(prediction, about)
    page = state.PAGE.get() or ""
    asked = room_hook.Gate(page, prediction, question, about, context, code)
    name = prediction.answered.name
    with st.container(border=True, key=f"prediction {name}"):
        st.markdown(f"**Predict.** {question}")
        room_hook.host().at_gate(asked)
        guesses, wanted = _ask(prediction)
    answer = prediction.answer(about, guesses)
    if wanted and answer:
        st.query_params[name] = answer
        state.pressed_on(page).get().add((name, about))
    if answer and st.query_params.get(name) == answer:
        if not later:
            results_are_there(prediction, about)
        room_hook.host().opened(asked)
        return True
    st.query_params.pop(name, None)
    several = "guesses" if len(guesses) > 1 else "guess"
    with results or contextlib.nullcontext():
        st.info(f"The results appear here after your {several}.", icon=":material/visibility_off:")
    return False


def results_are_there(prediction: Prediction, about: str) -> None:
    """Count a question as answered: its results are on the page.

    Only who pressed its button in this session has answered it: not who opened a link to the
    results, or switched the gate off.
    """
    page, answer = state.PAGE.get() or "", (prediction.answered.name, about)
    if answer in state.pressed_on(page).get():
        state.answered_on(page).get().add(answer)


def _forget_another_question(prediction: Prediction, about: str) -> None:
    """A guess answers one question: where another was asked before, it is forgotten."""
    asked = state.question_of(state.PAGE.get(), prediction.answered.name)
    if asked.known and asked.get() != about:
        for guess in prediction.guesses:
            state.forget(guess)
    asked.set(about)


def _ask(prediction: Prediction) -> tuple[tuple[str | None, ...], bool]:
    """(the guesses, whether the button was pressed)."""
    if len(prediction.guesses) == 1:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            guesses = (widget(prediction.guess),)
            return guesses, _button(prediction, None in guesses, "Make a guess first.")
    drawn = []
    words = max(sum(map(len, guess.options)) for guess in prediction.guesses)
    if words > SHORT_WORDS:  # a line for each guess, its words beside it where there is room
        with st.container(key=f"lines {prediction.answered.name}", gap=None):
            drawn = [widget(guess) for guess in prediction.guesses]
    else:
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            for guess in prediction.guesses:
                with st.container(width=200):
                    drawn.append(widget(guess))
    number = {2: "both", 3: "all three", 4: "all four", 5: "all five"}.get(len(drawn), "all")
    return tuple(drawn), _button(prediction, None in drawn, f"Make {number} guesses first.")


def _button(prediction: Prediction, disabled: bool, why: str) -> bool:
    return st.button(
        prediction.button, type="primary", disabled=disabled, help=why if disabled else None
    )


def guess_of(prediction: Prediction) -> str:
    """The guess that was made at a Prediction that has one."""
    return str(state.value_of(prediction.guess))


def show(verdict: Verdict) -> None:
    """What a guess was worth, and the reason for what happened."""
    say = {True: st.success, False: st.warning, None: st.info}[verdict.right]
    say(verdict.text_of(room_hook.host().who_said("", verdict.guess)))
    room_hook.host().happened("", verdict.happened, verdict.why)
