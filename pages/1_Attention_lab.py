"""The attention lab: toggle how the mask is held, pick a device, run the forward pass, look."""

import streamlit as st

from core.lab.settings import LAB
from core.lessons import reason
from pages.components import frame, predict
from pages.components.widgets import section
from pages.lab import controls, mask_cost, panels
from pages.lab.sections import closer_looks, looked_at

PAGE = "pages/1_Attention_lab.py"
with frame.page(PAGE, LAB):
    st.markdown(
        "Causal self-attention hides later tokens with a mask. Held as a **registered buffer**, "
        "the mask moves with its module and, if it is persistent, is saved with it. Held as a "
        "**plain attribute**, it does neither."
    )
    settings = controls.lab_controls()
    if settings and predict.gate(settings.predict, settings.asks, settings.question):
        look = looked_at(settings)
        observation = controls.observe(look)
        chosen = other = None
        if observation:
            chosen = observation.variant(settings.buffer)
            other = observation.variant(not settings.buffer) if settings.compare else None
            predict.verdict(settings.predict, chosen.outcome, reason(chosen, settings.experiment))
            panels.variant_row(observation, chosen, other, explain=not settings.predict)
            if other:
                panels.variant_row(observation, other, chosen)
            panels.legend(chosen, other)
        closer_looks(settings, look, observation, chosen, other)
    if settings:
        with section(LAB["cost"]) as opened:
            if opened.open:
                mask_cost.panel(settings.predict)
