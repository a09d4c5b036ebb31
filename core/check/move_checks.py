"""Does the module work on another device? Moved fresh, moved after a run, and what it copies.

The device is the simulated one: it refuses what a GPU refuses, on a machine without a GPU.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from torch import nn

from core.check.move_findings import REPAIRS, at, is_or_are, left_behind, made_on_cpu, named, stale
from core.check.outputs import as_share, difference, same_values
from core.check.places import asks_for_cuda
from core.check.repairs import Line, Watcher, moved_by_hand, on_cpu, smallest
from core.check.report import Finding, Trial
from core.check.subject import Run, Subject
from core.check.tensors import Held, tensors_of
from core.device.simulated_device import register

SIM = "sim"
EVALUATION, BUILT = "in evaluation mode", "as it was built"
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
    made: tuple[Line, ...]  # lines that made tensors on the CPU
    met: tuple[Line, ...]  # lines where tensors of both devices met
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
        return Attempt(Run(error=error), [], (), (), False)
    held = on_cpu(tensors_of(module))
    wanted = [h for h in held if h.unit in repairs]
    with Watcher(SIM, lines, as_cuda) as watcher, moved_by_hand(wanted, SIM):
        run = subject.call(module, SIM)
    return Attempt(run, held, tuple(watcher.made), tuple(watcher.met), watcher.asked_cuda)


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
        result.not_run.setdefault(name, f"{mode} it already fails on the CPU, {reference.outcome}")
        return
    known = result.repaired
    first = attempt(subject, mode, before, known, result.as_cuda)
    if not first.run.ok and first.asked_cuda and not result.as_cuda:
        again = attempt(subject, mode, before, known, as_cuda=True)
        if again.run.ok or _needed(subject, mode, before, known, again, True):
            first, result.as_cuda = again, True
            result.notes.append(
                "The code asks `is_cuda` or calls `.cuda()`. The simulated device answers as CUDA "
                "does; other accelerators would not."
            )
    if first.run.ok:
        result.runs = True
        return
    needed = _needed(subject, mode, before, known, first, result.as_cuda)
    if needed is None:
        result.not_run.setdefault(
            name,
            f"{mode} it fails on the simulated device with {first.run.outcome}, and no fix that "
            "was tried helps. Perhaps the simulated device lacks something: try a real one",
        )
        return
    result.runs = True
    result.repaired = known | needed
    by_name = [h for h in first.held if h.unit in needed and asks_for_cuda(type(h.owner))]
    if by_name and not result.as_cuda:
        result.not_run.setdefault(
            name,
            f"`{by_name[0].path}` stays on the CPU, but {type(by_name[0].owner).__name__} looks "
            'for the device type "cuda", and the simulated device has another name',
        )
        needed -= {h.unit for h in by_name}
    report = _Report(subject, mode, before, known, needed, first, reference, result.as_cuda)
    result.findings += report.findings()


def _on_the_cpu(subject: Subject, mode: str, before: bool) -> Run:
    module = in_mode(subject.fresh(), mode)
    first = subject.call(module)
    return subject.call(module) if before and first.ok else first


def _needed(subject: Subject, mode: str, before: bool, known: frozenset, first: Attempt,
            as_cuda: bool) -> frozenset | None:  # fmt: skip
    """The smallest set of repairs with which it runs, or None."""
    everything: dict[Hashable, None] = {
        h.unit: None for h in first.held if h.put is not None and h.unit not in known
    }
    tries = first
    for _ in range(MOST_ROUNDS):
        tries = attempt(subject, mode, before, known | set(everything), as_cuda)
        new = [line for line in tries.made if line not in everything]
        new = new or [line for line in tries.met if line not in everything]
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
        outcome = "it runs, and " + as_share(distance) if distance < 1e-3 else "it runs"
        return [self.finding(unit, outcome) for unit in sorted(self.needed, key=_order)]

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
            works = Trial(f"the same, but {REPAIRS[unit.role]}, in {at(unit)}", outcome, True)
            return made_on_cpu(unit, (shows, works))
        held = [h for h in self.first.held if h.unit == unit]
        names = tuple(h.path for h in held)
        works = Trial(f"the same, but {named(names)} {is_or_are(names)} moved too", outcome, True)
        if self.before:
            return stale(held, names, (shows, works))
        return left_behind(held, names, (shows, works), is_state(self.subject, names))


def is_state(subject: Subject, names: tuple[str, ...]) -> bool:
    """Whether a state_dict has to have tensors: a new module has others, or training changes them.

    names: their paths.
    """
    trained = subject.fresh(seed=1)
    subject.call(trained, seed=3)
    theirs = {h.path: h.tensor for h in tensors_of(trained)}
    new = {h.path: h.tensor for h in tensors_of(subject.fresh(seed=2, prepared=False))}
    return not all(
        name in theirs and name in new and same_values(theirs[name], new[name]) for name in names
    )


def _order(unit: Hashable) -> tuple:
    """Tensors first, by name; then lines, as they stand in the source."""
    return (1, unit) if isinstance(unit, Line) else (0, str(unit))


def _with(repairs: frozenset) -> str:
    return ", with the other faults fixed" if repairs else ""
