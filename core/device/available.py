"""The devices of this machine: real ones as PyTorch reports them, and always the simulated one."""

from dataclasses import dataclass

import torch

SIMULATED = "sim"


@dataclass(frozen=True)
class Device:
    """A place for tensors: the name that `.to()` takes, and what it is."""

    name: str
    description: str

    @property
    def simulated(self):
        return self.name == SIMULATED


def available_devices():
    """Every device that tensors can be moved to here, the CPU first, the simulated one last."""
    devices = [Device("cpu", "this computer's processor")]
    if torch.cuda.is_available():
        devices.append(Device("cuda", f"a real GPU: {torch.cuda.get_device_name()}"))
    if torch.backends.mps.is_available():
        devices.append(Device("mps", "a real GPU: Apple's Metal"))
    if torch.xpu.is_available():
        devices.append(Device("xpu", f"a real GPU: {torch.xpu.get_device_name()}"))
    devices.append(Device(SIMULATED, "a simulated accelerator"))
    return tuple(devices)
