"""The settings of the page of failure cases, by their names in the link."""

from core.cases.case import Case, Tag
from core.cases.catalogue import CASES
from core.cases.spot_the_bug import SPOTS, WORDS
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, Prediction, answered_as, prediction
from core.settings.setting import Choice, Listed, Setting, Several, Switch, Text

VIEWS = ("the cases", "spot the bug")
LINES = {f"{number}: {spot.line.strip() or '(empty)'}"[:64]: spot for number, spot in SPOTS.items()}
FAILURES: dict[str, Setting] = catalogue(
    Choice("view", "Show", VIEWS[0], options=VIEWS),
    PREDICT,
    Text(
        "find",
        "Search",
        "",
        "Every word has to be there: in the text, the sources or the code.",
        max_chars=80,
    ),
    Several("tags", "About", help="None chosen: all.", options=tuple(map(str, Tag))),
    Listed("case", "Case", None, options=tuple(CASES)),
    answered_as("ran"),
    Switch("home", "Take it home", False),
    Listed("line", "Which line is wrong?", None, options=tuple(LINES)),
    Several("repairs", "Lines that were changed", options=tuple(WORDS), own=True),
)


def question_of(case: Case) -> Prediction:
    """What a learner is asked before a case runs."""
    texts = tuple(choice.text for choice in case.choices)
    return prediction("guess", "Your guess", texts, "ran", "Run it, and the fix")


def failures_for(slug: str | None) -> dict[str, Setting]:
    """FAILURES, with the guess at the case that the link names."""
    case = CASES.get(slug or "")
    return FAILURES | ({"guess": question_of(case).guess} if case else {})
