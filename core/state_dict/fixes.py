"""The load-failure lab's fixes: what each does, where it fits, and the lines that do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.state_dict.load_failures import LoadExperiment

WITHOUT_MASK = 'state = {key: tensor for key, tensor in state.items() if not key.endswith("mask")}'


@dataclass(frozen=True)
class Fix:
    """One way out: what it does (Markdown), its lines, and the situations that it fits.

    before: lines between state_dict and load_state_dict. after: lines after load_state_dict.
    """

    text: str
    before: str = ""
    after: str = ""
    fits: Callable[[LoadExperiment], bool] = lambda loading: True


def has_mask(loading: LoadExperiment) -> bool:
    """Whether the state that is loaded has a mask."""
    return loading.source == "buffer"


FIXES = {
    "none": Fix("no fix"),
    "strip-prefix": Fix(
        "Take the wrapper's prefix off every key",
        'state = {key.removeprefix("module.").removeprefix("_orig_mod."): tensor'
        " for key, tensor in state.items()}",
        fits=lambda loading: loading.wrapped != "nothing",
    ),
    "drop-mask": Fix(
        "Take the mask out of the state: the target has built its own",
        WITHOUT_MASK,
        fits=has_mask,
    ),
    "add-mask": Fix(
        "Put the target's own mask into the state",
        'state = {**state, "mask": target.mask}',
        fits=lambda loading: loading.target == "buffer",
    ),
    "register-anew": Fix(
        "Make the target's mask a buffer with `persistent=False`",
        "del target.mask\n"
        'target.register_buffer("mask", causal_mask(target.context_length, device), '
        "persistent=False)",
        fits=lambda loading: loading.target == "buffer",
    ),
    "rebuild": Fix(
        "Build the target's mask again after loading",
        after="fresh = causal_mask(target.context_length, target.W_query.weight.device)\n"
        "target.mask = fresh",
    ),
    "assign": Fix(
        "Load once more, with `assign=True`",
        after="target.load_state_dict(state, assign=True)",
        fits=lambda loading: not loading.assign,
    ),
    "to-target": Fix(
        "Cast and move the loaded module to where it was wanted",
        after="target.to(device, torch.float32)",
    ),
}


def fix_text(loading: LoadExperiment) -> str:
    """What the fix of a LoadExperiment does there; Markdown."""
    more = {
        "register-anew": ", and take the mask out of the state",
        "add-mask": ", in the place of the source's",
    }
    also = more.get(loading.fix, "") if has_mask(loading) else ""
    return FIXES[loading.fix].text + also


def fix_lines(loading: LoadExperiment) -> tuple[str, str]:
    """The lines of a LoadExperiment's fix: (before load_state_dict, after it)."""
    fix = FIXES[loading.fix]
    before = [fix.before] * bool(fix.before)
    before += [WITHOUT_MASK] * (loading.fix == "register-anew" and has_mask(loading))
    return "\n".join(before), fix.after
