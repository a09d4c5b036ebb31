"""The end of the course: what it taught, and what to do next."""

from core.course.decision_card import CARD
from core.course.place import CHECK, OWN_ERROR, Place

TITLE = "What you have practised"
CAN = (
    "decide how a module holds a tensor: as a parameter, as a buffer or as a plain attribute",
    "say which tensors move with a module, and which of them it saves",
    "decide when a buffer is saved, and when it is not (persistent=False)",
    "find the cause of an error about devices or about loading, and fix it",
)
NEXT = (
    Place(CHECK, "Check a module of your own"),
    Place(CARD, "Download the decision card"),
    Place(OWN_ERROR, "Have your next error explained"),
)
