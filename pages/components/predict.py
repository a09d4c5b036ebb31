"""Predict, run, explain: the question, the gate in front of the results, and the verdict."""

import streamlit as st

from core.lab.settings import GUESS
from core.lessons import answer_to_guess
from pages.components.widgets import widget


def gate(predict, question, name, button="Run the forward pass", setting=GUESS, ran="ran"):
    """Ask for a guess and offer the run. True once this question was run, or with the gate off.

    name is short and stands for the question: with the guess it is kept in the URL, in the
    parameter `ran`, so that a link shows the results again, and other settings ask anew.
    """
    if not predict:
        return True
    asked = f"question {ran} of {st.session_state.get('page')}"
    if st.session_state.setdefault(asked, name) != name:
        st.session_state[asked] = name
        st.session_state[setting.name] = None  # the old guess answers another question
    with st.container(border=True, key=f"prediction {ran}"):
        st.markdown(f"**Predict.** {question}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            guess = widget(setting)
            wanted = st.button(
                button,
                type="primary",
                disabled=guess is None,
                help="Make a guess first." if guess is None else None,
            )
    answered = guess and f"{name}-{guess.replace(' ', '-')}"
    if wanted:
        st.query_params[ran] = answered
    if answered and st.query_params.get(ran) == answered:
        return True
    st.query_params.pop(ran, None)
    st.info("The results appear here after your guess.", icon=":material/visibility_off:")
    return False


def verdict(predict, outcome, reason):
    """What the guess was worth, and the reason for what happened."""
    if predict:
        guess = st.session_state["guess"]
        show = st.success if guess == outcome else st.warning
        show(f"**{answer_to_guess(guess, outcome)}** {reason}")
