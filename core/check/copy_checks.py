"""What a module copies to the device on every forward: memory that could be there already."""

from core.check.move_checks import SIM, DeviceResult, is_state
from core.check.move_findings import at, is_or_are, named, register_fix
from core.check.repairs import Line, Watcher, moved_by_hand, on_cpu, smallest
from core.check.report import Finding, Trial
from core.check.subject import Subject, copied
from core.check.tensors import tensors_of
from core.device.simulated_device import count_copies

FEW_BYTES = 1024  # to the device on each forward: of no account


def copy_check(subject: Subject, result: DeviceResult) -> None:
    """What a second forward on the device copies to it."""
    before, held, made = _count(subject, result, frozenset())
    total = sum(before.values())
    if total <= FEW_BYTES:
        return
    everything = dict.fromkeys([*(h.unit for h in held if h.put), *made])

    def bytes_with(repairs: frozenset) -> int:
        return sum(_count(subject, result, repairs)[0].values())

    needed = smallest(everything, lambda repairs: bytes_with(repairs) <= FEW_BYTES)
    if needed is None:
        result.notes.append(
            f"Every forward copies {total:,} bytes to the device, and no fix that was tried "
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
            at(where),
            (
                Trial("a second forward on the device", f"{total:,} bytes are copied", False),
                Trial(
                    "the same, but it is there from the start", f"{left:,} bytes are copied", True
                ),
            ),
            register_fix([h for h in moved if h.unit == moved[0].unit], is_state(subject, names))
            if moved
            else f"# {at(lines[0])}\ntorch.{lines[0].function}(…, device=x.device)",
        )
    )


def _what(names: tuple[str, ...], lines: tuple[Line, ...]) -> str:
    parts = [f"{named(names)}, which {is_or_are(names)} not registered"] if names else []
    parts += [f"the result of `{line.function}` in {at(line)}" for line in lines[:3]]
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
    return watcher.crossings, held, tuple(watcher.made)
