"""The reason behind every outcome of the attention lab, from where its tensors were seen to be."""

from core.attention.outcome import Outcome
from core.attention.tensor_table import TensorKind
from core.lab.experiment import Experiment
from core.lab.run import VariantRun
from core.lab.settings import SAVED_ANSWERS, LabSettings
from core.settings.outcome_question import outcome_verdict
from core.settings.prediction import Verdict, verdict


def reason(run: VariantRun, experiment: Experiment) -> str:
    """Why a VariantRun came out as it did, from where its tensors were observed to be."""
    tensors = {row.name: row for row in run.tensors}
    mask, weight = tensors["mask"], tensors["W_query.weight"]
    if run.outcome is Outcome.SOMETHING_ELSE:
        return (
            f"The input has {len(experiment.tokens)} tokens, and the mask has {mask.shape[0]} "
            "rows, one for each token it can serve. `forward` checks its input before it computes, "
            "so how the mask is held plays no part in this."
        )
    if run.outcome is Outcome.DEVICE_ERROR and left_behind(run, experiment):
        if mask.device != weight.device:
            return (
                f"Only the mask was moved, to `{mask.device}`. The weights are still on "
                f"`{weight.device}`, so the first linear layer fails. A fix by hand has to move "
                "everything; `model.to(device)` does."
            )
        return (
            f"The input went to `{experiment.device}`, the model stayed on `{weight.device}`: "
            "nobody called `model.to(device)`. The first linear layer fails, long before the "
            "mask. Registering a buffer does not move it; it only lets `.to()` find it."
        )
    if run.outcome is Outcome.DEVICE_ERROR:
        return (
            f"The mask of `{run.class_name}` is a plain attribute, so it stayed on "
            f"`{mask.device}` while the weights went to `{weight.device}`, and the line that "
            "combines the two fails. "
            "`model.to(device)` moves parameters and buffers, and nothing else."
        )
    if experiment.device == "cpu":
        saved = "has" if "mask" in run.state_dict else "does not have"
        return (
            "Everything is on the CPU, so nothing has to move. On one device a plain attribute "
            f"computes just what a buffer computes. The `state_dict` {saved} the mask."
        )
    if mask.kind is TensorKind.PLAIN:
        return (
            f"`model.mask = model.mask.to(device)` moved the mask to `{mask.device}` by hand. "
            "`model.to(device)` had skipped it, a plain attribute. The line has to be repeated at "
            "every later move."
        )
    saved = ""
    if mask.kind is TensorKind.NON_PERSISTENT:
        saved = " It is not in the `state_dict`, by choice: `persistent=False`."
    return (
        "The mask is a registered buffer, so `model.to(device)` moved it along with the "
        f"parameters. It is on `{mask.device}` now, and no line of the model names a device.{saved}"
    )


def names_in_message(message: str) -> str:
    """What `self` and `mask` stand for in PyTorch's message, where it has them; Markdown."""
    if "self and mask" not in message:
        return ""
    return (
        "In this message `self` is not the module: it is the tensor whose `masked_fill_` was "
        "called, the scores. `mask` is what it was given."
    )


def verdict_on(asked: LabSettings, guess: str, run: VariantRun) -> Verdict:
    """What a guess at the question of LabSettings was worth; run: the variant it is about."""
    if asked.asks_of_saving:
        return verdict(guess, saved_answer(run), saved_reason(run, asked.experiment))
    return outcome_verdict(guess, run.outcome, reason(run, asked.experiment))


def saved_answer(run: VariantRun) -> str:
    """Which of SAVED_ANSWERS came true."""
    if "mask" in run.state_dict:
        return SAVED_ANSWERS[0]
    return SAVED_ANSWERS[1 if run.outcome is Outcome.WORKS else 2]


def saved_reason(run: VariantRun, experiment: Experiment) -> str:
    """Why a non-persistent mask is saved or not, and whether forward has it; Markdown."""
    mask = next(row for row in run.tensors if row.name == "mask")
    if run.outcome is not Outcome.WORKS:
        return reason(run, experiment)
    return (
        "`persistent=False` keeps a buffer out of the `state_dict` and changes nothing else: the "
        f"mask moved with the module, and `forward` found it on `{mask.device}`. That suits a "
        "mask, which `__init__` computes again. A buffer that was learned from data, such as the "
        "running mean of a BatchNorm, has to be saved."
    )


def left_behind(run: VariantRun, experiment: Experiment) -> bool:
    """Whether the weights are not where the input went."""
    weight = next(row for row in run.tensors if row.name == "W_query.weight")
    return weight.device.partition(":")[0] != experiment.device


def remedies(run: VariantRun, experiment: Experiment) -> tuple[str, ...]:
    """What to do about a VariantRun that failed, best first; Markdown, one sentence each."""
    tensors = {row.name: row for row in run.tensors}
    mask, weight = tensors["mask"], tensors["W_query.weight"]
    if run.outcome is Outcome.SOMETHING_ELSE:
        return (
            f"Build the module with `context_length={len(experiment.tokens)}` or more.",
            f"Or give it at most {mask.shape[0]} tokens.",
        )
    if left_behind(run, experiment):
        too = ""
        if mask.kind is TensorKind.PLAIN and mask.device == weight.device:
            too = ' For this mask, a plain attribute, switch on "Move the mask by hand" as well.'
        return (
            f'Switch on "Move the model after construction".{too}',
            "Or keep the input on the CPU: choose the device `cpu`.",
        )
    return (
        'Register the mask as a buffer: `self.register_buffer("mask", …)`.',
        "Or move it by hand after every move of the model: `model.mask = model.mask.to(device)`.",
    )
