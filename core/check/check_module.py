"""Check a module of your own for faults around buffers, devices and checkpoints.

    from core.check import check

    report = check(lambda: MyModule(64), torch.randn(2, 64))
    print(report.text())
    assert report.ok

It takes a builder and not a module, since every proof needs a fresh one. It needs no GPU: the
device is simulated, by rules that are PyTorch's own. Each finding shows the run that failed and the
run that works with the repair.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from core.check.alias_checks import alias_check
from core.check.cast_checks import cast_check
from core.check.checkpoint_checks import checkpoint_check
from core.check.copy_checks import copy_check
from core.check.hidden_checks import hidden_check
from core.check.load_checks import ballast_check, meta_check
from core.check.move_checks import BUILT, EVALUATION, DeviceResult, device_checks
from core.check.report import SEVERITIES, Finding, Report, Tried
from core.check.saving import CheckpointResult
from core.check.subject import (
    MAX_SECONDS,
    CannotCheck,
    Run,
    Subject,
    TookTooLong,
    in_words,
    time_limit,
)
from core.workers.random_state import one_thread

CHECKS = (
    "move, run",
    "run, move, run again",
    "copies on every forward",
    "modules in plain lists and dicts",
    "tensors that share memory",
    "load into a new module",
    "the output after loading",
    "build on meta",
    "16-bit casts",
    "buffers that need not be saved",
)


def check(
    build: Callable[[], nn.Module],
    *inputs: Any,
    prepare: Callable[[nn.Module], Any] | None = None,
    seconds: float = MAX_SECONDS,
) -> Report:
    """Find faults of the module that `build` makes, by running it on `inputs`.

    build: a function without arguments that returns a new torch.nn.Module. inputs: what its forward
    takes, on the CPU; they are copied for every run. prepare: what happens to a module before it is
    moved or saved, such as training or `freeze`; a module that loads a state_dict does not get it.

    Runs in evaluation mode and as the module was built. Nothing given is changed, and random
    numbers go on as before. Raises CannotCheck, with the reason and the way out, where the builder
    or forward fails on the CPU, where memory does not suffice, or where it takes more than
    `seconds` (in the main thread; for a process with limits, use `python -m core.check`).
    """
    began = time.monotonic()
    try:
        with time_limit(seconds), one_thread():
            subject = Subject(build, inputs, prepare)
            modes = _modes_that_run(subject)
            device, checkpoint, casts, not_run = _all_checks(subject, modes)
            name = type(subject.fresh()).__name__
    except TookTooLong:
        raise CannotCheck(
            f"It took more than {seconds:g} seconds, which is the limit. Build a smaller module, "
            "give shorter inputs, or raise the limit with `seconds=`."
        ) from None
    findings = [*device.findings, *checkpoint.findings, *casts]
    findings = _in_order(_once(findings))
    why = not_run | device.not_run | checkpoint.not_run
    named = [*CHECKS, *(name for name in why if name not in CHECKS)]
    return Report(
        name,
        tuple(findings),
        tuple(Tried(name, why.get(name, "")) for name in named),
        (*device.notes, *_notes(subject)),
        time.monotonic() - began,
        torch.__version__,
    )


def _all_checks(
    subject: Subject, modes: tuple[str, ...]
) -> tuple[DeviceResult, CheckpointResult, list[Finding], dict[str, str]]:
    not_run: dict[str, str] = {}

    def guarded(name: str, function: Callable, *args: Any) -> Any:
        """A check that fails says so, and the others go on."""
        try:
            return function(*args)
        except CannotCheck:
            raise
        except Exception as error:
            not_run[name] = f"it stopped with {in_words(error)}"
            return None

    device = guarded("move, run", device_checks, subject, modes) or DeviceResult()
    if device.runs and EVALUATION in modes:
        guarded("copies on every forward", copy_check, subject, device)
        guarded("tensors that share memory", alias_check, subject, modes[-1], device)
    elif not device.runs:
        for name in ("copies on every forward", "tensors that share memory"):
            not_run[name] = "it does not run on the simulated device"
    reported = {name for finding in device.findings for name in finding.names}
    checkpoint = guarded("load into a new module", checkpoint_check, subject, reported)
    checkpoint = checkpoint or CheckpointResult()
    reported |= {name for finding in checkpoint.findings for name in finding.names}
    guarded("modules in plain lists and dicts", hidden_check, subject, modes[-1], device, reported)
    guarded("build on meta", meta_check, subject, checkpoint, reported)
    guarded("buffers that need not be saved", ballast_check, subject, checkpoint)
    casts, more = guarded("16-bit casts", cast_check, subject) or ([], {})
    return device, checkpoint, casts, not_run | more


def _modes_that_run(subject: Subject) -> tuple[str, ...]:
    """The modes in which forward works on the CPU."""
    runs = {EVALUATION: subject.call(subject.fresh().eval())}
    if not runs[EVALUATION].ok:
        subject.needs_grad = True
        runs[EVALUATION] = subject.call(subject.fresh().eval())
    built = subject.fresh()
    if any(module.training for module in built.modules()):
        runs[BUILT] = subject.call(built)
    working = tuple(mode for mode, run in runs.items() if run.ok)
    if not working:
        raise CannotCheck(_why(subject, runs[EVALUATION]))
    return working


def _why(subject: Subject, run: Run) -> str:
    error = run.error
    assert error is not None
    words = in_words(error)
    if isinstance(error, MemoryError) or "can't allocate memory" in words:
        return f"`forward` needs more memory than there is. {words}. Give smaller inputs."
    shapes = ", ".join(_in_short(value) for value in subject.inputs) or "none"
    return (
        f"`forward` fails on the CPU, before anything is moved or saved. {words}. The inputs were: "
        f"{shapes}. Give inputs that this module takes."
    )


def _in_short(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    return type(value).__name__


def _once(findings: list[Finding]) -> list[Finding]:
    """A fault that shows in two modes is one finding."""
    seen = {}
    for finding in findings:
        seen.setdefault((finding.kind, finding.names, finding.where), finding)
    return list(seen.values())


def _in_order(findings: list[Finding]) -> list[Finding]:
    """Errors first; those of a kind stand together, in the order of their lines."""
    kinds = list(dict.fromkeys(finding.kind for finding in findings))

    def place(finding: Finding) -> tuple:
        file, _, line = finding.where.rpartition(":")
        severity, kind = SEVERITIES.index(finding.severity), kinds.index(finding.kind)
        return severity, kind, file, int(line or 0)

    return sorted(findings, key=place)


def _notes(subject: Subject) -> list[str]:
    notes = []
    if subject.original is not None:
        notes.append(
            "The builder hands out modules that share tensors, so copies were checked. In copies, "
            "random values of the constructor are the same: faults with them are not found. "
            "Construct the module inside the builder."
        )
    if subject.printed:
        notes.append(f"The module printed {subject.printed:,} characters; they are not shown.")
    if "numpy" in sys.modules and subject.needs_grad:
        notes.append("`forward` needs gradients, so it ran with gradients.")
    return notes
