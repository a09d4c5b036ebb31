"""What PyTorch does with a module's tensor: one small experiment each, run on a way to hold it.

An experiment takes a class of core.ledger.holders. It returns (answer, what was seen), where the
answer is True, False or a word; or None where there is no tensor to ask about. What PyTorch
raises, it raises.
"""

import copy
import pickle

import torch
from torch import nn

from core.device.simulated_device import register


def moved_by_to(Way):
    module = Way(torch.ones(3))
    module.to(register())  # the simulated accelerator
    mask = module.tensor()
    return mask if mask is None else (mask.device.type == "sim", f"on {mask.device}")


def cast_by_half(Way):
    module = Way(torch.ones(3))
    module.half()
    mask = module.tensor()
    return mask if mask is None else (mask.dtype == torch.float16, f"{mask.dtype}")


def cast_by_to(Way):
    module = Way(torch.ones(3))
    module.to(torch.float64)
    mask = module.tensor()
    return mask if mask is None else (mask.dtype == torch.float64, f"{mask.dtype}")


def half_of_integers(Way):
    module = Way(torch.tensor([1, 0, 1]))
    module.half()
    mask = module.tensor()
    seen = f"the weight is {module.weight.dtype}, the mask"
    return mask if mask is None else (mask.dtype == torch.float16, f"{seen} {mask.dtype}")


def half_of_booleans(Way):
    module = Way(torch.tensor([True, False, True]))
    module.half()
    mask = module.tensor()
    seen = f"the weight is {module.weight.dtype}, the mask"
    return mask if mask is None else (mask.dtype == torch.float16, f"{seen} {mask.dtype}")


def in_state_dict(Way):
    keys = list(Way(torch.ones(3)).state_dict())
    return any("mask" in key for key in keys), f"keys {keys}"


def restored(Way):
    saved, fresh = Way(torch.full((3,), 2.0)), Way(torch.ones(3))
    fresh.load_state_dict(saved.state_dict())
    mask = fresh.tensor()
    return mask if mask is None else (mask[0].item() == 2, f"saved 2.0, now {mask[0].item()}")


def in_parameters(Way):
    module = Way(torch.ones(3))
    found = [parameter is module.tensor() for parameter in module.parameters()]
    return any(found), f"the mask is {sum(found)} of the {len(found)} tensors listed"


def in_buffers(Way):
    module = Way(torch.ones(3))
    found = [buffer is module.tensor() for buffer in module.buffers()]
    return any(found), f"the mask is {sum(found)} of the {len(found)} tensors listed"


def in_nested_buffers(Way):
    outer = nn.Sequential(nn.Sequential(Way(torch.ones(3))))
    names = [name for name, _ in outer.named_buffers(recurse=True)]
    return any("mask" in name for name in names), f"names {names}"


def receives_gradient(Way):
    module = Way(torch.ones(3))
    module(torch.ones(3)).sum().backward()
    mask = module.tensor()
    return mask if mask is None else (mask.grad is not None, f"mask.grad is {mask.grad}")


def cleared_by_zero_grad(Way):
    module = Way(torch.ones(3))
    mask = module.tensor()
    if mask is None:
        return None
    mask.grad = torch.ones(3)  # as if something had left it there
    module.zero_grad(set_to_none=True)
    return mask.grad is None, f"mask.grad is {mask.grad}"


def changed_by_optimizer(Way):
    module = Way(torch.ones(3))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    module(torch.ones(3)).sum().backward()
    optimizer.step()
    mask = module.tensor()
    return (
        mask if mask is None else (mask[0].item() != 1, f"1.0 before, {mask[0].item():.2f} after")
    )


def shrunk_by_weight_decay(Way):
    module = Way(torch.ones(3))
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1, weight_decay=0.5)
    (0 * module(torch.ones(3))).sum().backward()  # the gradient is 0, so only the decay acts
    optimizer.step()
    mask = module.tensor()
    return mask if mask is None else (mask[0].item() < 1, f"1.0 before, {mask[0].item():.2f} after")


def survives_deepcopy(Way):
    module = Way(torch.ones(3))
    twin = copy.deepcopy(module)
    mask = twin.tensor()
    if mask is None:
        return None
    if mask is module.tensor():
        return "shared", "the copy holds the very same tensor"
    return torch.equal(mask, module.tensor()), "the copy holds an equal tensor of its own"


def survives_pickling(Way):
    module = Way(torch.ones(3))
    twin = pickle.loads(pickle.dumps(module))
    mask = twin.tensor()
    return mask if mask is None else (torch.equal(mask, module.tensor()), f"{mask.tolist()}")


def filled_by_to_empty(Way):
    module = Way(torch.ones(3, device="meta"))
    module.to_empty(device="cpu")
    mask = module.tensor()
    return mask if mask is None else (mask.device.type == "cpu", f"on {mask.device}")


def swapped_by_functional_call(Way):
    module = Way(torch.ones(3))
    output = torch.func.functional_call(module, {"mask": torch.full((3,), 5.0)}, torch.ones(3))
    return output[0].item() == 5, f"output {output[0].item()}; 5.0 with the swapped mask"
