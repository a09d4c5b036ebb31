"""The checks and the simulated device as one file that runs with torch alone."""

import ast
import inspect
from types import ModuleType

from core.check import (
    alias_checks,
    cast_checks,
    check_module,
    checkpoint_checks,
    command,
    copy_checks,
    hidden_checks,
    load_checks,
    load_failures,
    lost_state,
    move_checks,
    move_findings,
    outputs,
    places,
    repairs,
    report,
    saving,
    subject,
    tensors,
)
from core.device.source import device_source

NAME = "buffer_check.py"
PARTS: tuple[ModuleType, ...] = (  # each uses only names of those above it
    report,
    subject,
    outputs,
    tensors,
    places,
    repairs,
    move_findings,
    move_checks,
    copy_checks,
    hidden_checks,
    alias_checks,
    saving,
    load_failures,
    lost_state,
    checkpoint_checks,
    load_checks,
    cast_checks,
    check_module,
    command,
)
_HEAD = '''"""Checks a module for faults around buffers, devices and checkpoints. Needs only torch.

    python buffer_check.py package.module:function      prints a report; exit code 1 on an error
    from buffer_check import check                      report = check(build, *inputs)
"""

'''
_FOOT = """

if __name__ == "__main__":
    raise SystemExit(main())
"""


def single_file() -> str:
    """The source of NAME."""
    return _HEAD + "\n\n".join([device_source(), *map(_without_core, PARTS)]) + _FOOT


def _without_core(module: ModuleType) -> str:
    text = inspect.getsource(module)
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "core":
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)
