"""Questions on what moves and what is cast."""

import copy

import torch
from torch import nn

from core.cases.case import Choice, prints, raises, works
from core.course.place import failure
from core.course.recap_pool.places import check, lab, ledger, moving
from core.course.recap_question import RecapQuestion
from core.device.simulated_device import register

DEVICE_ERROR = "a device error"


def plain_mask():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.mask = torch.ones(3)

        def forward(self, x):
            return x * self.weight * self.mask

    device = register()  # sim, simulated; on a GPU write "cuda"
    model = Masked().to(device)
    print(f"output: {model(torch.ones(3, device=device)).device.type}")


def integers_in_half():
    model = nn.Linear(2, 2)
    model.register_buffer("positions", torch.arange(4))
    model.half()
    print(f"positions: {model.positions.dtype}")


def alias_in_a_list():
    model = nn.Linear(2, 2)
    model.register_buffer("mask", torch.ones(2, 2))
    masks = [model.mask]
    model.to(torch.float64)
    print(f"the list has the buffer: {masks[0] is model.mask}")


def moved_to_meta():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.mask = torch.ones(())  # not registered

        def forward(self, x):
            return x * self.weight * self.mask

    model = Masked().to("meta")
    print(f"output: {model(torch.ones(3, device='meta')).device}")
    print(f"mask: {model.mask.device}")


def assigned_anew():
    model = nn.Linear(2, 2)
    model.register_buffer("mask", torch.ones(2, 2))
    model.mask = torch.zeros(2, 2)
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")


def copied_deeply():
    model = nn.Linear(2, 2)
    model.mask = torch.ones(2)
    twin = copy.deepcopy(model)
    twin.mask.zero_()
    print(f"the first one's mask: {model.mask.tolist()}")


def optimizer_made_before():
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.to(register())  # sim, simulated; on a GPU write "cuda"
    held = optimizer.param_groups[0]["params"][0]
    print(f"it has the moved weight: {held is model.weight}")


def zeros_in_forward():
    class Sums(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return x * self.weight + torch.zeros(3)

    device = register()  # sim, simulated; on a GPU write "cuda"
    model = Sums().to(device)
    print(f"output: {model(torch.ones(3, device=device)).device.type}")


def number_on_the_cpu():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.tensor(2.0)  # not registered, no dimensions

        def forward(self, x):
            return x * self.scale

    device = register()  # sim, simulated; on a GPU write "cuda"
    model = Scaled().to(device)
    print(f"output: {model(torch.ones(3, device=device)).tolist()}")
    print(f"scale: {model.scale.device}")


def tied_buffers():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    first.register_buffer("table", torch.ones(2))
    second.register_buffer("table", first.table)
    nn.Sequential(first, second).to(torch.float64)
    print(f"one weight: {first.weight is second.weight}")
    print(f"one table: {first.table is second.table}")


def complex_to_real():
    model = nn.Module()
    model.register_buffer("table", torch.tensor([1 + 2j]))
    model.to(torch.bfloat16)
    print(f"table: {model.table.tolist()}")


QUESTIONS = (
    RecapQuestion(
        "plain-mask", "The mask is a plain attribute. The module moves, and then runs. What "
        "happens?",
        plain_mask,
        (
            Choice("it works on the device", "It would work if the mask were registered.", works),
            Choice(DEVICE_ERROR, "`.to()` moves what is registered. The mask stayed on the CPU, "
                   "so the product gets tensors from two devices.", raises("device")),
            Choice("it works, on the CPU", "Nothing brings the input back to the CPU.",
                   prints("output", "cpu")),
        ),
        lab("a plain attribute on another device", buffer="false"),
    ),
    RecapQuestion(
        "integers-in-half", "A buffer of whole numbers. What is its dtype after `.half()`?",
        integers_in_half,
        (
            Choice("float16", "`.half()` casts floating-point tensors only.",
                   prints("positions", "torch.float16")),
            Choice("int64", "`.half()` goes through all buffers, and casts those that are "
                   "floating point.", prints("positions", "torch.int64")),
            Choice("int16", "`.half()` does not shorten whole numbers.",
                   prints("positions", "torch.int16")),
        ),
        ledger(".half() on int64", "register_buffer"),
    ),
    RecapQuestion(
        "alias-in-a-list", "The module has a buffer, and a list holds the same tensor. After "
                           "`.to(torch.float64)`, does the list still hold the module's buffer?",
                           alias_in_a_list,
        (
            Choice("yes, the very same tensor", "A cast makes a new tensor, and the list still "
                   "holds the old one.",
                   prints("the list has the buffer", "True")),
            Choice("no, the one from before", "`.to()` puts a new tensor into the module. The "
                   "list keeps the old one.", prints("the list has the buffer", "False")),
        ),
        moving("a list holds the mask too", "buffer", "list.to-sim.float64.forward"),
    ),
    RecapQuestion(
        "moved-to-meta", "A mask without dimensions is a plain attribute. The module moves to "
        "`meta`. Does a forward pass there raise?", moved_to_meta,
        (
            Choice("yes, a device error", "Tensors on `meta` have no values, and not every "
                   "operation checks devices there.",
                   raises("device")),
            Choice("no, though the mask stayed on the CPU", "An operation accepts a CPU tensor "
                   "without dimensions beside tensors of another device. So a run without an "
                   "error proves nothing.",
                   prints("mask", "cpu")),
            Choice("no, the mask moved too", "It is not registered, so nothing moved it.",
                   prints("mask", "meta")),
        ),
        moving("no error, no proof", "plain", "to-meta.forward"),
    ),
    RecapQuestion(
        "assigned-anew", "`mask` is a buffer. What is it after `model.mask = torch.zeros(2, 2)`?",
        assigned_anew,
        (
            Choice("a buffer still", "The name is registered. A tensor that is assigned to it "
                   "becomes the buffer.", prints("buffers", "['mask']")),
            Choice("a plain attribute", "It would be one after `del model.mask`.",
                   prints("buffers", "[]")),
            Choice("an error is raised", "An error is raised for a value that is neither a tensor "
                   "nor `None`.", raises("Error")),
        ),
        failure("deleted-and-assigned"),
    ),
    RecapQuestion(
        "copied-deeply", "A module with a plain tensor is copied by `deepcopy`. Then the copy's "
                         "tensor is set to 0. What is in the tensor of the first module?",
                         copied_deeply,
        (
            Choice("zeros too", "A deep copy shares no tensor with the first module.",
                   prints("the first one's mask", "[0.0, 0.0]")),
            Choice("ones", "`deepcopy` copies all attributes, registered or not.",
                   prints("the first one's mask", "[1.0, 1.0]")),
            Choice("an error: it was not copied", "The tensor was copied with the module.",
                   raises("Error")),
        ),
        ledger("survives deepcopy", "plain attribute"),
    ),
    RecapQuestion(
        "optimizer-made-before", "The optimizer is made before `.to(device)`. Does it "
        "hold the weight that moved?", optimizer_made_before,
        (
            Choice("yes", "`.to(device)` gave the weight new data and kept the object. So the "
                   "optimizer and the module hold the same weight. But momentum, if there is "
                   "any yet, stays on the old device.",
                   prints("it has the moved weight", "True")),
            Choice("no, an old copy", "A buffer would be replaced by a new tensor. The weight "
                   "was changed in place.",
                   prints("it has the moved weight", "False")),
        ),
        failure("optimizer-left-behind"),
    ),
    RecapQuestion(
        "zeros-in-forward", "`forward` adds `torch.zeros(3)`. The module moves, and then runs. "
        "What happens?",
        zeros_in_forward,
        (
            Choice(DEVICE_ERROR, "`torch.zeros(3)` is made on the CPU, wherever the module is. "
                   "With `device=x.device` it works.", raises("device")),
            Choice("it works on the device", "`.to()` moved the module. It does not change where "
                   "`forward` makes new tensors.", works),
        ),
        check("made on the CPU in forward", "ZerosOnCpu"),
    ),
    RecapQuestion(
        "number-on-the-cpu", "A scale without dimensions is a plain attribute. The module "
        "moves, and then runs. What happens?", number_on_the_cpu,
        (
            Choice(DEVICE_ERROR, "Two devices mostly raise an error. A CPU tensor without "
                   "dimensions is the exception.",
                   raises("device")),
            Choice("it works, and the scale moved", "Nothing moves a tensor that is not "
                   "registered.",
                   prints("scale", "sim:0", "cuda:0")),
            Choice("it works, and the scale is on the CPU", "An operation accepts a CPU tensor "
                   "without dimensions beside tensors of another device. But this tensor is not "
                   "saved.",
                   prints("scale", "cpu")),
        ),
        failure("meta-says-nothing"),
    ),
    RecapQuestion(
        "tied-buffers", "Two layers share a weight and a buffer. What do they share after "
        "`.to(torch.float64)`?", tied_buffers,
        (
            Choice("both", "Each layer's buffer is replaced by a new tensor of its own.",
                   lambda seen: seen.value("one weight") == seen.value("one table") == "True"),
            Choice("the weight only", "A parameter is changed in place and stays shared. Each "
                   "layer's buffer is replaced by a tensor of its own.",
                   lambda seen: (seen.value("one weight"), seen.value("one table"))
                   == ("True", "False")),
            Choice("neither", "A parameter is changed in place, so the weight stays shared.",
                   lambda seen: seen.value("one weight") == "False"),
        ),
        failure("shared-mask-parts"),
    ),
    RecapQuestion(
        "complex-to-real", "What does `.to(torch.bfloat16)` do to a complex buffer?",
        complex_to_real,
        (
            Choice("it stays complex", "`.to()` with a dtype casts complex tensors too.",
                   prints("table", "[(1+2j)]")),
            Choice("an error is raised", "The cast gives a warning only.", raises("Error")),
            Choice("the imaginary part is gone", "The cast drops the imaginary part, with a "
                   "warning.", prints("table", "[1.0]")),
        ),
        failure("complex-table"),
    ),
)  # fmt: skip
