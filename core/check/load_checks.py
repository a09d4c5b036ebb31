"""Ways to save and load that not every module survives: build on meta, and a file's ballast."""

import io
from collections import defaultdict

import torch
from torch import nn

from core.check.move_findings import is_or_are, named, register_fix
from core.check.outputs import as_share, difference, same, same_values
from core.check.places import where_held
from core.check.repairs import smallest
from core.check.report import Finding, Trial
from core.check.saving import CheckpointResult, Saved
from core.check.subject import CannotCheck, Run, Subject, in_words
from core.check.tensors import Held, tensors_of

FEW_BYTES_OF_BALLAST = 1024  # of ballast: of no account
META_STEPS = 'build it on "meta", to_empty(device="cpu"), load the state_dict, run it'


def meta_check(subject: Subject, result: CheckpointResult, reported: set[str]) -> None:
    """Build without memory, empty, load: what is not in the file holds arbitrary numbers.

    They are made recognisable: nan, and very large whole numbers. reported: the names of tensors
    that an error has been found in already; they are not warned of again.
    """
    saved = result.saved
    if not result.loads or saved is None or subject.original is not None:
        result.not_run["build on meta"] = (
            "the builder hands out copies"
            if subject.original
            else "it needs a state_dict that loads and gives the same output"
        )
        return
    try:
        first = _emptied(subject, saved, frozenset())
    except Exception as error:
        cause = (isinstance(error, CannotCheck) and error.__cause__) or error
        result.not_run["build on meta"] = f"it cannot be built on meta, {in_words(cause)}"
        return
    if first.ok and same(first.output, saved.output.output):
        return
    held = _not_in_the_file(subject)

    def works(units: frozenset) -> bool:
        run = _emptied(subject, saved, units)
        return run.ok and same(run.output, saved.output.output)

    needed = smallest([h.unit for h in held], works)
    if not needed:
        result.not_run["build on meta"] = (
            f"{_came_out(first, saved)}, and no fix that was tried helps"
        )
        return
    chosen = [h for h in held if h.unit in needed]
    names = tuple(h.path for h in chosen)
    if set(names) <= reported:
        return
    has = "has" if len(names) == 1 else "have"
    shows = Trial(META_STEPS, _came_out(first, saved), False)
    repaired = Trial(
        f"the same, but {named(names)} {is_or_are(names)} computed again",
        "the output is the same",
        True,
    )
    result.findings.append(
        Finding(
            "warning",
            "meta",
            "Large models are often built on `meta` and then loaded. After `to_empty`, "
            f"{named(names)} {has} arbitrary values, and the file does not replace them.",
            names,
            where_held(chosen[0]),
            (shows, repaired),
            "# compute it again after to_empty and load_state_dict, in a method of the module\n"
            "# such as reset_parameters; or save it in the file:\n"
            + register_fix([h for h in chosen if h.unit == chosen[0].unit], persistent=True),
        )
    )


def _came_out(run: Run, saved: Saved) -> str:
    if not run.ok:
        return run.outcome
    return as_share(difference(saved.output.output, run.output))


def _not_in_the_file(subject: Subject) -> list[Held]:
    held = tensors_of(subject.fresh(prepared=False))
    outside = [h for h in held if h.holding in ("plain", "non-persistent buffer") or h.hidden]
    numbers = {id(h) for h in outside if h.holding == "plain" and h.tensor.dim() == 0}
    return [h for h in outside if h.put and h.tensor.numel() and id(h) not in numbers]


def _emptied(subject: Subject, saved: Saved, rebuilt: frozenset) -> Run:
    """Run a module that was on meta, with tensors of some units as a constructor makes them."""
    with torch.device("meta"):
        module = subject.fresh(seed=2, prepared=False)
    module.to_empty(device="cpu")
    for tensor in (*module.parameters(), *module.buffers()):
        spoil(tensor)
    module.load_state_dict(saved.state)
    right = {h.path: h.tensor for h in tensors_of(subject.fresh(seed=2, prepared=False))}
    for held in tensors_of(module):
        if held.unit in rebuilt and held.put and held.path in right:
            held.put(right[held.path])
    return subject.call(module.eval())


def spoil(tensor: torch.Tensor) -> None:
    """Fill a tensor with what nobody would choose."""
    with torch.no_grad():
        if tensor.is_floating_point() or tensor.is_complex():
            tensor.fill_(float("nan"))
        elif tensor.dtype is torch.bool:
            tensor.fill_(True)
        else:
            tensor.fill_(torch.iinfo(tensor.dtype).max // 2)


# --------------------------------------------------------------- what need not be saved


def ballast_check(subject: Subject, result: CheckpointResult) -> None:
    """Persistent buffers that equal builds have, and that training does not change."""
    trained = subject.fresh(seed=1).train()
    subject.call(trained)
    other = subject.fresh(seed=2, prepared=False)
    file = file_bytes(trained)
    constant = _constant(trained, other)
    groups = defaultdict(list)
    for held in constant:
        groups[held.unit].append(held)
    for group in groups.values():
        nbytes = sum(h.tensor.numel() * h.tensor.element_size() for h in group)
        if nbytes > max(FEW_BYTES_OF_BALLAST, file / 100):
            result.findings.append(_ballast(subject, group, nbytes, file))


def _constant(trained: nn.Module, other: nn.Module) -> list[Held]:
    theirs = {h.path: h.tensor for h in tensors_of(other)}
    return [
        h
        for h in tensors_of(trained)
        if h.holding == "buffer" and not h.hidden and h.path in theirs
        and not isinstance(h.owner, nn.modules.batchnorm._NormBase)
        and same_values(h.tensor, theirs[h.path])
    ]  # fmt: skip


def _ballast(subject: Subject, group: list[Held], nbytes: int, file: int) -> Finding:
    names = tuple(h.path for h in group)
    slim = subject.fresh(seed=1)
    for held in tensors_of(slim):
        if held.path in names:
            held.owner._non_persistent_buffers_set.add(held.attribute)
    return Finding(
        "information",
        "rebuildable",
        f"{named(names)}: {nbytes:,} bytes of the file. Every new module computes these values "
        "itself, and a run in training mode does not change them.",
        names,
        where_held(group[0]),
        (
            Trial("save the state_dict", f"{file:,} bytes", False),
            Trial("the same, with persistent=False", f"{file_bytes(slim):,} bytes", True),
        ),
        register_fix(group) + "  # old files then need strict=False",
    )


def file_bytes(module: nn.Module) -> int:
    """Bytes that torch.save writes of a state_dict."""
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    return file.tell()
