"""The course's first question: both modules go to another device, and what happens then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.attention.outcome import Outcome
from core.lab.reasons import reason
from core.lab.run import Observation
from core.lab.settings import HOME
from core.lessons import is_answer
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, Verdict, prediction, verdict
from core.settings.setting import Setting, Several


@dataclass(frozen=True)
class Progress(Several):
    """Answers to questions of the course, each as `Lesson.answer` writes it."""

    limit = "an answer to a question of the course, such as `1.ran`"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, tuple) and all(map(is_answer, value))


WHO_WORKS = BOTH, BUFFER, PLAIN, NEITHER = (
    "both work",
    "only the one with a buffer works",
    "only the one without buffers works",
    "neither works",
)
WORKS = prediction("guess", "Which of the two works then?", WHO_WORKS, "home_ran", "Move and run")
BROUGHT = Progress("done", "Questions that were answered", own=True)
START: Mapping[str, Setting] = catalogue(HOME.values(), PREDICT, WORKS, BROUGHT)


def who_works(observation: Observation) -> str:
    """Which of the two modules' forward passes worked, as one of WHO_WORKS."""
    plain, buffer = (observation.variant(held).outcome is Outcome.WORKS for held in (False, True))
    return {(True, True): BOTH, (False, True): BUFFER, (True, False): PLAIN}.get(
        (plain, buffer), NEITHER
    )


def start_verdict(guess: str, observation: Observation) -> Verdict:
    """What a guess was worth, of what was observed once both were moved."""
    why = reason(observation.variant(False), observation.experiment)
    return verdict(guess, who_works(observation), why)
