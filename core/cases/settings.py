"""The settings of the page of failure cases, by their names in the link."""

from core.cases.case import Case, Tag
from core.cases.catalogue import CASES
from core.cases.spot_the_bug import SPOTS, WORDS
from core.settings.setting import Choice, Listed, Setting, Several, Switch, Text

VIEWS = ("the cases", "spot the bug")
LINES = {f"{number}: {spot.line.strip() or '(empty)'}"[:64]: spot for number, spot in SPOTS.items()}
PREDICT = Switch("predict", "Predict first", True, "Hide the results until you have made a guess.")
SEARCH = {
    setting.name: setting
    for setting in (
        Text("find", "Search", "", "Every word has to be there: in the text, the sources or the "
             "code.", max_chars=80),
        Several("tags", "About", help="None chosen: all.", options=tuple(map(str, Tag))),
    )
}  # fmt: skip
FAILURES: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Choice("view", "Show", VIEWS[0], options=VIEWS),
        PREDICT,
        *SEARCH.values(),
        Listed("case", "Case", None, options=tuple(CASES)),
        Text("ran", "The question that was answered", "", max_chars=200),
        Switch("home", "Take it home", False),
        Listed("line", "Which line is wrong?", next(iter(LINES)), options=tuple(LINES)),
        Several("repairs", "Lines that were changed", options=tuple(WORDS)),
    )
}


def guess_at(case: Case) -> Choice:
    """The Setting of a guess at a case's question."""
    return Choice("guess", "Your guess", None, options=tuple(one.text for one in case.choices))


def failures_for(slug: str | None) -> dict[str, Setting]:
    """FAILURES, with the guess at the case that the link names."""
    case = CASES.get(slug or "")
    return FAILURES | ({"guess": guess_at(case)} if case else {})
