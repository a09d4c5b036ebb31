"""Training: what an optimizer changes, what it leaves alone, and what becomes of a trained mask."""

import streamlit as st

from core.training.run import train
from core.training.settings import CHANGED, TRAINING
from core.training.takeaway import takeaway
from pages.components import frame, prediction, progress
from pages.components.takeaway import show_takeaway
from pages.training import controls as training
from pages.training import results as trained

PAGE = "pages/5_Training.py"
with frame.page(PAGE, TRAINING):
    five = (
        "Five modules learn to predict the next token's embedding, the vector that stands for it. "
        "Four hold their mask in different ways: as a **plain attribute**, as a **buffer**, as an "
        "**`nn.Parameter`**, and as an **`nn.Parameter`** without weight decay. The fifth has no "
        "mask, but a **BatchNorm**."
    )
    st.markdown(five)
    settings, ask, place = training.controls()
    answered = False
    if settings:
        with place:
            answered = prediction.gate(CHANGED, training.ASKED, "", ask, context=five, later=True)
    if settings and answered:
        with place:
            run = progress.work("training", train, settings, live=training.losses_so_far)
            if run:
                prediction.results_are_there(CHANGED, "")
                training.verdict(run, ask)
                trained.in_short(run)
                show_takeaway(takeaway(run))
        if run:
            trained.results(run)
            trained.closer(run)
