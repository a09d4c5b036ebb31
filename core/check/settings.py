"""The settings of the page that checks modules, and what it asks first."""

from core.check.shipped import MODULES, PREDICTED, TENSORS
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, Prediction, answered_as
from core.settings.setting import Choice, Listed, Switch

MOVES, STAYS = FATES = ("it moves", "it is left behind")
GUESS_NAMES = dict(zip(TENSORS, ("scale", "offset", "table", "in_list", "in_closure"), strict=True))
LABELS = dict(zip(TENSORS, ("scale", "offset", "table", "shifts[0]", "sign, in flip"), strict=True))
LEFT = Prediction(
    tuple(
        Choice(GUESS_NAMES[name], LABELS[name], None, options=FATES, own=True) for name in TENSORS
    ),
    answered_as("checked"),
    "Check it",
)
QUESTION = (
    f"`{PREDICTED}` is built, moved by `.to(device)` and run. **Which of these tensors will be "
    "left behind?**"
)
CHECK = catalogue(
    PREDICT,
    LEFT,
    Listed(
        "module",
        "Module to check",
        PREDICTED,
        "Small versions of faults in released packages, the same without, and modules of torch.nn.",
        options=MODULES,
    ),
    Switch("code", "The code that ran", False),
    Switch("kinds", "What is looked for, and why it matters", False),
    Switch("home", "Check a module of your own, at home and in CI", False),
)
