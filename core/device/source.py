"""The device's modules, in the order of an exported script that has them above it."""

from types import ModuleType

from core.device import (
    autocast,
    backend_module,
    copy_counter,
    device_checks,
    dispatch,
    generators,
    interrupts,
    kernel_table,
    memory,
    moving_in_place,
    other_processes,
    own_kernels,
    patches,
    real_accelerator,
    simulated_device,
)

# In the order in which their sources are joined: each part uses only names of parts above it. Names
# that are not for learners begin with an underscore, and are unique across the parts.
MODULES: tuple[ModuleType, ...] = (
    memory,
    autocast,
    copy_counter,
    device_checks,
    generators,
    dispatch,
    own_kernels,
    backend_module,
    interrupts,
    kernel_table,
    moving_in_place,
    other_processes,
    real_accelerator,
    patches,
    simulated_device,
)
