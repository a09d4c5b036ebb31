"""The attention lab: toggle how the mask is held, pick a device, run the forward pass, look."""

from core.lab.reasons import reason, saved_answer, saved_reason
from core.lab.settings import LAB
from core.lab.takeaway import takeaway
from core.mask_cost.settings import MASK_COST
from core.settings.outcome_question import outcome_verdict
from core.settings.prediction import verdict
from pages.components import frame, prediction
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section
from pages.lab import controls, mask_cost, panels
from pages.lab.sections import closer_looks, view_request

PAGE = "pages/1_Attention_lab.py"
with frame.page(PAGE, {**LAB, **MASK_COST}):
    settings, place = controls.lab_controls()
    asked = settings.prediction if settings else None
    answered = False
    if settings and asked:
        with place:
            answered = prediction.gate(asked, settings.asks, settings.question, settings.predict)
    if settings and asked and answered:
        request = view_request(settings)
        observation = controls.observation_of(request)
        chosen = other = None
        if observation:
            chosen = observation.variant(settings.buffer)
            other = observation.variant(not settings.buffer) if settings.compare else None
            if settings.predict:
                guess = prediction.guess_of(asked)
                if settings.asks_of_saving:
                    why = saved_reason(chosen, settings.experiment)
                    prediction.show(verdict(guess, saved_answer(chosen), why))
                else:
                    why = reason(chosen, settings.experiment)
                    prediction.show(outcome_verdict(guess, chosen.outcome, why))
            panels.variants(
                observation, settings.buffer, settings.compare, explain=not settings.predict
            )
            panels.legend(chosen, other)
            show_takeaway(takeaway(chosen, settings.experiment))
        closer_looks(settings, request, observation, chosen, other)
    if settings:
        with section(MASK_COST["cost"]) as opened:
            if opened.open:
                mask_cost.show_mask_cost(settings.predict)
