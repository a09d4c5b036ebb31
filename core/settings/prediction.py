"""Predict, run, explain: a question with its choices, and the verdict on what was guessed.

A page asks through `pages.components.prediction`. The guess and the question that was answered are
Settings, so both are in the link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.settings.setting import Choice, Setting, Switch, Text

YOU_SAID = "you said"
PREDICT = Switch("predict", "Predict first", True, "Hide the results until you have made a guess.")


@dataclass(frozen=True)
class Prediction:
    """What a learner guesses before an experiment runs: one Choice, or several at once.

    Each Choice has None as its default, which is no guess yet. `answered` is the parameter of the
    link that says which question was answered, and how: a link shows its results again, and other
    settings ask anew. `button` is the text of the button that runs the experiment.
    """

    guesses: tuple[Choice, ...]
    answered: Text
    button: str

    def __post_init__(self) -> None:
        if not all(setting.own for setting in self):
            raise TypeError("guesses, and what was answered, are a visitor's own")

    def __iter__(self) -> Iterator[Setting]:
        """Its Settings, for a page's catalogue."""
        return iter((*self.guesses, self.answered))

    @property
    def guess(self) -> Choice:
        """The one Choice of a Prediction that has only one."""
        (only,) = self.guesses
        return only

    def answer(self, about: str, guesses: tuple[str | None, ...]) -> str | None:
        """What the link says once a question was answered; None while a guess is missing.

        about stands for the question: short, and other for other settings that decide the outcome.
        """
        if None in guesses:
            return None
        return "-".join([about] * bool(about) + [str(guess).replace(" ", "-") for guess in guesses])


def prediction(
    name: str, label: str, choices: tuple[str, ...], answered: str, button: str
) -> Prediction:
    """A Prediction with one guess: its name in the link, its label, and the words to choose."""
    guess = Choice(name, label, None, options=choices, own=True)
    return Prediction((guess,), answered_as(answered), button)


def answered_as(name: str) -> Text:
    """The Setting that keeps in the link which question was answered, and how."""
    return Text(name, "The question that was answered", "", max_chars=200, own=True)


@dataclass(frozen=True)
class Verdict:
    """What became of a guess. Texts are Markdown, in full sentences.

    right is None where the experiment cannot tell. said is one sentence about what happened, reason
    why it did. happened is the choice that came true; empty where none of them did. own is what is
    to be said of a wrong guess itself, after what happened; None where said is about the guess.
    cause is the first sentence of the reason where said has it already.
    """

    guess: str
    right: bool | None
    said: str
    reason: str
    happened: str = ""
    own: str | None = None
    cause: str = ""

    @property
    def why(self) -> str:
        """The whole reason, for who did not make the guess."""
        return f"{self.cause} {self.reason}".strip()

    @property
    def text(self) -> str:
        """The whole of it, what was said and what happened in bold."""
        return self.text_of(YOU_SAID)

    def text_of(self, who_said: str) -> str:
        """The text where somebody else made the guess; who_said: such as `the class said`.

        Each reason follows what it speaks of: after a wrong guess, first what happened and why,
        then the guess and what is to be said of it.
        """
        who = who_said[:1].upper() + who_said[1:]
        if self.own is None:
            return f"**{who}: {self.guess}. {self.said}** {self.reason}".strip()
        happened = f"**{self.said}** {self.reason}".strip()
        return f"{happened}\n\n**{who}: {self.guess}.** {self.own}".strip()


def verdict(
    guess: str,
    happened: str,
    reason: str,
    right: str = "That is what happened.",
    wrong: str = "What happened:",
    own: str = "",
) -> Verdict:
    """The Verdict on a guess, of what happened and why. right and wrong begin the sentence.

    reason: Markdown whose first sentence is the concrete cause; after a wrong guess it is said
    together with what happened, and so stands in bold. own: what is to be said of a wrong guess.
    """
    if guess == happened:
        return Verdict(guess, True, right, reason, happened)
    cause, rest = first_sentence(reason)
    return Verdict(guess, False, f"{wrong} {happened}. {cause}".strip(), rest, happened, own, cause)


def first_sentence(text: str) -> tuple[str, str]:
    """(the first sentence, the rest) of Markdown."""
    first, *rest = re.split(r"(?<=[.!?]) (?=[A-Z`*])", text, maxsplit=1)
    return first, "".join(rest)
