"""What to keep of a run of the attention lab, in one sentence."""

from core.attention.outcome import Outcome
from core.attention.tensor_table import TensorKind
from core.lab.experiment import Experiment
from core.lab.reasons import left_behind
from core.lab.run import VariantRun


def takeaway(run: VariantRun, experiment: Experiment) -> str:
    """The sentence (Markdown) that fits what was observed of a VariantRun."""
    tensors = {row.name: row for row in run.tensors}
    mask, weight = tensors["mask"], tensors["W_query.weight"]
    if run.outcome is Outcome.SOMETHING_ELSE:
        return "A mask serves at most as many tokens as it has rows, however it is held."
    if run.outcome is Outcome.DEVICE_ERROR and left_behind(run, experiment):
        if mask.device != weight.device:
            return "To move one tensor by hand is not to move the module: `model.to(device)` does."
        return "To register a buffer moves nothing: it only lets `model.to(device)` find it."
    if run.outcome is Outcome.DEVICE_ERROR:
        return "`model.to(device)` moves parameters and buffers; a plain attribute stays behind."
    if experiment.device == "cpu":
        when = "when the module is moved" + " or saved" * experiment.persistent
        return (
            f"On one device, a plain attribute and a buffer compute the same; they differ {when}."
        )
    if mask.kind is TensorKind.PLAIN:
        return "A plain attribute that was moved by hand is in the right place until the next move."
    if mask.kind is TensorKind.NON_PERSISTENT:
        return "`persistent=False` keeps a buffer out of the `state_dict`; it moves all the same."
    return "A registered buffer moves with its module, and is saved with it."
