"""What is said about a case's outcome and about a guess at it, from what was seen."""

from core.cases.case import Case, Choice, Seen
from core.settings import prediction
from core.settings.prediction import Verdict


def what_happened(case: Case, seen: Seen) -> Choice | None:
    """The choice that holds of what was seen; None if none does, as another PyTorch might."""
    return next((choice for choice in case.choices if choice.holds(seen)), None)


def verdict(case: Case, guess: str, seen: Seen) -> Verdict:
    """What a guess was worth: its own reason, and that of what happened."""
    happened = what_happened(case, seen)
    guessed = next(choice for choice in case.choices if choice.text == guess)
    if happened is None:
        return Verdict(guess, None, "None of the answers is what happened here.", "See below.")
    reason = guessed.reason if guessed is happened else f"{guessed.reason} {happened.reason}"
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
