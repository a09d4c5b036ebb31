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

Simulated: the memory space and its rules, each with its place in PyTorch's source beside it. Not
simulated: speed (a small op takes 0.02 to 0.12 ms), memory limits, a GPU's rounding, and the order
of streams: every op is over when it returns, and so is a copy with `non_blocking=True`. There is
only `sim:0`.

Limits, where `sim` differs from CUDA; tests whose names begin with `test_limit` show them:
- An index out of range raises the CPU's IndexError at once. CUDA asserts later, on the device:
  "CUDA error: device-side assert triggered".
- Random numbers come from the CPU's default generator: one stream for both devices.
- A graph made before its parameters moved keeps the weights that it saved, and `tensor.data = ...`
  across devices takes `.grad` along. CUDA leaves both, and may refuse later.
- A number as a device means `sim` where there is no real accelerator, as `x.get_device()` of a
  tensor on `sim` is 0. Where there is one, `.to(0)` goes there; `torch.device(0)` and `device=0`
  still mean `sim`: ask for "cuda:0".
- Sparse and quantized tensors, nested ones but for `layout=torch.jagged`, torch.compile (but for
  `backend="eager"`), DLPack, and safetensors' `device="sim"` (load on the CPU, then move) raise.
- No memory is pinned: `pin_memory()` gives the tensor back, where there is no real accelerator.
- A tensor that goes to another process is copied; there, `register()` comes first.
- After `resize_` to a larger size, older views keep the old memory.
- The names of a type are `torch.sim.FloatTensor`, in a message of the CPU's `simFloatType`, and
  messages say wrapper_PrivateUse1 for wrapper_CUDA.

Needs only torch: written for 2.13.0, whose Python backends are experimental (pytorch#157859).
"""

import contextlib
import threading
from collections.abc import Generator

import torch
from torch.utils import backend_registration

from core.device.backend_module import _device_module, _DeviceGuard, _Hooks
from core.device.copy_counter import Copy
from core.device.kernel_table import _register_kernels
from core.device.memory import _NAME, _shared
from core.device.other_processes import _send_through_the_cpu
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
    _apply_patches()  # some keep what PyTorch says before
    module = _device_module()
    module.guard = _DeviceGuard()
    module.type_ = _DeviceGuard.type_
    module.passes = 0  # of backward, under way in all threads
    backend_registration._setup_privateuseone_for_python_backend(
        _NAME, backend_module=module, hook=_Hooks(), device_guard=module.guard
    )
    _register_kernels(module)
    _send_through_the_cpu()
