"""`torch.sim`: what PyTorch asks of a device's module, and the state that all copies share."""

import contextlib
import contextvars
import functools
import itertools
import threading
import types
from typing import Any

import torch
from torch._C._autograd import DeviceType

from core.device.autocast import _AUTOCAST_DTYPES
from core.device.memory import _NAME, _SIM


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
    module.empty_cache = lambda: None  # every free tensor's memory goes back at once
    module.Stream = functools.partial(torch.Stream, device=_SIM)  # in order, like everything here
    module.Event = functools.partial(torch.Event, _SIM)
    module.current_stream = lambda device=None: torch.Stream(device=_SIM)
    module.stream = contextlib.nullcontext  # `with torch.sim.stream(s)` chooses among one
    module.get_amp_supported_dtype = lambda: _AUTOCAST_DTYPES
    module.autocast_casts = {}  # by id: (weak reference to a weight, that weight cast)
    # Random numbers come from the CPU's default generator: there is one stream of them.
    module.manual_seed = module.manual_seed_all = _seed_default_generator
    module.initial_seed = lambda: torch.default_generator.initial_seed()
    module.seed = module.seed_all = lambda: torch.default_generator.seed()
    module.get_rng_state = lambda device=_NAME: torch.get_rng_state()
    module.set_rng_state = lambda state, device=_NAME: torch.set_rng_state(state)
    return module


def _seed_default_generator(seed: int) -> None:
    torch.default_generator.manual_seed(int(seed))


# How often the guard below was asked for its function, and how often that was called: both count
# down in C, and differ only in between.
_CALLED = itertools.repeat(DeviceType.PrivateUse1, 2**62)
_ASKED = itertools.repeat(functools.partial(next, _CALLED), 2**62)


class _DeviceGuard(torch._C._acc.DeviceGuard):
    """What PyTorch asks which device this is: often, and also where an exception would abort the
    process (c10/core/impl/DeviceGuardImplInterface.h, `noexcept`). So no line of Python runs here,
    in which Ctrl-C could raise; for backward(), see interrupts.py."""

    type_: Any = property(functools.partial(next, _ASKED))


class _Hooks(torch._C._acc.PrivateUse1Hooks):
    """Likewise, without a line of Python: the answer to each question is True."""

    is_available = is_built = functools.partial(bool, True)
    has_primary_context = functools.partial(max, True)
