"""The devices of this machine, and the simulated one, `sim`.

`available` lists devices. `simulated_device` is the door to the simulated one: `register()` and
`count_copies()`. Behind it stand, each using only those before it: `memory` (the same bytes seen
from `sim` and from the CPU), `autocast` (which op casts its tensors first), `copy_counter` (what
crosses the boundary), `device_checks` (which op takes tensors of two devices, and PyTorch's
messages), `dispatch` (how an op runs on the CPU), `own_kernels` (ops with a meaning of their own),
`kernel_table` (what PyTorch calls for which op), `backend_module` (`torch.sim`), `other_processes`
(a tensor in a queue), `patches` (every change to torch's own names). `source` joins them into one
text for scripts that leave the house.
"""
