"""What to keep of each failure case, in one sentence; Markdown."""

from core.cases.case import Case
from core.cases.observe import Outcome
from core.cases.reasons import what_happened

TAKEAWAYS = {
    "mask-left-behind": "What `forward` needs on the device has to be a parameter or a buffer.",
    "before-super-init": "`super().__init__()` comes first, for it makes the place to register in.",
    "assigned-then-registered": "Register a tensor instead of assigning it, not afterwards.",
    "tensors-in-a-list": "A module does not look into lists: every tensor needs a name of its own.",
    "stale-alias": "`.to()` replaces a buffer's tensor: ask the module for it each time.",
    "list-over-buffer": "Once a name is registered, it takes a tensor or `None`, and nothing else.",
    "deleted-and-assigned": "`del` ends a registration: assign to the name without deleting it.",
    "parameter-over-buffer": "Whoever assigns an `nn.Parameter` makes the name a parameter.",
    "lazy-mask": "A name that was registered with `None` makes a buffer of what comes later.",
    "meta-says-nothing": "That nothing fails on `meta` proves nothing: look at `.device`.",
    "mask-upside-down": "Look up what True means before handing a mask to another function.",
    "row-of-nan": "A row of attention needs one key at least that it may look at.",
    "too-negative-for-half": "Mask with `-torch.inf`: it fits into every floating-point dtype.",
    "missed-the-cast": "What misses `.to(device)` misses `.to(dtype)` as well.",
    "half-picks": "To register a floating-point tensor is to agree to casts.",
    "mask-as-parameter": "A parameter is trained, whatever it was meant to be.",
    "best-weights-keep-changing": "`state_dict()` is a view of the weights, not a copy of them.",
    "result-kept": "Keep a result with `.detach()`, or do not keep it.",
    "graph-kept": "A buffer keeps the graph of what is assigned to it: `.detach()` first.",
    "optimizer-left-behind": "Move the model before the optimizer's first step.",
    "still-in-training-mode": "`model.eval()` stops the statistics, `torch.no_grad()` does not.",
    "weights-averaged-without-buffers": "A copy of a model is its parameters and its buffers.",
    "mean-with-history": "Statistics are updated without a graph: `.detach()` what goes in.",
    "cache-from-inference": "What outlives `inference_mode` is made outside of it.",
    "checkpointing-counts-twice": "What `forward` writes happens as often as `forward` runs.",
    "missing-mask": "A new persistent buffer is a new key, and old files do not have it.",
    "unexpected-mask": "A buffer that is no longer persistent leaves its key in old files.",
    "size-mismatch": "`strict=False` forgives keys, and never a shape.",
    "none-buffer-saved": "What is `None` at first and a tensor later belongs out of the file.",
    "zeroed-mask-loads": "Loading believes the file: save only what the file should decide.",
    "float-into-int": "Loading casts to the dtype of the module's tensor, without a word.",
    "whole-model-saved": "Save the `state_dict`, not the module.",
    "wrapped-by-dataparallel": "Save the state of the module inside the wrapper.",
    "wrapped-by-compile": "Save the state of the model that you gave to `torch.compile`.",
    "nothing-loaded": "Whoever says `strict=False` has to read what `load_state_dict` returns.",
    "empty-after-assign": "“All keys matched” says nothing of what is not in the file.",
    "masks-fill-the-file": "What can be computed again need not be saved.",
    "slice-saves-all": "A slice takes its whole storage into the file: `.clone()` it.",
    "shared-mask-parts": "A move unties buffers that were one tensor; tied parameters stay tied.",
    "frequencies-in-bfloat16": "Compute in float32 what a cast must not round.",
    "complex-table": "A cast to a real dtype drops the imaginary part.",
    "lifted-constant": "What is not registered is a constant to an exported program.",
    "not-broadcast": "Processes share what is registered, and nothing else.",
    "buffer-without-shape": "A lazy buffer is registered at once, and has numbers after one batch.",
    "reassigned-or-in-place": "What others hold too is changed in place; to assign parts them.",
    "extra-state-stays-behind": "Extra state is saved and nothing else: a tensor is a buffer.",
    "cast-or-autocast": "`torch.autocast` rounds what an operation takes, not what a buffer holds.",
    "average-copies-last-buffers": "`AveragedModel` averages buffers only with `use_buffers=True`.",
    "hook-adds-a-key": "A hook that saves a key needs one that takes it out again before loading.",
    "extra-state-missing": "Whoever adds extra state adds a key, and old files do not have it.",
}


def takeaway(case: Case, outcome: Outcome) -> str:
    """The sentence on a case; empty where another PyTorch did not do what the case tells."""
    told = what_happened(case, outcome.broken) is case.answer
    return TAKEAWAYS[case.slug] if told and not outcome.fixed.failure else ""
