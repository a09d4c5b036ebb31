"""Where the recap sends a learner back to."""

from core.course.place import (
    CHECK,
    LAB,
    LEDGER,
    MOVING,
    OWN_ERROR,
    STATE_DICT,
    TRAINING,
    Place,
)


def lab(words: str, **settings: str) -> Place:
    """The attention lab."""
    return Place(LAB, f"Attention lab: {words}", tuple(settings.items()))


def moving(words: str, start: str, steps: str) -> Place:
    """A timeline of moves."""
    return Place(MOVING, f"Moving devices: {words}", (("start", start), ("steps", steps)))


def state_dict(words: str, **settings: str) -> Place:
    """A section of the lesson on state_dict."""
    settings = {} if "keys" in settings else {"keys": "false"} | settings
    return Place(STATE_DICT, f"state_dict: {words}", tuple(settings.items()))


def ledger(row: str, column: str) -> Place:
    """A cell of the ledger."""
    return Place(LEDGER, f"What is state? {row}, {column}",
                 (("rows", (row,)), ("row", row), ("column", column)))  # fmt: skip


def training(words: str, **settings: str) -> Place:
    """The lesson on training."""
    return Place(TRAINING, f"Training: {words}", tuple(settings.items()))


def check(words: str, module: str) -> Place:
    """A module on the page that checks modules."""
    return Place(CHECK, f"Check your module: {words}", (("module", module),))


def own_error(words: str, example: str) -> Place:
    """An example of the page for an error of one's own."""
    return Place(OWN_ERROR, f"Your own error: {words}", (("example", example),))
