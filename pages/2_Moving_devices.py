"""Moving devices: a timeline of real steps, and what every forward pass copies."""

import streamlit as st

from core.device.available import limits
from core.moving.reasons import reason
from core.moving.settings import MOVING, OUTCOME
from core.moving.take_home import timeline_script
from core.settings.outcome_question import outcome_verdict
from pages.components import code, frame, prediction
from pages.components.widgets import section, widget
from pages.moving import copies as crossing
from pages.moving import timeline

PAGE = "pages/2_Moving_devices.py"
with frame.page(PAGE, MOVING):
    st.markdown(
        "Build a module, then move it, cast it, copy it, step by step. The ledger shows where "
        "every tensor is after each step, on a simulated accelerator that follows PyTorch's rules."
    )
    built = timeline.builder()
    ask = widget(MOVING["predict"])
    if built and prediction.gate(OUTCOME, timeline.question(built), built.name, ask):
        story = timeline.cached_timeline(built)
        if ask:
            guess = prediction.guess_of(OUTCOME)
            prediction.show(outcome_verdict(guess, story.outcome, reason(story)))
        st.header("The ledger", anchor=False)
        timeline.ledger(story)
        timeline.failure(story)
        if not ask:
            st.markdown(reason(story))
        with section(MOVING["code"]) as opened:
            if opened.open:
                code.take_home(timeline_script(built), "timeline")
    with section(MOVING["crossings"]) as opened:
        if opened.open:
            crossing.show_copies(ask)
            crossing.code()
    with section(MOVING["limits"]) as opened:
        if opened.open:
            st.markdown("\n".join(f"- {limit}" for limit in limits()))
