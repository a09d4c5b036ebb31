"""A state_dict that does not load into a fresh build, and three repairs that are tried."""

from collections.abc import Callable

import torch
from torch import nn

from core.check.move_findings import is_or_are, named
from core.check.places import where_class, where_held
from core.check.report import Finding, Trial
from core.check.saving import STEPS, CheckpointResult, Saved, gives_the_same, heir_of
from core.check.subject import Subject, in_words
from core.check.tensors import tensors_of


def load_fails(subject: Subject, saved: Saved, error: Exception, result: CheckpointResult) -> None:
    shows = Trial(STEPS, in_words(error), False)
    if subject.original is None and _loads(subject, saved, _unchanged, seed=1):
        result.not_run["load into a new module"] = (
            "modules built with different random numbers have different keys or shapes"
        )
        return
    for repair in (_overlapping, _other_keys, _one_run, _reserved):
        found = repair(subject, saved)
        if found:
            names, sentence, works, fix = found
            where = _where_it_failed(saved.module, names)
            trials = (shows, Trial(works, _loads_in_words(saved), True))
            result.findings.append(
                Finding("error", "load_fails", sentence, names, where, trials, fix)
            )
            return
    result.not_run["load into a new module"] = (
        f"it fails with {in_words(error)}, and no fix that was tried helps"
    )


def _loads_in_words(saved: Saved) -> str:
    return "it loads" if saved.comparable else "it loads, and the output is the same"


def _unchanged(heir: nn.Module, state: dict) -> None:
    pass


def _loads(subject: Subject, saved: Saved, change: Callable, seed: int = 2) -> bool:
    """Whether a fresh build loads the state after change(heir, state), with the same output."""
    try:
        heir, state = heir_of(subject, seed), dict(saved.state)
        change(heir, state)
        heir.load_state_dict(state)
    except Exception:
        return False
    return bool(saved.comparable) or gives_the_same(subject, heir.eval(), saved)


Repair = tuple[tuple[str, ...], str, str, str] | None  # names, sentence, what was done, fix


def _overlapping(subject: Subject, saved: Saved) -> Repair:
    """Expanded tensors, of which many elements are one number in memory."""
    held = [h for h in tensors_of(heir_of(subject)) if h.holding != "plain" and overlaps(h.tensor)]
    paths = tuple(h.path for h in held)

    def clone(heir: nn.Module, state: dict) -> None:
        for h in tensors_of(heir):
            if h.path in paths and h.put:
                h.put(h.tensor.clone())

    if not held or not _loads(subject, saved, clone):
        return None
    sentence = (
        f"{named(paths)} {is_or_are(paths)} expanded: several elements are the same number in "
        "memory, and `load_state_dict` cannot write into that."
    )
    fix = f'self.register_buffer("{held[0].attribute}", ….clone())'
    return (
        paths,
        sentence,
        f"the same, but {named(paths)} {is_or_are(paths)} cloned before loading",
        fix,
    )


def overlaps(tensor: torch.Tensor) -> bool:
    """Whether an expansion made several elements one number in memory."""
    if tensor.layout is not torch.strided:
        return False
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    return any(size > 1 and stride == 0 for size, stride in pairs)


def _other_keys(subject: Subject, saved: Saved) -> Repair:
    """Keys that only one of the two has, or that have another shape, kept out of the file."""
    own = heir_of(subject).state_dict()
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
        f"After a run, {named(keys)} in the state_dict {is_or_are(keys)} not as in a new module: "
        "only one of the two has the key, or the shape differs. So a new module refuses the file."
    )
    name = keys[0].rpartition(".")[2]
    fix = f'self.register_buffer("{name}", None, persistent=False)  # filled by the first run'
    return keys, sentence, f"the same, but {named(keys)} {is_or_are(keys)} not persistent", fix


def _one_run(subject: Subject, saved: Saved) -> Repair:
    """What the first run registers, a fresh build does not have."""
    own = heir_of(subject).state_dict()
    keys = tuple(sorted(saved.state.keys() - own.keys()))

    def run_once(heir: nn.Module, state: dict) -> None:
        subject.call(heir)

    if not keys or not _loads(subject, saved, run_once):
        return None
    name = keys[0].rpartition(".")[2]
    sentence = (
        f"The first run registers {named(keys)}. A new module does not have that yet, and refuses "
        "the file. Without it, the output is different."
    )
    fix = f'# in __init__, and not in forward\nself.register_buffer("{name}", …)'
    return keys, sentence, "the same, but the new module runs once before it loads", fix


def _reserved(subject: Subject, saved: Saved) -> Repair:
    """Buffers that are None in a fresh build, and hold a tensor in the module that was saved."""
    own = heir_of(subject).state_dict()
    keys = tuple(sorted(saved.state.keys() - own.keys()))

    def reserve(heir: nn.Module, state: dict) -> None:
        for key in keys:
            path, _, name = key.rpartition(".")
            heir.get_submodule(path).register_buffer(name, torch.zeros_like(state[key]))

    if not keys or not _loads(subject, saved, reserve):
        return None
    name = keys[0].rpartition(".")[2]
    sentence = (
        f"The saved module has a tensor in {named(keys)}. In a new module it is None, and no "
        "tensor can be loaded into None."
    )
    fix = (
        "# in __init__: a tensor of the same shape, and a flag that says whether it is filled\n"
        f'self.register_buffer("{name}", torch.zeros(…))'
    )
    return keys, sentence, f"the same, but the new module has a tensor in {named(keys)}", fix


def _where_it_failed(module: nn.Module, names: tuple[str, ...]) -> str:
    held = [h for h in tensors_of(module) if h.path in names]
    return where_held(held[0]) if held else where_class(type(module))
