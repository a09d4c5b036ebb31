"""What happens to a module's tensor: trained, saved into a file, loaded, moved to a device."""

import io

import torch

from core.device.simulated_device import register


def train(model, name, x):
    """Three steps; (whether the optimizer got the tensor, whether a step changed it).

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
    """Load the saved model into a new one: whether both give the same output, or the error.

    Both get one more batch in train(), and then compute in eval().
    """
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    torch.manual_seed(2)  # another process would draw other numbers
    new_model = Module()
    try:
        new_model.load_state_dict(torch.load(file))
    except RuntimeError as error:
        return f"{type(error).__name__}: {error}"
    outputs = []
    with torch.no_grad():
        for module in (model, new_model):
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
    """What happens to the tensor of that name in a Module that gets batches such as x."""
    torch.manual_seed(1)
    model = Module()
    handed, changed = train(model, name, x)
    state = model.state_dict()
    nbytes = state[name].nbytes if name in state else 0
    alike = goes_on(model, Module, x)
    place, error = move(model, name, x)
    return {
        "given to the optimizer": handed,
        "changed by the optimizer": changed,
        "bytes in the state_dict": nbytes,
        "a new module gives the same output": alike,
        "after .to(device) on": place,
        "error on the device": error,
    }
