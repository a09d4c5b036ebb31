"""The settings of the lesson on training, and its five questions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.settings.declared import catalogue, settings_of
from core.settings.prediction import PREDICT, Prediction, answered_as
from core.settings.setting import Choice, Switch, Whole
from core.training.experiment import MAX_STEPS, Training
from core.training.modules import BUFFER, NORM, PARAMETER, PLAIN

STAYS, CHANGES = "stays", "changes"


@dataclass(frozen=True)
class Question:
    """A tensor of one of the modules, and how to name it in a question.

    where: the module, for a sentence, where the words do not say which.
    """

    module: str
    tensor: str
    words: str
    where: str = ""


QUESTIONS = {
    "weight_guess": Question(
        BUFFER,
        "W_query.weight",
        "`W_query.weight`, a parameter",
        " (in the module whose mask is a buffer)",
    ),
    "plain_guess": Question(PLAIN, "mask", "`mask`, a plain attribute"),
    "buffer_guess": Question(BUFFER, "mask", "`mask`, a buffer"),
    "parameter_guess": Question(PARAMETER, "mask", "`mask`, an `nn.Parameter`"),
    "running_guess": Question(NORM, "norm.running_mean", "`running_mean` of a BatchNorm, a buffer"),
}
CHANGED = Prediction(
    tuple(
        Choice(name, question.words, None, options=(CHANGES, STAYS), own=True)
        for name, question in QUESTIONS.items()
    ),
    answered_as("trained"),
    "Train",
)
PARTS = settings_of(Training)  # the controls that decide what runs
TRAINING = catalogue(
    PARTS.values(),
    PREDICT,
    CHANGED,
    Switch("settings", "Change the settings", False),
    Whole("at", "After this many optimizer steps", MAX_STEPS, "", 0, MAX_STEPS),
    Switch("decay", "Weight decay on the mask", False),
    Switch("norm", "BatchNorm: a buffer that changes without a gradient", False),
    Switch("tensors", "Every tensor", False),
    Switch("code", "The code", False),
)


def training_settings(values: Mapping[str, Any]) -> Training:
    """The Training that a mapping of control names to values describes; else SettingError."""
    return Training(**{name: values[name] for name in PARTS})
