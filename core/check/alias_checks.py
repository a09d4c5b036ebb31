"""Two names on one tensor: one memory on the CPU, and two after `.to()`.

Nothing fails, so the proof is an edit: what an optimizer's step does to one name. Where the other
name is read, the output follows on the CPU and does not follow on the device.
"""

from collections import defaultdict

import torch
from torch import nn

from core.check.move_checks import SIM, DeviceResult, in_mode
from core.check.outputs import difference
from core.check.places import where_held
from core.check.report import Finding, Trial
from core.check.subject import Subject
from core.check.tensors import Held, tensors_of

MOST_GROUPS = 6


def alias_check(subject: Subject, mode: str, result: DeviceResult) -> None:
    """Find tensors that part in `.to()`, and whether that changes what the module computes."""
    if result.repaired:
        result.not_run["tensors that share memory"] = (
            "the errors on the device have to be fixed first"
        )
        return
    written = _written(subject, mode)
    for paths in _parted(subject)[:MOST_GROUPS]:
        for path in paths:
            if path in written and _report(subject, mode, path, paths, result):
                break


def _parted(subject: Subject) -> list[tuple[str, ...]]:
    """Paths of tensors in one memory on the CPU, that are in several on the device."""
    here = [h for h in tensors_of(subject.fresh()) if _plain_memory(h.tensor)]
    groups = defaultdict(list)
    for held in here:
        groups[held.tensor.untyped_storage().data_ptr()].append(held)
    moved = {h.path: h.tensor for h in tensors_of(subject.fresh().to(SIM))}
    parted = []
    for group in groups.values():
        if len({id(h.tensor) for h in group}) < 2 or any(h.path not in moved for h in group):
            continue
        there = [moved[h.path] for h in group]
        on_device = all(t.device.type == SIM for t in there)
        if on_device and len({t.untyped_storage().data_ptr() for t in there}) > 1:
            parted.append(tuple(h.path for h in group))
    return parted


def _plain_memory(tensor: torch.Tensor) -> bool:
    dense = tensor.layout is torch.strided and tensor.device.type == "cpu"
    return dense and tensor.numel() > 0 and tensor.is_floating_point()


def _written(subject: Subject, mode: str) -> set[str]:
    """Tensors that change in use: parameters that are trained, and what a run writes to."""
    module = in_mode(subject.fresh(), mode)
    before = {h.path: h.tensor.detach().clone() for h in tensors_of(module)}
    subject.call(module)
    return {
        h.path
        for h in tensors_of(module)
        if (isinstance(h.tensor, nn.Parameter) and h.tensor.requires_grad)
        or (h.path in before and not _equal(before[h.path], h.tensor))
    }


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.detach().nan_to_num())


def _report(
    subject: Subject, mode: str, path: str, paths: tuple[str, ...], result: DeviceResult
) -> bool:
    on_cpu = _effect(subject, mode, "cpu", path)
    on_device = _effect(subject, mode, SIM, path)
    if on_cpu is None or on_device is None or not _apart(on_cpu, on_device):
        return False
    tied = _effect(subject, mode, SIM, path, tie=paths)
    if tied is None or _apart(on_cpu, tied):
        return False
    others = [other for other in paths if other != path]
    held = next(h for h in tensors_of(subject.fresh()) if h.path == others[0])
    result.findings.append(
        Finding(
            "warning",
            "parted",
            f"On the CPU, `{path}` and `{others[0]}` share one memory. `.to()` copies each of them "
            "separately, so on the device they do not: a change to one does not reach the other, "
            "and there is no error.",
            (path, *others),
            where_held(held),
            (
                Trial(f"add 1 to `{path}` on the CPU", f"the output changes by {on_cpu:.2g}", True),
                Trial("the same on the device", f"the output changes by {on_device:.2g}", False),
                Trial(
                    "the same on the device, with one shared memory again",
                    f"the output changes by {tied:.2g}",
                    True,
                ),
            ),
            f"# use only `{path}`, also where `{others[0]}` is used now; or give one nn.Parameter\n"
            "# object both names (nn.Parameter(other) and other.data make a new object)\n"
            f"self.{held.attribute} = …  # the same object",
        )
    )
    return True


def _apart(one: float, other: float) -> bool:
    """Whether two effects are different ones, by far more than rounding."""
    return abs(one - other) > 0.01 * max(one, other) and max(one, other) > 1e-3


def _effect(
    subject: Subject, mode: str, device: str, path: str, tie: tuple[str, ...] = ()
) -> float | None:
    """How far the output moves when 1 is added to a tensor; None where it does not run.

    The absolute distance, so that both devices are measured with one measure.
    """
    outputs = []
    for step in (0.0, 1.0):
        module = in_mode(subject.fresh(), mode).to(device)
        held = {h.path: h for h in tensors_of(module)}
        if path not in held or not _tie(held, path, tie):
            return None
        edited = held[path].tensor
        kept = edited.detach().clone()
        with torch.no_grad():
            edited.add_(step)
        run = subject.call(module, device)
        with torch.no_grad():
            edited.copy_(kept)
        if not run.ok:
            return None
        outputs.append(run.output)
    return difference(*outputs)


def _tie(held: dict[str, Held], path: str, tie: tuple[str, ...]) -> bool:
    """Put the tensor at path under the other names too; False where the forms differ."""
    tensor = held[path].tensor
    for other in tie:
        if other == path:
            continue
        there = held[other]
        if there.put is None or there.tensor.numel() != tensor.numel():
            return False
        there.put(tensor if there.tensor.shape == tensor.shape else tensor.view(there.tensor.shape))
    return True
