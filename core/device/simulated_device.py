"""A simulated accelerator called `sim`: a memory of its own, values computed on the CPU.

    register()
    x = torch.ones(2, 3, device="sim")      # a plain torch.Tensor; x.device is sim:0
    x + torch.ones(2, 3)                    # RuntimeError: ... two devices, sim:0 and cpu!
    with count_copies() as copies:
        x.cpu()                             # copies[0].direction is "sim:0 -> cpu", .nbytes is 24

How it works. PyTorch keeps a slot, PrivateUse1, for devices that it does not know. A tensor on
`sim` is a plain tensor in that slot, whose storage says `sim:0` and points at bytes that a CPU
storage owns. Sizes, strides, views, autograd, state_dict, pickling and most messages are PyTorch's
own. An op on `sim` arrives at `_dispatch`, which refuses tensors of two devices, looks at the same
bytes through CPU tensors, runs the CPU's kernel on them, and hands the result back on `sim`.

Simulated: the memory space and its rules. Not simulated: speed (a small op takes 0.02 to 0.12 ms),
streams, memory limits, a GPU's rounding. Random numbers come from the CPU's generators: after
`torch.manual_seed(s)`, dropout on `sim` drops what it drops on the CPU. There is only `sim:0`.

Not supported: sparse, quantized, nested and pinned tensors; `cpu_parameter.data = sim_tensor`
(`module.to` works); casts by `torch.autocast("sim")` (it warns); torch.compile; safetensors'
`device="sim"` (load on the CPU, then move).

Needs only torch: written for 2.13.0, whose Python backends are experimental (pytorch#157859).
"""

import contextlib
import threading
from collections.abc import Generator

import torch
from torch.utils import backend_registration

from core.device.backend_module import _device_module, _DeviceGuard
from core.device.copy_counter import Copy
from core.device.kernel_table import _register_kernels
from core.device.memory import _NAME, _shared
from core.device.patches import _apply_patches


@contextlib.contextmanager
def count_copies() -> Generator[list[Copy], None, None]:
    """Collect every copy between `cpu` and `sim` made in this context (this thread, this task).

    Counted: `.to`, `.cpu()`, `copy_`, `load_state_dict`, CPU index tensors in `x[index]` (where a
    GPU gets the positions of a boolean mask, the mask), `.item()` and printing, which bring numbers
    home, and what `backward()` copies, since it runs in the calling thread. Not counted: 0-dim CPU
    tensors as operands, which a GPU takes as arguments of the kernel. Counters nest, and each gets
    every copy.
    """
    register()
    copies: list[Copy] = []
    counters = _shared().counters
    token = counters.set((*counters.get(), copies))
    try:
        yield copies
    finally:
        counters.reset(token)


def register() -> torch.device:
    """Make `sim` known to PyTorch, once a process, and return `torch.device("sim:0")`.

    Safe to call again, from many threads at once, and from a second copy of this source (a
    reloaded module, another notebook cell): the first copy serves all. Raises RuntimeError if
    another backend holds PyTorch's only slot.
    """
    with torch.__dict__.setdefault("_sim_registration", threading.Lock()):  # one for all copies
        if not hasattr(torch, _NAME):
            holder = torch._C._get_privateuse1_backend_name()
            if holder != "privateuseone":
                raise RuntimeError(f"the backend {holder!r} holds PyTorch's slot: no room for sim")
            _register()
    return torch.device(_NAME, 0)


def _register() -> None:
    module = _device_module()
    backend_registration._setup_privateuseone_for_python_backend(
        _NAME, backend_module=module, device_guard=_DeviceGuard()
    )
    _register_kernels(module)
    _apply_patches()
