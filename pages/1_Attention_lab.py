"""The attention lab: toggle how the mask is held, pick a device, run the forward pass, look."""

import streamlit as st

from core.lab.reasons import reason
from core.lab.settings import LAB, OUTCOME
from core.mask_cost.settings import MASK_COST
from core.settings.outcome_question import outcome_verdict
from pages.components import frame, prediction
from pages.components.widgets import section
from pages.lab import controls, mask_cost, panels
from pages.lab.sections import closer_looks, view_request

PAGE = "pages/1_Attention_lab.py"
with frame.page(PAGE, {**LAB, **MASK_COST}):
    st.markdown(
        "Causal self-attention hides later tokens with a mask. Held as a **registered buffer**, "
        "the mask moves with its module and, if it is persistent, is saved with it. Held as a "
        "**plain attribute**, it does neither."
    )
    settings = controls.lab_controls()
    if settings and prediction.gate(OUTCOME, settings.asks, settings.question, settings.predict):
        request = view_request(settings)
        observation = controls.observation_of(request)
        chosen = other = None
        if observation:
            chosen = observation.variant(settings.buffer)
            other = observation.variant(not settings.buffer) if settings.compare else None
            if settings.predict:
                why = reason(chosen, settings.experiment)
                guess = prediction.guess_of(OUTCOME)
                prediction.show(outcome_verdict(guess, chosen.outcome, why))
            panels.variant_row(observation, chosen, other, explain=not settings.predict)
            if other:
                panels.variant_row(observation, other, chosen)
            panels.legend(chosen, other)
        closer_looks(settings, request, observation, chosen, other)
    if settings:
        with section(MASK_COST["cost"]) as opened:
            if opened.open:
                mask_cost.show_mask_cost(settings.predict)
