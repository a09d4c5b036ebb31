"""Does a state_dict carry all that the output depends on? Save, build anew, load, compare.

`prepare` is applied to the module that is saved and not to the one that loads: whatever it did has
to come back out of the state_dict.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from core.check.move_checks import hidden_finding, named, register_fix
from core.check.repairs import smallest
from core.check.report import Finding, Trial
from core.check.subject import Run, Subject, as_share, difference, in_words, same
from core.check.tensors import Held, tensors_of, where_class, where_held

STEPS = "build it, run it, save its state_dict, load that into a fresh build"


@dataclass
class Saved:
    """A module that ran, and what was saved of it."""

    module: nn.Module
    state: dict[str, Any]
    output: Run  # in evaluation mode
    comparable: str = ""  # why its output cannot be compared with another module's, or ""


@dataclass
class CheckpointResult:
    findings: list[Finding] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)
    saved: Saved | None = None
    loads: bool = False  # and gives the same output


def save(subject: Subject) -> Saved:
    """Run a module as it was built, save it, and run it in evaluation mode."""
    module = subject.fresh(seed=1)
    subject.call(module, seed=3)  # what is drawn here, a later run does not draw again
    state = copy.deepcopy({k: v for k, v in module.state_dict().items()})
    module.eval()
    output = subject.call(module)
    return Saved(module, state, output, _depends(subject, output))


def _depends(subject: Subject, output: Run) -> str:
    """Why the output in evaluation mode is not one of the inputs and the state alone, or ""."""
    if not output.ok:
        return f"in evaluation mode it fails, {output.outcome}"
    module = subject.fresh(seed=1).eval()
    first = subject.call(module)
    other = subject.call(module, inputs=changed(subject.inputs))
    last = subject.call(module)
    if not (first.ok and last.ok) or not same(first.output, last.output):
        return "the output depends on earlier calls"
    again = subject.call(subject.fresh(seed=1).eval())
    if not again.ok or not same(first.output, again.output):
        return "equal builds with equal random numbers give other outputs"
    del other
    return ""


def changed(value: Any) -> Any:
    """Inputs of the same form with other numbers."""
    if isinstance(value, torch.Tensor):
        if value.is_floating_point() or value.is_complex():
            return value.detach() * 0.5 + 0.25
        return value.flip(-1) if value.dim() else value
    if isinstance(value, dict):
        return {key: changed(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_make"):
        return type(value)(changed(part) for part in value)
    return value


def checkpoint_check(subject: Subject, reported: set[str]) -> CheckpointResult:
    """Load what was saved into a fresh build, and compare the outputs.

    reported: tensors of hidden modules that were found already; they are not named again.
    """
    result = CheckpointResult(saved=save(subject))
    saved = result.saved
    try:
        _heir(subject).load_state_dict(saved.state)
    except Exception as error:
        _load_fails(subject, saved, error, result)
        return result
    if saved.comparable:
        result.not_run["the output after loading"] = saved.comparable
        return result
    heir = loaded(subject, saved)
    if _gives_the_same(subject, heir, saved):
        result.loads = True
        return result
    _state_lost(subject, saved, result, reported)
    return result


def _heir(subject: Subject, seed: int = 2) -> nn.Module:
    return subject.fresh(seed=seed, prepared=False)


def loaded(subject: Subject, saved: Saved) -> nn.Module:
    """A fresh build, with other random numbers, that has loaded the state."""
    heir = _heir(subject)
    heir.load_state_dict(saved.state)
    return heir.eval()


def _gives_the_same(subject: Subject, heir: nn.Module, saved: Saved) -> bool:
    """In the first call or in the second, which may find a cache."""
    runs = (subject.call(heir), subject.call(heir))
    return any(run.ok and same(run.output, saved.output.output) for run in runs)


# --------------------------------------------------------------- it does not load


def _load_fails(
    subject: Subject, saved: Saved, error: Exception, result: CheckpointResult
) -> None:
    shows = Trial(STEPS, in_words(error), False)
    if subject.original is None and _loads(subject, saved, _unchanged, seed=1):
        result.not_run["load into a fresh build"] = (
            "two builds with different random numbers have different forms"
        )
        return
    for repair in (_overlapping, _other_keys, _one_run):
        found = repair(subject, saved)
        if found:
            names, sentence, works, fix = found
            where = _where(saved.module, names)
            trials = (shows, Trial(works, _loads_in_words(saved), True))
            result.findings.append(
                Finding("error", "load_fails", sentence, names, where, trials, fix)
            )
            return
    result.not_run["load into a fresh build"] = (
        f"it fails with {in_words(error)}, and no repair that was tried helps"
    )


def _loads_in_words(saved: Saved) -> str:
    return "it loads" if saved.comparable else "it loads, and the output is the same"


def _unchanged(heir: nn.Module, state: dict) -> None:
    pass


def _loads(subject: Subject, saved: Saved, change: Callable, seed: int = 2) -> bool:
    """Whether a fresh build loads the state after change(heir, state), with the same output."""
    try:
        heir, state = _heir(subject, seed), dict(saved.state)
        change(heir, state)
        heir.load_state_dict(state)
    except Exception:
        return False
    return bool(saved.comparable) or _gives_the_same(subject, heir.eval(), saved)


Repair = tuple[tuple[str, ...], str, str, str] | None  # names, sentence, what was done, fix


def _overlapping(subject: Subject, saved: Saved) -> Repair:
    """Expanded tensors, of which many elements are one number in memory: nothing can write there."""
    held = [h for h in tensors_of(_heir(subject)) if h.holding != "plain" and overlaps(h.tensor)]
    paths = tuple(h.path for h in held)

    def clone(heir: nn.Module, state: dict) -> None:
        for h in tensors_of(heir):
            if h.path in paths:
                h.put(h.tensor.clone())

    if not held or not _loads(subject, saved, clone):
        return None
    sentence = (
        f"{named(paths)} is an expanded tensor: several of its elements are one number in memory, "
        "and `load_state_dict` cannot write into it."
    )
    fix = f'self.register_buffer("{held[0].attribute}", ….clone())'
    return paths, sentence, f"the same, {named(paths)} cloned before loading", fix


def overlaps(tensor: torch.Tensor) -> bool:
    """Whether an expansion made several elements one number in memory."""
    if tensor.layout is not torch.strided:
        return False
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    return any(size > 1 and stride == 0 for size, stride in pairs)


def _other_keys(subject: Subject, saved: Saved) -> Repair:
    """Keys that only one of the two has, or that have another shape, kept out of the file."""
    own = _heir(subject).state_dict()
    keys = tuple(sorted(set(own) ^ set(saved.state))) + tuple(
        key
        for key in own.keys() & saved.state.keys()
        if getattr(own[key], "shape", None) != getattr(saved.state[key], "shape", None)
    )
    buffers = {h.path for h in tensors_of(saved.module) if h.holding == "buffer"}
    if not keys or not set(keys) <= buffers:
        return None

    def leave_out(heir: nn.Module, state: dict) -> None:
        for key in keys:
            state.pop(key, None)
            if key in own:
                state[key] = heir.state_dict()[key]

    if not _loads(subject, saved, leave_out):
        return None
    sentence = (
        f"After a run the state_dict has {named(keys)} otherwise than a fresh build, which "
        "refuses the file."
    )
    name = keys[0].rpartition(".")[2]
    fix = f'self.register_buffer("{name}", None, persistent=False)  # filled by the first run'
    return keys, sentence, f"the same, {named(keys)} not persistent", fix


def _one_run(subject: Subject, saved: Saved) -> Repair:
    """What the first run registers, a fresh build does not have."""
    own = _heir(subject).state_dict()
    keys = tuple(sorted(saved.state.keys() - own.keys()))

    def run_once(heir: nn.Module, state: dict) -> None:
        subject.call(heir)

    if not keys or not _loads(subject, saved, run_once):
        return None
    name = keys[0].rpartition(".")[2]
    sentence = (
        f"The first run registers {named(keys)}. A fresh build does not have it, and refuses the "
        "file. Without it the output is another."
    )
    fix = f'# in __init__, and not in forward\nself.register_buffer("{name}", …)'
    return keys, sentence, "the same, the fresh build run once before it loads", fix


def _where(module: nn.Module, names: tuple[str, ...]) -> str:
    held = [h for h in tensors_of(module) if h.path in names]
    return where_held(held[0]) if held else where_class(type(module))


# --------------------------------------------------------------- it loads, and computes another


def _state_lost(
    subject: Subject, saved: Saved, result: CheckpointResult, reported: set[str]
) -> None:
    heir = loaded(subject, saved)
    distance = difference(saved.output.output, subject.call(heir).output)
    theirs = {h.path: h for h in tensors_of(saved.module)}
    lost = [
        h
        for h in tensors_of(loaded(subject, saved))
        if (h.holding in ("plain", "non-persistent buffer") or h.hidden)
        and h.path in theirs and h.put
        and not same_values(h.tensor, theirs[h.path].tensor)
    ]  # fmt: skip

    def with_theirs(units: frozenset) -> bool:
        heir = loaded(subject, saved)
        for h in tensors_of(heir):
            if h.unit in units and h.put and h.path in theirs:
                h.put(theirs[h.path].tensor.detach().clone())
        return _gives_the_same(subject, heir, saved)

    needed = smallest([h.unit for h in lost], with_theirs)
    shows = Trial(STEPS, as_share(distance), False)
    if not needed:
        result.not_run["the output after loading"] = (
            f"{as_share(distance)}, but bringing back every tensor that was not saved does not "
            "change that: it depends on something else than tensors"
        )
        return
    for unit in sorted(needed):
        held = [h for h in lost if h.unit == unit]
        if not held[0].hidden:
            result.findings.append(_lost(held, shows))
        elif not {h.path for h in held} <= reported:
            result.findings.append(_hidden(held, shows))


def _lost(held: list[Held], shows: Trial) -> Finding:
    names = tuple(h.path for h in held)
    return Finding(
        "error",
        "state_lost",
        f"The output depends on {named(names)}, which the constructor draws anew or training "
        "changes, and which is not in the state_dict.",
        names,
        where_held(held[0]),
        (shows, Trial(f"the same, {named(names)} brought along", "the output is the same", True)),
        register_fix(held[0], persistent=True),
    )


def _hidden(held: list[Held], shows: Trial) -> Finding:
    names = tuple(h.path for h in held)
    works = Trial(f"the same, {named(names)} brought along", "the output is the same", True)
    return hidden_finding("error", held, (shows, works))


def same_values(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors on the CPU have one form and the same numbers, nan equal to nan."""
    if one.shape != other.shape or one.dtype != other.dtype or one.layout is not torch.strided:
        return False
    one, other = one.detach(), other.detach()
    both_nan = one.isnan() & other.isnan() if one.is_floating_point() else torch.zeros(())
    return bool(((one == other) | both_nan.bool()).all())
