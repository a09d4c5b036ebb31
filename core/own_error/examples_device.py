"""The smallest examples of device and dtype errors, and their corrected forms."""

import torch
from torch import nn
from torch.nn import functional as F

from core.device.simulated_device import register

# In each: "cuda" where there is a GPU; else register() makes sim, a simulated one.


def mask_on_the_cpu():
    device = "cuda" if torch.cuda.is_available() else register()
    module = nn.Module()
    module.mask = torch.ones(3, 3).triu(1).bool()  # a plain attribute
    module.to(device)
    scores = torch.ones(3, 3, device=device)
    scores.masked_fill(module.mask, -torch.inf)


def mask_is_a_buffer():
    device = "cuda" if torch.cuda.is_available() else register()
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3, 3).triu(1).bool())  # .to() takes it along
    module.to(device)
    scores = torch.ones(3, 3, device=device)
    scores.masked_fill(module.mask, -torch.inf)


def input_on_the_cpu():
    device = "cuda" if torch.cuda.is_available() else register()
    layer = nn.Linear(3, 2).to(device)
    layer(torch.ones(1, 3))


def input_goes_along():
    device = "cuda" if torch.cuda.is_available() else register()
    layer = nn.Linear(3, 2).to(device)
    layer(torch.ones(1, 3).to(device))


def bias_on_the_cpu():
    device = "cuda" if torch.cuda.is_available() else register()
    scores = torch.ones(3, 3, device=device)
    positions = torch.arange(3.0)  # made on the CPU, in forward
    scores + positions


def bias_made_there():
    device = "cuda" if torch.cuda.is_available() else register()
    scores = torch.ones(3, 3, device=device)
    positions = torch.arange(3.0, device=scores.device)
    scores + positions


def index_on_the_device():
    device = "cuda" if torch.cuda.is_available() else register()
    table = torch.ones(4, 2)  # a plain attribute, left on the CPU
    table[torch.tensor([0, 2], device=device)]


def table_on_the_device():
    device = "cuda" if torch.cuda.is_available() else register()
    module = nn.Module()
    module.register_buffer("table", torch.ones(4, 2))
    module.to(device)
    module.table[torch.tensor([0, 2], device=device)]


def weight_on_the_cpu():
    device = "cuda" if torch.cuda.is_available() else register()
    layers = [nn.Conv1d(3, 2, 1)]  # in a list: no module's .to() finds it
    layers[0](torch.ones(1, 3, 4, device=device))


def weight_goes_along():
    device = "cuda" if torch.cuda.is_available() else register()
    layers = nn.ModuleList([nn.Conv1d(3, 2, 1)]).to(device)
    layers[0](torch.ones(1, 3, 4, device=device))


def optimizer_stays_behind():
    device = "cuda" if torch.cuda.is_available() else register()
    layer = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()  # makes the momentum, on the CPU
    layer.to(device)
    layer(torch.ones(1, 2, device=device)).sum().backward()
    optimizer.step()


def optimizer_made_after_the_move():
    device = "cuda" if torch.cuda.is_available() else register()
    layer = nn.Linear(2, 1).to(device)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        layer(torch.ones(1, 2, device=device)).sum().backward()
        optimizer.step()


def generator_of_the_cpu():
    device = "cuda" if torch.cuda.is_available() else register()
    torch.randn(3, device=device, generator=torch.Generator())


def generator_of_the_device():
    device = "cuda" if torch.cuda.is_available() else register()
    torch.randn(3, device=device, generator=torch.Generator(device=device))


def numpy_of_the_device():
    device = "cuda" if torch.cuda.is_available() else register()
    torch.ones(3, device=device).numpy()


def numpy_of_the_cpu():
    device = "cuda" if torch.cuda.is_available() else register()
    torch.ones(3, device=device).cpu().numpy()


def moved_from_meta():
    layer = nn.Linear(2, 2, device="meta")
    layer.to("cpu")


def emptied_and_filled():
    saved = nn.Linear(2, 2).state_dict()
    layer = nn.Linear(2, 2, device="meta")
    layer.to_empty(device="cpu")  # memory with arbitrary values
    layer.load_state_dict(saved)  # buffers that are not in the file: compute them again


def input_in_half():
    layer = nn.Linear(3, 2)
    layer(torch.ones(1, 3, dtype=torch.float16))


def input_in_the_weights_dtype():
    layer = nn.Linear(3, 2)
    layer(torch.ones(1, 3, dtype=torch.float16).to(layer.weight.dtype))


def too_negative():
    scores = torch.ones(2, 2, dtype=torch.float16)
    scores.masked_fill(torch.eye(2).bool(), -1e9)


def minus_infinity():
    scores = torch.ones(2, 2, dtype=torch.float16)
    F.softmax(scores.masked_fill(torch.eye(2).bool(), -torch.inf), dim=-1)
