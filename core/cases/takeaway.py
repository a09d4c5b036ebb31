"""What to keep of each failure case, in one sentence; Markdown."""

from core.cases.case import Case
from core.cases.observe import Outcome
from core.cases.reasons import what_happened

TAKEAWAYS = {
    "mask-left-behind": "Register what `forward` needs on the module's device: a mask as a buffer.",
    "before-super-init": "Call `super().__init__()` first: without it nothing can be registered.",
    "assigned-then-registered": "Register a tensor without assigning it to the attribute first.",
    "tensors-in-a-list": "PyTorch does not look into lists: give every tensor a name of its own.",
    "stale-alias": "A move or a cast makes a new tensor for a buffer: read it from the module "
    "each time.",
    "list-over-buffer": "The name of a buffer refuses a list or a number: assign a tensor.",
    "deleted-and-assigned": "`del` ends a registration: assign the new tensor without `del`.",
    "parameter-over-buffer": "Assigning an `nn.Parameter` to a buffer's name makes it a parameter.",
    "lazy-mask": "After `register_buffer(name, None)`, a tensor assigned later is a buffer.",
    "meta-says-nothing": "A run on `meta` without an error proves nothing: look at `.device`.",
    "mask-upside-down": "Check what True means before you give a mask to another function.",
    "row-of-nan": "Every query of attention needs at least one key that is not masked.",
    "too-negative-for-half": "Mask with `-torch.inf`: float16, bfloat16 and float32 all have it.",
    "missed-the-cast": "What `.to(device)` does not move, `.to(dtype)` does not cast either.",
    "half-picks": "A cast of the module casts its floating-point buffers too.",
    "mask-as-parameter": "By default a parameter is trained, even if it was meant to be constant.",
    "best-weights-keep-changing": "`state_dict()` shares the model's memory: copy its tensors.",
    "result-kept": "Keep a result with `.detach()`, or do not keep it.",
    "graph-kept": "A buffer keeps the graph of what is assigned to it: `.detach()` first.",
    "optimizer-left-behind": "Move the model before the optimizer's first step.",
    "still-in-training-mode": "`model.eval()` stops the statistics, `torch.no_grad()` does not.",
    "weights-averaged-without-buffers": "To copy a model, copy its parameters and its buffers.",
    "mean-with-history": "Update statistics without a graph: `.detach()` what goes into them.",
    "cache-from-inference": "Make a tensor that you need later outside of `inference_mode`.",
    "checkpointing-counts-twice": "With activation checkpointing, `forward` writes its buffers "
    "twice.",
    "missing-mask": "A new persistent buffer is a new key, and old files do not have it.",
    "unexpected-mask": "A buffer that is no longer persistent leaves its key in old files.",
    "size-mismatch": "`strict=False` accepts other keys, but no other shape.",
    "none-buffer-saved": "Do not save a buffer that is `None` in a new module: `persistent=False`.",
    "zeroed-mask-loads": "Loading replaces the values of every persistent buffer.",
    "float-into-int": "Loading casts to the dtype of the module's tensor, without a message.",
    "whole-model-saved": "Save the `state_dict`, not the module.",
    "wrapped-by-dataparallel": "Save the state of the module inside the wrapper.",
    "wrapped-by-compile": "Save the state of the model that you gave to `torch.compile`.",
    "nothing-loaded": "After `strict=False`, read the lists that `load_state_dict` returns.",
    "empty-after-assign": "“All keys matched” says nothing about tensors that are not in the file.",
    "masks-fill-the-file": "What can be computed again need not be saved: `persistent=False`.",
    "slice-saves-all": "A slice saves the memory of its whole tensor: `.clone()` it.",
    "shared-mask-parts": "After a cast, layers no longer share a buffer, but they still share "
    "a parameter.",
    "frequencies-in-bfloat16": "Compute in float32 what a cast must not round.",
    "complex-table": "`.to()` with a real dtype drops the imaginary part, `.half()` leaves it.",
    "lifted-constant": "In an exported program, a tensor that is not registered is a constant.",
    "not-broadcast": "DDP keeps parameters and buffers equal in all processes, nothing else.",
    "buffer-without-shape": "A lazy buffer is registered at once, but gets its shape from the "
    "first batch.",
    "reassigned-or-in-place": "Change a shared tensor in place: an assignment ends the sharing.",
    "extra-state-stays-behind": "Extra state is only saved: register a tensor that also has to "
    "move.",
    "cast-or-autocast": "`torch.autocast` casts what goes into an operation, not a buffer.",
    "average-copies-last-buffers": "`AveragedModel` averages buffers only with `use_buffers=True`.",
    "hook-adds-a-key": "A hook that adds a key to the file needs a second one that takes it out "
    "before loading.",
    "extra-state-missing": "Extra state is a new key, and old files do not have it.",
}


def takeaway(case: Case, outcome: Outcome) -> str:
    """The sentence on a case; empty where another PyTorch did not do what the case tells."""
    told = what_happened(case, outcome.broken) is case.answer
    return TAKEAWAYS[case.slug] if told and not outcome.fixed.failure else ""
