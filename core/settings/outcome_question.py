"""The question of the lessons that run a forward pass: what will happen?"""

from core.attention.outcome import Outcome
from core.settings.prediction import Prediction, Verdict, prediction

OUTCOMES = tuple(outcome.value for outcome in Outcome)
WOULD_TAKE = {
    Outcome.WORKS: "For it to work, every operation has to accept the tensors that it meets.",
    Outcome.DEVICE_ERROR: "For a device error, an operation that checks devices has to meet "
    "tensors from two.",
    Outcome.SOMETHING_ELSE: "For something else, another rule has to be broken.",
}


def outcome_prediction(button: str) -> Prediction:
    """The Prediction of a forward pass's outcome; its names in the link are `guess` and `ran`."""
    return prediction("guess", "What will happen?", OUTCOMES, "ran", button)


def outcome_verdict(guess: str, outcome: str, reason: str) -> Verdict:
    """What a guess at an outcome was worth: what happened, what the guess would take, and why."""
    if guess == outcome:
        return Verdict(guess, True, "That is what happened.", reason, outcome)
    said = f"What happened: {outcome}. {WOULD_TAKE[Outcome(guess)]}"
    return Verdict(guess, False, said, reason, outcome)
