"""Predict, run, explain: the question, the gate in front of the results, and the verdict."""

import streamlit as st

from core.lessons import answer_to_guess, reason
from pages.shared.controls import widget


def gate(settings):
    """Ask for a guess and offer the run. True once this question was run, or with the gate off."""
    if not settings.predict:
        return True
    name = "CausalAttentionWithBuffer" if settings.buffer else "CausalAttentionWithoutBuffers"
    with st.container(border=True, key="prediction"):
        st.markdown(f"**Predict.** What will `{name}` do on `{settings.experiment.device}`?")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            guess = widget("guess")
            wanted = st.button(
                "Run the forward pass",
                type="primary",
                disabled=guess is None,
                help="Make a guess first." if guess is None else None,
            )
    answered = guess and settings.answered(guess)
    if wanted:
        st.query_params["ran"] = answered
    if answered and st.query_params.get("ran") == answered:
        return True
    st.query_params.pop("ran", None)
    st.info("The results appear here after your guess.", icon=":material/visibility_off:")
    return False


def verdict(settings, run):
    """What the guess was worth, and the reason for what happened."""
    if settings.predict:
        guess = st.session_state["guess"]
        show = st.success if guess == run.outcome else st.warning
        show(f"**{answer_to_guess(guess, run.outcome)}** {reason(run, settings.experiment)}")
