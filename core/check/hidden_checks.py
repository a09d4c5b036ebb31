"""Modules that forward uses and PyTorch does not know of, since a plain container holds them."""

from typing import Any

from core.check.device_checks import DeviceResult, in_mode, named
from core.check.report import Finding, Trial
from core.check.subject import Subject
from core.check.tensors import hidden_modules, tensors_of, where_held


def hidden_check(subject: Subject, mode: str, result: DeviceResult) -> None:
    """Warn of hidden modules with parameters that a run calls, where no error says so already."""
    module = in_mode(subject.fresh(), mode)
    called: set[str] = set()
    for path, hidden in hidden_modules(module).items():
        hidden.register_forward_pre_hook(_remember(called, path))
    subject.call(module)
    reported = {name for finding in result.findings for name in finding.names}
    groups: dict[str, list[str]] = {}
    for path in sorted(called):
        groups.setdefault(path.split("[")[0], []).append(path)
    for paths in groups.values():
        held = [h for h in tensors_of(module) if h.hidden in paths and h.holding == "parameter"]
        if not held or reported & {h.path for h in held}:
            continue
        count = sum(h.tensor.numel() for h in held)
        listed = {name for name, _ in module.named_parameters()}
        result.findings.append(
            Finding(
                "warning",
                "hidden_module",
                f"`forward` runs {named(tuple(paths))}, which no module holds. An optimizer over "
                "`parameters()` does not train them, and the state_dict does not save them.",
                tuple(h.path for h in held),
                where_held(held[0]),
                (
                    Trial(
                        "look for their numbers in parameters()",
                        f"{sum(h.path in listed for h in held)} of {len(held)} tensors are there, "
                        f"{count:,} numbers are missing",
                        False,
                    ),
                ),
                "# nn.ModuleDict for a dict, an attribute for one module\n"
                f"self.{paths[0].split('[')[0].rpartition('.')[2]} = nn.ModuleList(…)",
            )
        )


def _remember(called: set[str], path: str) -> Any:
    def hook(*args: Any) -> None:
        called.add(path)

    return hook
