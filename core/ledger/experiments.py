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
    module.to(register())  # sim, a simulated accelerator; on a GPU: module.to("cuda")
    mask = module.tensor()
    return mask if mask is None else (mask.device.type != "cpu", f"the mask is on {mask.device}")


def cast_by_half(Way):
    module = Way(torch.ones(3))
    module.half()
    mask = module.tensor()
    return mask if mask is None else (mask.dtype == torch.float16, f"the mask is {mask.dtype}")


def cast_by_to(Way):
    module = Way(torch.ones(3))
    module.to(torch.float64)
    mask = module.tensor()
    return mask if mask is None else (mask.dtype == torch.float64, f"the mask is {mask.dtype}")


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
    return any("mask" in key for key in keys), f"the keys are {keys}"


def restored(Way):
    saved, fresh = Way(torch.full((3,), 2.0)), Way(torch.ones(3))
    fresh.load_state_dict(saved.state_dict())
    mask = fresh.tensor()
    return mask if mask is None else (mask[0].item() == 2, f"2.0 was saved, now {mask[0].item()}")


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
    return any("mask" in name for name in names), f"the names are {names}"


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
    return mask if mask is None else (mask[0].item() != 1, f"it was 1.0, now {mask[0].item():.2f}")


def shrunk_by_weight_decay(Way):
    module = Way(torch.ones(3))
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1, weight_decay=0.5)
    (0 * module(torch.ones(3))).sum().backward()  # the gradient is 0, so only the decay acts
    optimizer.step()
    mask = module.tensor()
    return mask if mask is None else (mask[0].item() < 1, f"it was 1.0, now {mask[0].item():.2f}")


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
    return mask if mask is None else (torch.equal(mask, module.tensor()), f"it has {mask.tolist()}")


def filled_by_to_empty(Way):
    module = Way(torch.ones(3, device="meta"))
    module.to_empty(device="cpu")
    mask = module.tensor()
    return mask if mask is None else (mask.device.type == "cpu", f"the mask is on {mask.device}")


def swapped_by_functional_call(Way):
    module = Way(torch.ones(3))
    output = torch.func.functional_call(module, {"mask": torch.full((3,), 5.0)}, torch.ones(3))
    return output[0].item() == 5, f"output {output[0].item()}; with the other mask: 5.0"


def same_object_after_to(Way):
    module = Way(torch.ones(3))
    before = module.tensor()
    module.to(torch.float64)
    mask = module.tensor()
    return mask if mask is None else (mask is before, f"it is a {mask.dtype} now")


def still_an_nn_buffer(Way):
    module = Way(torch.ones(3))
    before = isinstance(module.tensor(), nn.Buffer)
    module.to(torch.float64)
    mask = module.tensor()
    after = isinstance(mask, nn.Buffer)
    return mask if mask is None else (after, f"{before} before the move, {after} after it")


def still_one_of_two(Way):
    one, two = Way(torch.ones(3)), Way(torch.ones(3))
    held = {**one._parameters, **one._buffers, **vars(one)}
    for name in ("mask", "masks", "tensor"):  # the names under which the ten ways hold it
        if name in held:
            setattr(two, name, held[name])  # both modules hold the one tensor
    nn.ModuleList([one, two]).to(torch.float64)
    mask = one.tensor()
    if mask is None:
        return None
    count = len({mask.data_ptr(), two.tensor().data_ptr()})
    return mask is two.tensor(), f"{count} in memory"


def keeps_257_in_bfloat16(Way):
    module = Way(torch.full((3,), 257.0))
    module.to(torch.bfloat16).to(torch.float32)
    mask = module.tensor()
    return mask if mask is None else (mask[0].item() == 257, f"it was 257.0, now {mask[0].item()}")


def aliased_by_state_dict(Way):
    module = Way(torch.ones(3))
    state = module.state_dict()
    if module.tensor() is None:
        return None
    with torch.no_grad():
        module.tensor().fill_(5)
    saved = [tensor[0].item() for key, tensor in state.items() if "mask" in key]
    return saved == [5], f"the state has {saved}" if saved else "the state has no such key"


def asked_by_requires_grad(Way):
    module = Way(torch.ones(3))
    module.requires_grad_(True)
    mask = module.tensor()
    return mask if mask is None else (mask.requires_grad, f"requires_grad is {mask.requires_grad}")


def followed_by_an_average(Way, use_buffers=False):
    module = Way(torch.ones(3))
    average = torch.optim.swa_utils.AveragedModel(module, use_buffers=use_buffers)
    for value in (3.0, 5.0):
        if module.tensor() is None:
            return None
        with torch.no_grad():
            module.tensor().fill_(value)
        average.update_parameters(module)
    mask = average.module.tensor()
    found = {4.0: "averaged", 5.0: "copied", 1.0: "left behind"}[mask[0].item()]
    shared = mask is module.tensor()
    return "shared" if shared else found, f"it was 3.0, then 5.0; the average has {mask[0].item()}"


def stepped_after_a_move(Way):
    module = Way(torch.ones(3))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)  # made before the move
    module.to(torch.float64)
    module(torch.ones(3)).sum().backward()
    optimizer.step()
    mask = module.tensor()
    return mask if mask is None else (mask[0].item() != 1, f"it was 1.00, now {mask[0].item():.2f}")


def cast_by_autocast(Way):
    module = Way(torch.ones(3))
    mask = module.tensor()
    if mask is None:
        return None
    with torch.autocast("cpu", dtype=torch.bfloat16):  # or "cuda"
        product = torch.ones(2, 3) @ mask
    seen = f"the mask is {mask.dtype}, the product {product.dtype}"
    return module.tensor().dtype == torch.bfloat16, seen


def followed_with_use_buffers(Way):
    return followed_by_an_average(Way, use_buffers=True)
