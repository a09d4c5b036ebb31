"""The device as one text that runs with torch alone: what an exported script has above it."""

import ast
import inspect
from types import ModuleType

from core.device import (
    backend_module,
    copy_counter,
    device_checks,
    dispatch,
    generators,
    interrupts,
    kernel_table,
    memory,
    moving_in_place,
    own_kernels,
    patches,
    real_accelerator,
    simulated_device,
)

# In the order in which their sources are joined: each part uses only names of parts above it. Names
# that are not for learners begin with an underscore, and are unique across the parts.
MODULES: tuple[ModuleType, ...] = (
    memory,
    copy_counter,
    device_checks,
    generators,
    dispatch,
    own_kernels,
    backend_module,
    interrupts,
    kernel_table,
    moving_in_place,
    real_accelerator,
    patches,
    simulated_device,
)


def device_source() -> str:
    """The sources of MODULES, one below the other, without the imports of each other."""
    return "\n\n".join(map(_without_imports_of_core, MODULES))


def _without_imports_of_core(module: ModuleType) -> str:
    text = inspect.getsource(module)
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "core":
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)
