"""Modules that forward uses and PyTorch does not know of, since a plain container holds them."""

from typing import Any

from core.check.move_checks import DeviceResult, in_mode
from core.check.move_findings import hidden_finding
from core.check.report import Trial
from core.check.subject import Subject
from core.check.tensors import hidden_modules, tensors_of


def hidden_check(subject: Subject, mode: str, result: DeviceResult, reported: set[str]) -> None:
    """Warn of hidden modules with parameters that a run calls, where no error names them."""
    module = in_mode(subject.fresh(), mode)
    called: set[str] = set()
    for path, hidden in hidden_modules(module).items():
        hidden.register_forward_pre_hook(_remember(called, path))
    subject.call(module)
    used = [h for h in tensors_of(module) if h.hidden in called and h.holding == "parameter"]
    for unit in dict.fromkeys(h.unit for h in used):
        held = [h for h in used if h.unit == unit]
        if reported & {h.path for h in held}:
            continue
        count = sum(h.tensor.numel() for h in held)
        listed = {name for name, _ in module.named_parameters()}
        there = f"{sum(h.path in listed for h in held)} of {len(held)} tensors are there"
        shows = Trial(
            "run it, look for its parameters in parameters()",
            f"{there}, {count:,} numbers lack",
            False,
        )
        result.findings.append(hidden_finding("warning", held, (shows,)))


def _remember(called: set[str], path: str) -> Any:
    def hook(*args: Any) -> None:
        called.add(path)

    return hook
