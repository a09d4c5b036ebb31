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
MOST_FINDINGS = 3  # in one of the shipped modules
DETAILS = tuple(  # of a finding: whether they are open
    Switch(f"finding{number}", f"Finding {number}", False) for number in range(1, MOST_FINDINGS + 1)
)
CHECK = catalogue(
    PREDICT,
    LEFT,
    Listed(
        "module",
        "Module to check",
        PREDICTED,
        "Small modules with faults that released packages had, the same without the fault, and "
        "modules of torch.nn.",
        options=MODULES,
    ),
    DETAILS,
    Switch("checks", "What was checked, and the report as a file", False),
    Switch("code", "The code that ran", False),
    Switch("kinds", "Which faults it looks for, and why they matter", False),
    Switch("home", "Check your own module in the terminal, as a test, in CI", False),
)
