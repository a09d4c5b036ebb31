"""Does the module work on another device? Moved fresh, moved after a run, and what it copies.

The device is the simulated one: it refuses what a GPU refuses, on a machine without a GPU.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from torch import nn

from core.check.repairs import Line, Watcher, moved_by_hand, on_cpu, smallest
from core.check.report import Finding, Trial
from core.check.subject import Run, Subject, as_share, copied, difference
from core.check.tensors import Held, place_text, source_line, tensors_of, where_held
from core.device.simulated_device import count_copies, register

SIM = "sim"
EVALUATION, BUILT = "in evaluation mode", "as it was built"
FEW_BYTES = 1024  # to the device on each forward: of no account
MOST_ROUNDS = 8  # of running on, to see further lines that make tensors


@dataclass
class DeviceResult:
    """What the runs on the device showed."""

    findings: list[Finding] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)  # check: why
    notes: list[str] = field(default_factory=list)
    repaired: frozenset = frozenset()  # what has to be repaired for the module to run there
    as_cuda: bool = False
    runs: bool = False  # it runs on the device, with `repaired`


@dataclass(frozen=True, eq=False)
class Attempt:
    """One run on the device: what came of it, and what could be repaired."""

    run: Run
    held: list[Held]  # tensors that were on the CPU after the move
    made: frozenset[Line]  # lines that made tensors on the CPU
    asked_cuda: bool


def attempt(subject: Subject, mode: str, before: bool, repairs: Iterable[Hashable],
            as_cuda: bool = False) -> Attempt:  # fmt: skip
    """Build, run on the CPU if `before`, move, repair by hand, run on the device."""
    repairs = frozenset(repairs)
    module = in_mode(subject.fresh(), mode)
    if before:
        subject.call(module)
    lines = [r for r in repairs if isinstance(r, Line)]
    try:
        module.to(SIM)
    except Exception as error:
        return Attempt(Run(error=error), [], frozenset(), False)
    held = on_cpu(tensors_of(module))
    wanted = [h for h in held if h.unit in repairs]
    with Watcher(SIM, lines, as_cuda) as watcher, moved_by_hand(wanted, SIM):
        run = subject.call(module, SIM)
    return Attempt(run, held, frozenset(watcher.made), watcher.asked_cuda)


def in_mode(module: nn.Module, mode: str) -> nn.Module:
    """Set a module to evaluation, or leave it as it was built."""
    return module.eval() if mode == EVALUATION else module


def device_checks(subject: Subject, modes: tuple[str, ...]) -> DeviceResult:
    """Move a fresh module, and one that ran; in each mode."""
    register()
    result = DeviceResult()
    for mode in modes:
        for before in (False, True):
            _one_way(subject, mode, before, result)
    return result


def _one_way(subject: Subject, mode: str, before: bool, result: DeviceResult) -> None:
    name = "run, move, run again" if before else "move, run"
    reference = _on_the_cpu(subject, mode, before)
    if not reference.ok:
        result.not_run.setdefault(
            name, f"{mode} it fails on the CPU already, {reference.outcome}"
        )
        return
    known = result.repaired
    first = attempt(subject, mode, before, known, result.as_cuda)
    if not first.run.ok and first.asked_cuda and not result.as_cuda:
        again = attempt(subject, mode, before, known, as_cuda=True)
        if again.run.ok or _needed(subject, mode, before, known, again, True):
            first, result.as_cuda = again, True
            result.notes.append(
                "The code asks whether a tensor is on CUDA, by `is_cuda` or `.cuda()`. On the "
                "simulated device it was answered yes; other accelerators would be treated as CPU."
            )
    if first.run.ok:
        result.runs = True
        return
    needed = _needed(subject, mode, before, known, first, result.as_cuda)
    if needed is None:
        result.not_run.setdefault(
            name,
            f"{mode} it fails on the simulated device with {first.run.outcome}, and no repair that was "
            "tried helps: it may be a limit of that device. A real one can tell",
        )
        return
    result.runs = True
    result.repaired = known | needed
    report = _Report(subject, mode, before, known, needed, first, reference, result.as_cuda)
    result.findings += report.findings()


def _on_the_cpu(subject: Subject, mode: str, before: bool) -> Run:
    module = in_mode(subject.fresh(), mode)
    first = subject.call(module)
    return subject.call(module) if before and first.ok else first


def _needed(subject: Subject, mode: str, before: bool, known: frozenset, first: Attempt,
            as_cuda: bool) -> frozenset | None:  # fmt: skip
    """The smallest set of repairs with which it runs, or None."""
    everything = {h.unit: None for h in first.held if h.put is not None and h.unit not in known}
    tries = first
    for _ in range(MOST_ROUNDS):
        tries = attempt(subject, mode, before, known | set(everything), as_cuda)
        new = [line for line in sorted(tries.made) if line not in everything]
        if tries.run.ok or not new:
            break
        everything |= dict.fromkeys(new)
    if not tries.run.ok:
        return None
    return smallest(
        everything,
        lambda units: attempt(subject, mode, before, known | units, as_cuda).run.ok,
    )


@dataclass(frozen=True, eq=False)
class _Report:
    """Puts what was needed into Findings."""

    subject: Subject
    mode: str
    before: bool
    known: frozenset
    needed: frozenset
    first: Attempt
    reference: Run
    as_cuda: bool

    def findings(self) -> list[Finding]:
        cured = self.again(self.known | self.needed).run
        distance = difference(self.reference.output, cured.output)
        outcome = "it runs, " + as_share(distance) if distance < 1e-3 else "it runs"
        return [self.finding(unit, outcome) for unit in sorted(self.needed, key=str)]

    def again(self, repairs: frozenset) -> Attempt:
        return attempt(self.subject, self.mode, self.before, repairs, self.as_cuda)

    def steps(self) -> str:
        ran = "run it, " if self.before else ""
        evaluated = ".eval(), " if self.mode == EVALUATION else ""
        return f'build it, {evaluated}{ran}.to("{SIM}"), run it{" again" if self.before else ""}'

    def finding(self, unit: Hashable, outcome: str) -> Finding:
        others = self.known | (self.needed - {unit})
        failed = self.again(others).run if others else self.first.run
        shows = Trial(self.steps() + _with(others), failed.outcome, False)
        if isinstance(unit, Line):
            works = Trial(f"the same, made on the device in {_at(unit)}", outcome, True)
            return _made_on_cpu(unit, (shows, works))
        held = [h for h in self.first.held if h.unit == unit]
        names = tuple(h.path for h in held)
        works = Trial(f"the same, {named(names)} moved by hand", outcome, True)
        if self.before:
            return _stale(held, names, (shows, works))
        return _left_behind(held, names, (shows, works))


def _with(repairs: frozenset) -> str:
    return ", the other findings repaired" if repairs else ""


def _at(line: Line) -> str:
    return place_text(line.file, line.number)


def named(names: tuple[str, ...]) -> str:
    """Names for a sentence, the first three of many."""
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _made_on_cpu(line: Line, evidence: tuple[Trial, ...]) -> Finding:
    text = source_line(line.file, line.number)
    if line.function == "numpy":
        sentence = f"`forward` needs the numbers in NumPy, in `{text}`; NumPy knows only the CPU."
        fix = f"# {_at(line)}\ntensor.cpu().numpy()  # or the same with PyTorch's own functions"
    else:
        sentence = (
            f"In `forward`, `{line.function}` makes a tensor on the CPU, wherever the input is: "
            f"`{text}`."
        )
        fix = f"# {_at(line)}\ntorch.{line.function}(…, device=x.device)  # x: an input"
    return Finding("error", "made_on_cpu", sentence, (line.function,), _at(line), evidence, fix)


def _left_behind(held: list[Held], names: tuple[str, ...], evidence: tuple) -> Finding:
    first = held[0]
    if first.hidden:
        return hidden_finding("error", held, evidence)
    sentence = f"`.to()` leaves {named(names)} on the CPU: {_holding(first)} is not registered."
    place = where_held(first)
    return Finding("error", "left_behind", sentence, names, place, evidence, register_fix(first))


def hidden_finding(severity: str, held: list[Held], evidence: tuple[Trial, ...]) -> Finding:
    """Modules in a container that PyTorch does not look into."""
    names, first = tuple(h.path for h in held), held[0]
    return Finding(
        severity,
        "hidden_module",
        f"`{first.attribute}` holds modules and is no module itself: `.to()`, `parameters()` and "
        f"`state_dict()` do not find {named(names)}.",
        names,
        where_held(first),
        evidence,
        f"# in {type(first.owner).__name__}.__init__; nn.ModuleDict for a dict\n"
        f"self.{first.attribute} = nn.ModuleList(…)",
    )


def _holding(held: Held) -> str:
    if "<closure" in held.path:
        return "a tensor that a function encloses"
    plain = held.path.endswith(held.attribute)
    return "a plain attribute" if plain else f"a tensor inside `{held.attribute}`"


def register_fix(held: Held, persistent: bool = False) -> str:
    """Code that registers a tensor."""
    cls, name = type(held.owner).__name__, held.attribute
    if held.tensor.requires_grad and held.tensor.is_leaf:
        return f"# in {cls}.__init__\nself.{name} = nn.Parameter(…)"
    last = "persistent=True" if persistent else "persistent=False"
    if held.path.endswith(name):
        return f'# in {cls}.__init__\nself.register_buffer("{name}", …, {last})'
    return (
        f"# in {cls}.__init__: each tensor of `{name}` as a buffer of its own\n"
        f'self.register_buffer("{name}_0", …, {last})'
    )


def _stale(held: list[Held], names: tuple[str, ...], evidence: tuple) -> Finding:
    first = held[0]
    sentence = (
        f"The first run keeps {named(names)}; `.to()` leaves it where it is, and the next run uses "
        "it on another device."
    )
    fix = (
        f"# in {type(first.owner).__name__}.__init__: the name is reserved, what it holds moves\n"
        f'self.register_buffer("{first.attribute}", None, persistent=False)'
    )
    return Finding("error", "stale_cache", sentence, names, where_held(first), evidence, fix)


# --------------------------------------------------------------- copies on every forward


def copy_check(subject: Subject, result: DeviceResult) -> None:
    """What a second forward on the device copies to it."""
    before, held, made = _count(subject, result, frozenset())
    total = sum(before.values())
    if total <= FEW_BYTES:
        return
    everything = dict.fromkeys([*(h.unit for h in held if h.put), *sorted(made)])

    def bytes_with(repairs: frozenset) -> int:
        return sum(_count(subject, result, repairs)[0].values())

    needed = smallest(everything, lambda repairs: bytes_with(repairs) <= FEW_BYTES)
    if needed is None:
        result.notes.append(
            f"Every forward copies {total:,} bytes to the device, and no repair that was tried "
            "changes that."
        )
        return
    left = bytes_with(needed)
    where, *_ = sorted(before, key=lambda line: -before[line])
    moved = [h for h in held if h.unit in needed]
    names = tuple(h.path for h in moved)
    lines = tuple(line for line in sorted(needed, key=str) if isinstance(line, Line))
    result.findings.append(
        Finding(
            "warning",
            "copies",
            f"Every forward copies {total:,} bytes to the device: {_what(names, lines)}.",
            names or tuple(line.function for line in lines),
            _at(where),
            (
                Trial("a second forward on the device", f"{total:,} bytes are copied", False),
                Trial("the same, with the tensor there from the start", f"{left:,} bytes", True),
            ),
            register_fix(moved[0])
            if moved
            else f"# {_at(lines[0])}\ntorch.{lines[0].function}(…, device=x.device)",
        )
    )


def _what(names: tuple[str, ...], lines: tuple[Line, ...]) -> str:
    parts = [named(names) + " as plain tensors"] if names else []
    parts += [f"what `{line.function}` makes in {_at(line)}" for line in lines[:3]]
    return ", ".join(parts)


def _count(subject: Subject, result: DeviceResult, repairs: frozenset) -> tuple:
    """(crossings by line, tensors on the CPU, lines that made tensors) of a second forward."""
    module = subject.fresh().eval().to(SIM)
    repairs = result.repaired | repairs
    held = on_cpu(tensors_of(module))
    lines = [r for r in repairs if isinstance(r, Line)]
    inputs = copied(subject.inputs, SIM)
    with moved_by_hand([h for h in held if h.unit in repairs], SIM):
        with Watcher(SIM, lines, result.as_cuda):
            subject.call(module, SIM, inputs=inputs)
        with count_copies() as copies, Watcher(SIM, lines, result.as_cuda, copies) as watcher:
            subject.call(module, SIM, inputs=inputs)
    return watcher.crossings, held, frozenset(watcher.made)
