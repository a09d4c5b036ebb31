"""The reasons behind what a training run showed: why a tensor changed or stayed, and the rest.

Markdown is returned; every number in it was observed in the TrainingRun.
"""

import math

from core.training.modules import BUFFER, NORM, PARAMETER, UNDECAYED
from core.training.run import ModuleRun, TrainingRun
from core.training.settings import CHANGES, STAYS, Question


def number(value: float) -> str:
    """A number for a sentence: three digits that count, with a real minus sign."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "nan")
    return f"{value:.3g}".replace("-", "−")


def outcome(run: TrainingRun, question: Question) -> str:
    """ "changes" or "stays", as the tensor's bits did from the first to the last step."""
    return CHANGES if run.modules[question.module].changed[question.tensor] else STAYS


def reason(run: TrainingRun, question: Question) -> str:
    """Why the tensor of a Question ended as it did."""
    module, tensor = run.modules[question.module], question.tensor
    if question.module == NORM:
        return (
            "In `train()` mode, `forward` itself writes `running_mean`: each batch moves it a "
            "tenth of the way to the batch's mean. It has no gradient, and no optimizer holds it. "
            f"{distance(module, tensor)}"
        )
    gradient = module.gradients[tensor][0]
    if gradient is None:
        held = "a buffer" if module.kinds[tensor] == BUFFER else "a plain attribute"
        return (
            f"`model.parameters()` does not list {held}, so the optimizer never held this tensor. "
            "`loss.backward()` gave it no gradient. It is the same as at the start, bit for bit."
        )
    if math.isnan(module.drifts[tensor][-1]):
        return broken(run)
    moved = (
        "It is a parameter: `model.parameters()` gave it to the optimizer, and `loss.backward()` "
        f"gave it a gradient (of norm {number(gradient)} at the start)."
    )
    if tensor != "mask":
        return f"{moved} {distance(module, tensor)}"
    return f"{moved} The optimizer does not know that this tensor is a mask. {leaked(module)}"


def distance(module: ModuleRun, tensor: str) -> str:
    """How far a tensor is from its start after the last step, in a sentence."""
    return f"Its distance from its start is {number(module.drifts[tensor][-1])} by now."


def leaked(module: ModuleRun) -> str:
    """What became of causality in a module, in a sentence."""
    before, after = (share(leak) for leak in (module.leaks[0], module.leaks[-1]))
    if math.isnan(module.leaks[-1]):
        return "Its attention weights are `nan` by now."
    if not any(module.leaks):
        return "No attention went to later tokens at any step."
    said = f"stayed at {after}" if before == after else f"went from {before} to {after}"
    return f"The share of attention that goes to later tokens {said}."


def largest_leak(module: ModuleRun) -> str:
    """The largest single weight on a later token over all steps, and since when it is nan."""
    sizes = module.largest_leaks
    numbers = [size for size in sizes if not math.isnan(size)]
    if not numbers:
        return "`nan`"
    broke = next((step for step, size in enumerate(sizes) if math.isnan(size)), None)
    since = "" if broke is None else f" before step {broke}, and `nan` from then on"
    return f"{number(max(numbers))}{since}"


def share(part: float) -> str:
    return "less than 0.1%" if 0 < part < 0.001 else f"{part:.1%}"


HOW_IT_BREAKS = {
    "SGD": "The step then subtracts −∞ from −∞, which gives `nan`.",
    "Adam": "Adam then divides −∞ by an average of its size, which is ∞, and that gives `nan`.",
}


def broken(run: TrainingRun) -> str:
    """Why a mask that started at -inf has become nan, and where else nan is by now."""
    training, drifts = run.training, run.modules[PARAMETER].drifts
    spread = ", ".join(f"`{name}`" for name in drifts if math.isnan(drifts[name][-1]))
    return (
        f"{training.optimizer} adds the weight decay to the gradient: "
        f"`{training.weight_decay} · −∞` is −∞ again. {HOW_IT_BREAKS[training.optimizer]} "
        f"In the module whose mask is a parameter, `nan` is in {spread} after the last step."
    )


def cheating(run: TrainingRun) -> str:
    """What the losses of a mask that holds and of one that is trained say."""
    causal, learned = (run.modules[name] for name in (BUFFER, PARAMETER))
    ends = learned.losses[-1], causal.losses[-1]
    if math.isnan(ends[0]):
        return f"The loss of the mask parameter is `nan`. {broken(run)}"
    text = (
        f"With the mask as a parameter the loss ends at {number(ends[0])}, with the mask as a "
        f"buffer at {number(ends[1])}."
    )
    growth = learned.leaks[-1] - learned.leaks[0]
    if growth > 0.01 and ends[0] < 0.95 * ends[1]:  # else the difference may have other causes
        text += (
            " That is lower, but not better. The right answer is the next token, and this module "
            "has learned to look at it. When a model writes text, the next token is not there yet."
        )
    return f"{text} {leaked(learned)}"


def start_of_the_leak(run: TrainingRun) -> str:
    """Why the mask parameter lets attention through from the start, or not; Markdown."""
    start = run.training.mask_start
    if start != "-inf":
        return (
            f"The mask parameter adds {start.replace('-', '−')} above the diagonal at the start, "
            "not −∞, so a little attention goes to later tokens before any step."
        )
    if math.isnan(run.modules[PARAMETER].losses[-1]):
        return ""
    return (
        "The mask parameter started at −∞ above the diagonal. There `softmax` gives a weight of "
        "exactly 0, the gradient through it is 0, and the entries stay. The entries on and below "
        "the diagonal started at 0 and were trained."
    )


HOW_IT_DECAYS = {
    "SGD": "SGD adds `weight_decay · value` to the gradient. So each step takes a share of "
    "every entry away: `lr · weight_decay` times the entry.",
    "Adam": "Adam adds `weight_decay · value` to the gradient, and divides the sum by its usual "
    "size. Where the gradient is tiny, the sum is nearly all decay, and the step is nearly as "
    "long as `lr`.",
    "AdamW": "In each step, AdamW multiplies every entry by `1 − lr · weight_decay`, however "
    "small its gradient is.",
}


def decay_reason(run: TrainingRun) -> str:
    """What the weight decay did to the mask, against the twin whose mask it leaves out."""
    decayed, twin = (run.modules[name] for name in (PARAMETER, UNDECAYED))
    training = run.training
    if not float(training.weight_decay):
        return (
            "The weight decay is 0, so both masks are the same. Choose another weight decay to see "
            "its effect."
        )
    if training.mask_start == "-inf":
        return "−∞ cannot be pulled towards 0. " + (
            broken(run) if math.isnan(decayed.above[-1]) else "Both masks keep it."
        )
    start, ended, without = decayed.above[0], decayed.above[-1], twin.above[-1]
    text = (
        f"{HOW_IT_DECAYS[training.optimizer]} Towards 0 means towards no mask. On average an entry "
        f"above the diagonal went from {number(start)} to {number(ended)}; in a twin whose mask "
        f"has a parameter group of its own with `weight_decay=0`, to {number(without)}."
    )
    if training.optimizer != "Adam":
        factor = 1 - float(training.learning_rate) * float(training.weight_decay)
        alone = start * factor**training.steps
        text += f" Decay alone, without any gradient, would lead to {number(alone)} (computed)."
    return text
