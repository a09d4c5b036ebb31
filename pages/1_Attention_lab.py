"""The attention lab: toggle how the mask is held, pick a device, run the forward pass, look."""

import streamlit as st

from core.lab.reasons import verdict_on
from core.lab.settings import LAB, asked_about
from core.lab.take_home import lines_asked_about, too_long
from core.lab.takeaway import takeaway
from core.mask_cost.settings import MASK_COST
from pages.components import frame, prediction
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section
from pages.lab import controls, mask_cost, panels
from pages.lab.sections import closer_looks, view_request

INTRODUCTION = (
    "Causal self-attention hides later tokens with a **mask**. Two modules differ in the one line "
    "that stores it."
)
PAGE = "pages/1_Attention_lab.py"
with frame.page(PAGE, {**LAB, **MASK_COST}):
    settings, places = controls.lab_controls()
    asked = asked_about(settings, st.query_params) if settings else None
    answered = False
    if settings and asked:
        with places.question:
            answered = prediction.gate(
                asked.prediction,
                asked.asks,
                asked.question,
                settings.predict,
                places.verdict,
                context=f"{INTRODUCTION} {too_long(asked.experiment)}",
                code=lines_asked_about(asked),
                later=True,
            )
    if not answered or (settings and settings.predict):  # else both results need its place
        places.introduction.markdown(INTRODUCTION)
    if settings and asked and answered:
        request = view_request(settings)
        observation = controls.observation_of(request)
        chosen = other = None
        if observation:
            chosen = observation.variant(settings.buffer)
            other = observation.variant(not settings.buffer) if settings.compare else None
            if settings.predict:
                prediction.results_are_there(asked.prediction, asked.question)
                run = observation.variant(asked.buffer)
                guess = prediction.guess_of(asked.prediction)
                with places.verdict:
                    prediction.show(verdict_on(asked, guess, run))
            explained = asked.buffer if settings.predict else None
            panels.variants(observation, settings.buffer, settings.compare, explained)
            panels.legend(chosen, other)
            show_takeaway(takeaway(chosen, settings.experiment))
        closer_looks(settings, request, observation, chosen, other)
    if settings:
        with section(MASK_COST["cost"]) as opened:
            if opened.open:
                mask_cost.show_mask_cost(settings.predict)
