"""What to keep of a case of the case machine, and of the first question; Markdown."""

from core.course.case import NOT_PERSISTENT, PARAMETER, PERSISTENT, PLAIN, Case
from core.course.start import BUFFER, who_works
from core.lab.run import Observation

HELD = {  # by the recommended way
    PARAMETER: "A tensor that the optimizer trains is an `nn.Parameter`.",
    PERSISTENT: "What training changes without a gradient is a persistent buffer.",
    NOT_PERSISTENT: "What has to move but need not be saved is a non-persistent buffer.",
    PLAIN: "What each forward pass makes again can be a plain attribute.",
}


def case_takeaway(case: Case) -> str:
    """The sentence on a case of the case machine, by what is recommended."""
    return HELD[case.best]


def start_takeaway(observation: Observation) -> str:
    """The sentence on the course's first question, once both modules were moved."""
    if observation.experiment.device == "cpu" or who_works(observation) != BUFFER:
        return ""
    return "Register what has to move with a module: that one line is the whole difference."
