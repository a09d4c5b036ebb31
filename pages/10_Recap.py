"""Recap: twelve questions of all lessons, each proven by a run."""

from pages.components import frame
from pages.recap.questions import catalogue, show_recap

PAGE = "pages/10_Recap.py"
with frame.page(PAGE, catalogue()):
    show_recap()
