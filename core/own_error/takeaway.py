"""What to keep of each kind of error, in one sentence; Markdown."""

from core.own_error.kind import Kind

TAKEAWAYS = {
    "module-prefix": "Save the state of the module inside the wrapper.",
    "compile-prefix": "Save the state of the model that was given to `torch.compile`.",
    "weight-size": "A weight loads only into a layer that was built with the same sizes.",
    "size": "`strict=False` accepts other keys, but no other shape.",
    "missing-key": "Every parameter and persistent buffer is a key that the file must have.",
    "unexpected-key": "A buffer that is no longer persistent leaves its key in old files.",
    "weights-only": "Save the `state_dict`, not the module: it holds tensors and no code.",
    "no-cuda": "Say where to load to: `map_location`.",
    "uninitialized-load": "A lazy module needs one batch before it has anything to load or save.",
    "name-taken": "Register a tensor without assigning it first.",
    "over-parameter": "The name of a parameter takes an `nn.Parameter` or `None`, nothing else.",
    "over-buffer": "The name of a buffer refuses a list or a number: assign a tensor.",
    "before-init": "Call `super().__init__()` first: without it nothing can be registered.",
    "dotted-name": "In a key, dots stand between names, so no name may have one.",
    "uninitialized-use": "A lazy module needs one batch before it has anything to compute with.",
    "integer-parameter": "Register a tensor that is not trained as a buffer.",
    "deepcopy": "Keep a result with `.detach()`, or do not keep it.",
    "pickle": "Save the `state_dict`: pickling a module saves all of its attributes.",
    "inference": "Make a tensor that you need later outside of `inference_mode`.",
    "changed-in-place": "Replace a tensor that backward still needs; do not change it in place.",
    "second-backward": "Keep a result for the next step with `.detach()`.",
    "leaf-in-place": "Change a parameter in place only under `torch.no_grad()`.",
    "optimizer-state": "Move the model before the optimizer's first step.",
    "mask-device": "Register the mask as a buffer, or create it on `x.device`.",
    "argument-device": "You move the input; `module.to(device)` moves what is registered.",
    "two-devices": "Find the tensor on the other device: register it, or create it on `x.device`.",
    "index-device": "Register a table that `forward` looks up as a buffer.",
    "dtype-types": "`module.half()` changes neither the input nor a tensor that is not registered.",
    "input-type": "Move both the model and the batch.",
    "generator-device": "`module.to(device)` moves no generator: make it where you use it.",
    "numpy-device": "NumPy needs the tensor on the CPU.",
    "ddp-device": "Register everything first, then move, then wrap.",
    "meta": "A tensor on `meta` has no values: `to_empty` makes memory, and loading fills it.",
    "overflow": "Mask with `-torch.inf`: float16, bfloat16 and float32 all have it.",
}


def takeaway(kind: Kind) -> str:
    """The sentence on a kind of error."""
    return TAKEAWAYS[kind.slug]
