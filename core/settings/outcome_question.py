"""The question of the lessons that run a forward pass: what will happen?"""

from core.attention.outcome import Outcome
from core.settings.prediction import Prediction, Verdict, prediction, verdict

OUTCOMES = tuple(outcome.value for outcome in Outcome)


def outcome_prediction(button: str) -> Prediction:
    """The Prediction of a forward pass's outcome; its names in the link are `guess` and `ran`."""
    return prediction("guess", "What will happen?", OUTCOMES, "ran", button)


def outcome_verdict(guess: str, outcome: str, reason: str) -> Verdict:
    """What a guess at an outcome was worth: what happened, and why (Markdown, the cause first)."""
    return verdict(guess, outcome, reason)
