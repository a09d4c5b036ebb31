"""The settings of the page for an error of one's own. The pasted text is not among them."""

from core.own_error.kind import Cause, Kind
from core.own_error.read import LIMIT
from core.settings.declared import catalogue
from core.settings.prediction import PREDICT, Verdict, prediction, verdict
from core.settings.setting import Listed, Switch

CAUSE = prediction(
    "cause", "Which kind of cause?", tuple(map(str, Cause)), "cause_ran", "Show what it is"
)
PASTED_LIMIT = LIMIT
SCENES = {  # what is called in an example, which does not give its cause away: the example's kind
    "masked_fill": "mask-device",
    "a linear layer": "argument-device",
    "an addition": "two-devices",
    "optimizer.step": "optimizer-state",
    "a convolution": "input-type",
    "indexing a table": "index-device",
    "torch.randn": "generator-device",
    "tensor.numpy": "numpy-device",
    "a linear layer, again": "dtype-types",
    "masked_fill, again": "overflow",
    "layer.to": "meta",
    "load_state_dict 1": "missing-key",
    "load_state_dict 2": "unexpected-key",
    "load_state_dict 3": "size",
    "load_state_dict 4": "module-prefix",
    "load_state_dict 5": "compile-prefix",
    "load_state_dict 6": "uninitialized-load",
    "load_state_dict 7": "weight-size",
    "torch.load 1": "weights-only",
    "torch.load 2": "no-cuda",
    "pickle.dumps": "pickle",
    "copy.deepcopy": "deepcopy",
    "register_buffer 1": "name-taken",
    "register_buffer 2": "dotted-name",
    "building a module": "before-init",
    "nn.Parameter": "integer-parameter",
    "layer.weight": "over-parameter",
    "module.mask": "over-buffer",
    "a running mean": "uninitialized-use",
    "backward 1": "changed-in-place",
    "backward 2": "second-backward",
    "add_ to a buffer": "inference",
    "fill_": "leaf-in-place",
}
OWN_ERROR = catalogue(
    Listed(
        "example",
        "Try an example",
        None,
        "The code of the example runs now and raises the error.",
        options=tuple(SCENES),
    ),
    PREDICT,
    CAUSE,
    Switch("home", "Take it home", False),
)


def cause_verdict(guess: str, kind: Kind) -> Verdict:
    """What a guess at the cause of an example was worth."""
    return verdict(guess, str(kind.cause), kind.why, wrong="The cause:")
