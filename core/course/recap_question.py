"""A question of the recap: a few lines of code, what they may show, and where to go back to."""

from dataclasses import dataclass
from types import FunctionType

from core.cases.case import Choice, Seen
from core.cases.observe import execute
from core.cases.program import program, shown
from core.cases.reasons import answers_in_words as answers_in_words
from core.cases.reasons import as_text, verdict, what_happened
from core.code.building_blocks import DEVICE
from core.code.script import Script
from core.course.place import Place
from core.settings.prediction import Verdict


@dataclass(frozen=True)
class RecapQuestion:
    """A question (Markdown) about what `run` prints or raises; each choice has its reason.

    One choice holds of what the run shows, and that is the right one: nothing else marks it.
    """

    slug: str
    question: str
    run: FunctionType
    choices: tuple[Choice, ...]
    back: Place

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(choice.text for choice in self.choices)

    @property
    def code(self) -> str:
        """The lines that the question is about, as they are shown."""
        return shown(self.run)


def question_script(question: RecapQuestion) -> Script:
    """The Script that runs a question's code: what runs is what is taken home."""
    return Script(program(question.run), (DEVICE,), "The code that ran")


def observe(question: RecapQuestion) -> Seen:
    """Run a question's code, and return what it showed."""
    script = question_script(question)
    seen, _ = execute(script.text, script.namespace())
    return seen


def in_words(seen: Seen) -> str:
    """What a run showed, as a terminal would."""
    return as_text(seen) or "(nothing was printed, and nothing raised)"


def what_holds(question: RecapQuestion, seen: Seen) -> Choice | None:
    """The choice that holds of what was seen; None if none does, as another PyTorch might."""
    return what_happened(question, seen)


def recap_verdict(question: RecapQuestion, guess: str, seen: Seen) -> Verdict:
    """What a guess was worth: what happened, and why; a wrong guess gets its own reason too."""
    return verdict(question, guess, seen)
