"""The settings of the page with the decision card and the case machine."""

from core.course.case import CHOICES
from core.course.case_machine import CASES
from core.settings.answers import Answers
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, prediction
from core.settings.setting import Choice, Listed, Switch

VIEWS = CARD, MACHINE = ("the card", "the case machine")
HOLD = prediction("choice", "Hold it as a …", CHOICES, "ran", "Run it")
DECIDED = Answers("decided", "First choices", questions=tuple((slug, CHOICES) for slug in CASES))
DECISIONS = catalogue(
    Choice("view", "Show", CARD, options=VIEWS),
    PREDICT,
    Listed("case", "Case", next(iter(CASES)), options=tuple(CASES)),
    HOLD,
    DECIDED,
    Switch("code", "The code that ran", False),
)
