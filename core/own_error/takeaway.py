"""What to keep of each kind of error, in one sentence; Markdown."""

from core.own_error.kind import Kind

TAKEAWAYS = {
    "module-prefix": "Save the state of the module inside the wrapper.",
    "compile-prefix": "Save the state of the model that was given to `torch.compile`.",
    "size": "`strict=False` forgives keys, and never a shape.",
    "missing-key": "Every parameter and persistent buffer is a key that the file must have.",
    "unexpected-key": "A buffer that is no longer persistent leaves its key in old files.",
    "weights-only": "Save the `state_dict`, not the module: it is tensors and no code.",
    "no-cuda": "Say where to load to: `map_location`.",
    "uninitialized-load": "A lazy module needs one batch before it has anything to load or save.",
    "name-taken": "Register a tensor instead of assigning it, not afterwards.",
    "over-parameter": "The name of a parameter takes an `nn.Parameter` or `None`, nothing else.",
    "over-buffer": "The name of a buffer takes a tensor or `None`, nothing else.",
    "before-init": "`super().__init__()` comes first, for it makes the place to register in.",
    "dotted-name": "A dot in a key stands between modules, so no name may have one.",
    "uninitialized-use": "A lazy module needs one batch before it has anything to compute with.",
    "integer-parameter": "What has no gradient is a buffer.",
    "deepcopy": "Keep a result with `.detach()`, or do not keep it.",
    "pickle": "Save the `state_dict`: a pickled module takes all of its attributes along.",
    "inference": "What outlives `inference_mode` is made outside of it.",
    "changed-in-place": "Replace what backward still needs; do not write into it.",
    "second-backward": "What is kept from one step to the next is kept with `.detach()`.",
    "leaf-in-place": "Write into a parameter only under `torch.no_grad()`.",
    "optimizer-state": "Move the model before the optimizer's first step.",
    "mask-device": "A mask that `forward` uses is a buffer, or is made on `x.device`.",
    "argument-device": "An input is moved by you; a module's own tensor moves if it is registered.",
    "two-devices": "Find the tensor that is elsewhere: register it, or make it on `x.device`.",
    "index-device": "A table that is looked up on the device is a buffer.",
    "dtype-types": "A cast of the module casts neither its input nor what is not registered.",
    "input-type": "Move the model and the batch, both.",
    "generator-device": "No `.to()` moves a generator: make it on the device where it is used.",
    "numpy-device": "NumPy needs the values on the CPU.",
    "ddp-device": "Register everything first, then move, then wrap.",
    "meta": "What is on `meta` has no values: `to_empty` makes room, and loading fills it.",
    "overflow": "Mask with `-torch.inf`: it fits into every floating-point dtype.",
}


def takeaway(kind: Kind) -> str:
    """The sentence on a kind of error."""
    return TAKEAWAYS[kind.slug]
