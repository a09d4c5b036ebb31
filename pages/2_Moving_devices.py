"""Moving devices: a timeline of real steps, and what every forward pass copies."""

import streamlit as st

from core.code.export import timeline_parts
from core.moving.reasons import MOVING, reason
from core.moving.timeline import script
from pages.components import code, frame, predict
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
    if built and predict.gate(ask, timeline.question(built), built.name, "Run the timeline"):
        story = timeline.observe(built)
        predict.verdict(ask, story.outcome, reason(story))
        st.header("The ledger", anchor=False)
        timeline.ledger(story)
        timeline.failure(story)
        if not ask:
            st.markdown(reason(story))
        with section(MOVING["code"]) as opened:
            if opened.open:
                title = "The timeline as a script, whose steps the page ran one by one"
                code.fragment(title, script(built))
                code.take_home(timeline_parts(story), "timeline")
    with section(MOVING["crossings"]) as opened:
        if opened.open:
            crossing.panel(ask)
            crossing.code()
