"""What to keep of a training run, in one sentence."""

from core.training.modules import BUFFER, NORM, PARAMETER
from core.training.run import TrainingRun


def takeaway(run: TrainingRun) -> str:
    """The sentence (Markdown) that fits what changed in the run, and who looked ahead."""
    buffer, parameter, norm = (run.modules[name] for name in (BUFFER, PARAMETER, NORM))
    if buffer.changed["mask"]:
        return ""
    if parameter.leaks[-1] - parameter.leaks[0] > 0.01:
        return (
            "What must not be trained must not be a parameter: this mask learned to let later "
            "tokens through."
        )
    if norm.changed["norm.running_mean"]:
        return "The optimizer changed parameters; the buffer changed because `forward` wrote it."
    return "`module.parameters()` hands an optimizer the parameters, and never a buffer."
