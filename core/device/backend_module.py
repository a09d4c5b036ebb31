"""`torch.sim`: what PyTorch asks of a device's module, and the state that all copies share."""

import contextlib
import contextvars
import threading
import types
from typing import Any

import torch
from torch._C._autograd import DeviceType

from core.device.memory import _NAME, _shared


def _device_module() -> Any:
    """`torch.sim`: what PyTorch asks of a device's module, and the state that all copies share."""
    module: Any = types.ModuleType(f"torch.{_NAME}", "The simulated device.")
    module.counters = contextvars.ContextVar("sim_counters", default=())  # a list of Copy for each
    module.pending = threading.local()  # .error: see _DeviceGuard
    module.is_available = module.is_initialized = lambda: True
    module._is_in_bad_fork = lambda: False
    module.device_count = lambda: 1
    module.current_device = lambda: 0
    module.device = contextlib.nullcontext  # `with torch.sim.device(0)` chooses among one
    module.synchronize = lambda device=None: None
    module.get_amp_supported_dtype = list  # none
    # Random numbers are the CPU's, and torch.manual_seed has seeded them when it calls this.
    module.manual_seed_all = module.manual_seed = lambda seed: None
    module.get_rng_state = lambda device=_NAME: torch.get_rng_state()
    module.set_rng_state = lambda state, device=_NAME: torch.set_rng_state(state)
    return module


class _DeviceGuard(torch._C._acc.DeviceGuard):
    def type_(self) -> Any:
        # PyTorch's engine asks this also while an exception of a backward hook is pending, and
        # returning with one pending would abort the process. The end of a loop lets it surface.
        try:
            for _ in {}:
                pass
        except BaseException as error:
            _shared().pending.error = error
        return DeviceType.PrivateUse1
