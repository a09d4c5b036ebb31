"""The devices of this machine: real ones as PyTorch reports them, and always the simulated one."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from core.device import simulated_device

SIMULATED = "sim"


@dataclass(frozen=True)
class Device:
    """A place for tensors: the name that `.to()` takes, and what it is."""

    name: str
    description: str

    @property
    def simulated(self) -> bool:
        return self.name == SIMULATED


@dataclass(frozen=True)
class Accelerator:
    """A kind of real device: its name, and how PyTorch says whether there is one, and which."""

    name: str
    is_available: Callable[[], bool]
    model: Callable[[], str]


# PyTorch is asked when it matters, not when this file is imported.
ACCELERATORS = (
    Accelerator("cuda", lambda: torch.cuda.is_available(), lambda: torch.cuda.get_device_name()),
    Accelerator("mps", lambda: torch.backends.mps.is_available(), lambda: "Apple's Metal"),
    Accelerator("xpu", lambda: torch.xpu.is_available(), lambda: torch.xpu.get_device_name()),
)


def limits() -> tuple[str, ...]:
    """What `sim` does otherwise than CUDA, a sentence or two each: the list in its docstring."""
    _, _, text = (simulated_device.__doc__ or "").partition("Limits, where")
    items = text.partition("\n\n")[0].split("\n- ")[1:]
    return tuple(" ".join(item.split()) for item in items)


def available_devices() -> tuple[Device, ...]:
    """Every device that tensors can be moved to here, the CPU first, the simulated one last."""
    real = [
        Device(kind.name, f"a real GPU: {kind.model()}")
        for kind in ACCELERATORS
        if kind.is_available()
    ]
    cpu = Device("cpu", "this computer's processor")
    return (cpu, *real, Device(SIMULATED, "a simulated accelerator"))
