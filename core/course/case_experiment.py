"""What becomes of a module's tensor: trained, saved into a file, loaded, and moved to a device."""

import io

import torch

from core.device.simulated_device import register


def train(model, name, x):
    """Three steps; (whether the optimizer was handed the tensor, whether a step changed it).

    The last step runs in eval(), as in fine-tuning with statistics that stay as they are.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    handed = any(parameter is getattr(model, name) for parameter in model.parameters())
    changed = False
    for training in (True, True, False):
        model.train(training)
        optimizer.zero_grad()
        loss = (model(x) - 1).square().mean()
        if loss.requires_grad:
            loss.backward()
        before = getattr(model, name).detach().clone()
        optimizer.step()
        changed |= not torch.equal(before, getattr(model, name))
    return handed, changed


def goes_on(model, Module, x):
    """Save the model, load a fresh one: whether both go on alike, or the error of the loading.

    They get one more batch in train(), and then compute in eval().
    """
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    torch.manual_seed(2)  # another process would draw other numbers
    fresh = Module()
    try:
        fresh.load_state_dict(torch.load(file))
    except RuntimeError as error:
        return f"{type(error).__name__}: {error}"
    outputs = []
    with torch.no_grad():
        for module in (model, fresh):
            module.train()(x + 1)
            outputs.append(module.eval()(x))
    return torch.equal(*outputs)


def move(model, name, x):
    """(the tensor's device after model.to(device), the error of a forward pass there or None)."""
    device = register()  # sim, a simulated accelerator; on a GPU write "cuda"
    model.to(device)
    place = str(getattr(model, name).device)
    try:
        for training in (True, False):
            model.train(training)(x.to(device))
    except RuntimeError as error:
        return place, f"{type(error).__name__}: {error}"
    return place, None


def examine(Module, name, x):
    """What becomes of the tensor of that name in a Module that gets batches such as x."""
    torch.manual_seed(1)
    model = Module()
    handed, changed = train(model, name, x)
    state = model.state_dict()
    nbytes = state[name].nbytes if name in state else 0
    alike = goes_on(model, Module, x)
    place, error = move(model, name, x)
    return {
        "handed to the optimizer": handed,
        "changed by the optimizer": changed,
        "bytes in the state_dict": nbytes,
        "a fresh module goes on alike": alike,
        "after .to(device) on": place,
        "error on the device": error,
    }
