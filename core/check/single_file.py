"""The checks and the simulated device as one file that runs with torch alone."""

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
from core.code.script import Needs, module_source
from core.device.source import MODULES
from core.workers import random_state

NAME = "buffer_check.py"
PARTS: tuple[ModuleType, ...] = (  # each uses only names of those above it
    random_state,
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
)
CHECKER = Needs("The simulated device, and the checks", (*MODULES, *PARTS))
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
    return _HEAD + module_source(*MODULES, *PARTS, command) + _FOOT
