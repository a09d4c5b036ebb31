"""The settings of the recap."""

from core.course.recap import ASKED, POOL
from core.course.recap_question import RecapQuestion
from core.settings.answers import Answers
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, Prediction, answered_as, prediction
from core.settings.setting import Setting, Switch, Whole

LARGEST_SEED = 9_999
SEED = Whole(
    "seed",
    "Seed",
    1,
    "The same number always draws the same twelve questions: give it to others to compare.",
    1,
    LARGEST_SEED,
)
AT = Whole("at", "Question", 1, "", 1, ASKED)
ANSWERS = Answers(
    "answers",
    "First answers",
    questions=tuple((question.slug, question.options) for question in POOL.values()),
)
RECAP: dict[str, Setting] = catalogue(
    PREDICT,
    SEED,
    AT,
    answered_as("ran"),
    ANSWERS,
    Switch("code", "The code that ran", False),
)


def prediction_of(question: RecapQuestion) -> Prediction:
    """What a learner is asked: one Choice among the question's own answers."""
    return prediction("guess", "Your answer", question.options, "ran", "Answer, and run it")


def recap_for(question: RecapQuestion) -> dict[str, Setting]:
    """RECAP, with the guess at the question that the link is at."""
    return RECAP | {"guess": prediction_of(question).guess}
