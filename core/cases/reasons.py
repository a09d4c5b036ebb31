"""What is said about a case's outcome and about a guess at it, from what was seen."""

from typing import Protocol

from core.cases.case import Choice, Seen
from core.settings import prediction
from core.settings.prediction import Verdict


class Asked(Protocol):
    """Whatever has choices, each of which holds of some runs and not of others."""

    @property
    def choices(self) -> tuple[Choice, ...]: ...


def what_happened(asked: Asked, seen: Seen) -> Choice | None:
    """The choice that holds of what was seen; None if none does, as another PyTorch might."""
    return next((choice for choice in asked.choices if choice.holds(seen)), None)


def verdict(asked: Asked, guess: str, seen: Seen, cause_first: bool = False) -> Verdict:
    """What a guess was worth: its own reason, and that of what happened.

    cause_first: the reason of what happened comes before that of a wrong guess.
    """
    happened = what_happened(asked, seen)
    guessed = next(choice for choice in asked.choices if choice.text == guess)
    if happened is None:
        return Verdict(guess, None, "None of the answers is what happened here.", "See below.")
    both = (happened, guessed) if cause_first else (guessed, happened)
    shown = both[:1] if guessed is happened else both
    reason = " ".join(choice.reason for choice in shown)
    return prediction.verdict(guess, happened.text, reason)


def outcome_in_words(seen: Seen) -> str:
    """How a run ended: with an error, with a warning, or without a word."""
    if seen.failure:
        return f"raises {seen.failure.type}"
    return "runs, with a warning" if seen.warnings else "runs without an error"


def as_text(seen: Seen) -> str:
    """What a run showed, as a terminal would: lines, warnings, and the error last."""
    text = [*seen.lines, *(f"UserWarning: {warning}" for warning in seen.warnings)]
    if seen.failure:
        where = f"line {seen.failure.line}: {seen.failure.code}\n" if seen.failure.line else ""
        text.append(f"{where}{seen.failure.type}: {seen.failure.message.strip()}")
    return "\n".join(text)
