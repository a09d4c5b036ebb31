"""Moving devices: a timeline of real steps, and what every forward pass copies."""

import streamlit as st

from core.device.available import limits
from core.moving.reasons import reason
from core.moving.settings import MOVING
from core.moving.take_home import timeline_script
from core.moving.takeaway import takeaway
from pages.components import code, frame, prediction, state
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section
from pages.moving import copies as crossing
from pages.moving import timeline

PAGE = "pages/2_Moving_devices.py"
with frame.page(PAGE, MOVING):
    st.markdown(
        "A module moves from device to device, step by step. Choose a story, guess how it ends, "
        "and see where every tensor is. `sim` is a simulated GPU; in code for a real one, "
        'write `"cuda"`.'
    )
    built, ask, places = timeline.builder()
    asked = timeline.question_of(built)
    answered = False
    if built and asked:
        with places.question:
            story = timeline.in_one_line(built)
            st.markdown(story)
            answered = prediction.gate(
                asked.prediction, asked.question, built.name, ask, context=story
            )
    if built and asked and answered:
        seen = timeline.cached_timeline(built)
        with places.results:
            if ask:
                guess = prediction.guess_of(asked.prediction)
                state.STORY_GUESSES.get()[built.name] = guess
                prediction.show(asked.verdict(guess, seen))
            st.header("The ledger", anchor=False)
            timeline.ledger(seen)
            timeline.failure(seen)
            if not ask:
                st.markdown(reason(seen))
            show_takeaway(takeaway(seen))
        with section(MOVING["code"]) as opened:
            if opened.open:
                code.take_home(timeline_script(built), "timeline")
    with places.stories:  # with the mark of the one that was just run
        timeline.show_stories(built)
    with section(MOVING["crossings"]) as opened:
        if opened.open:
            crossing.show_copies(ask)
            crossing.code()
    st.markdown(
        "`sim` keeps tensors apart from the CPU's as a GPU does, and PyTorch raises the same kinds "
        "of errors. It computes on the CPU, so it says nothing about a GPU's speed."
    )
    with section(MOVING["limits"]) as opened:
        if opened.open:
            st.markdown("\n".join(f"- {limit}" for limit in limits()))
