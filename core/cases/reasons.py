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


def verdict(asked: Asked, guess: str, seen: Seen) -> Verdict:
    """What a guess was worth: why it happened as it did, and what is wrong about a wrong guess."""
    happened = what_happened(asked, seen)
    guessed = next(choice for choice in asked.choices if choice.text == guess)
    if happened is None:
        return Verdict(guess, None, "None of the answers is what happened here.", "See below.")
    return prediction.verdict(guess, happened.text, happened.reason, own=guessed.reason)


def other_answers(asked: Asked, seen: Seen, guess: str | None) -> tuple[tuple[bool, Choice], ...]:
    """(whether it holds, the choice) of what the verdict on a guess has not told yet.

    guess: None where nothing was guessed; then of all choices.
    """
    happened = what_happened(asked, seen)
    told = (happened.text, guess) if guess and happened else ()
    rest = (choice for choice in asked.choices if choice.text not in told)
    return tuple((choice is happened, choice) for choice in rest)


def answers_in_words(asked: Asked, seen: Seen, guess: str | None) -> str:
    """other_answers as a Markdown list with a heading; empty where all is told."""
    rest = other_answers(asked, seen, guess)
    if not rest:
        return ""
    heading = "The other answers" if len(rest) < len(asked.choices) else "All answers"
    if len(rest) == 1:
        heading = "The other answer"
    lines = (f"- {'✓' if holds else '✗'} *{one.text}*: {one.reason}" for holds, one in rest)
    return "\n".join((f"**{heading}**\n", *lines))


def outcome_in_words(seen: Seen) -> str:
    """How a run ended: with an error, with a warning, or without a word."""
    if seen.failure:
        return f"raises {seen.failure.type}"
    return "runs, with a warning" if seen.warnings else "runs without an error"


def in_short(broken: Seen, fixed: Seen) -> str:
    """Both runs in two sentences, Markdown: how each ended, or the line where they part."""
    parts = ((a, b) for a, b in zip(broken.lines, fixed.lines, strict=False) if a != b)
    if not broken.failure and not fixed.failure and (two := next(parts, None)):
        return f"As it was written, it says `{two[0]}`. With the fix: `{two[1]}`."
    ends = outcome_in_words(broken)
    if broken.failure and broken.failure.line:
        ends = f"line {broken.failure.line} {ends}"
    else:
        ends = f"it {ends}"
    return f"As it was written, {ends}. With the fix, it {outcome_in_words(fixed)}."


def as_text(seen: Seen) -> str:
    """What a run showed, as a terminal would: lines, warnings, and the error last."""
    text = [*seen.lines, *(f"UserWarning: {warning}" for warning in seen.warnings)]
    if seen.failure:
        where = f"line {seen.failure.line}: {seen.failure.code}\n" if seen.failure.line else ""
        text.append(f"{where}{seen.failure.type}: {seen.failure.message.strip()}")
    return "\n".join(text)
