"""Questions on reading an error: what it names, and how to fix it."""

import torch
from torch import nn

from core.cases.case import Choice, Seen, prints, raises
from core.course.recap_pool.places import own_error
from core.course.recap_question import RecapQuestion
from core.device.simulated_device import register


def input_left_behind():
    device = register()  # sim, simulated; on a GPU write "cuda"
    layer = nn.Linear(2, 2).to(device)
    try:
        layer(torch.ones(1, 2))
    except RuntimeError as error:
        print(f"it names mat1: {'mat1' in str(error)}")
        print(f"it names both devices: {'cpu' in str(error) and f'{device}' in str(error)}")


def optimizer_loads_its_own_state():
    device = register()  # sim, simulated; on a GPU write "cuda"
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    model.to(device)  # its momentum is on the CPU
    optimizer.load_state_dict(optimizer.state_dict())
    model(torch.ones(1, 2, device=device)).sum().backward()
    optimizer.step()
    momentum = optimizer.state[model.weight]["momentum_buffer"]
    print(f"with a momentum on the device: {momentum.device == model.weight.device}")


def mended_by_another_number():
    for number in (-1e9, -65504.0, -torch.inf):
        scores = torch.zeros(1, 2, dtype=torch.float16)
        try:
            scores.masked_fill_(torch.tensor([[False, True]]), number)
            print(f"{number}: works")
        except RuntimeError as error:
            print(f"{number}: {'overflow' if 'overflow' in str(error) else 'another error'}")


def named(mat1: bool, devices: bool):
    """A test: what the message was seen to name."""

    def test(seen: Seen) -> bool:
        said = seen.value("it names mat1"), seen.value("it names both devices")
        return said == (str(mat1), str(devices))

    return test


QUESTIONS = (
    RecapQuestion(
        "input-left-behind", "A layer was moved, its input was not, and `forward` raises. What "
        "does the message name?", input_left_behind,
        (
            Choice("both devices, and no tensor", "The message also names the argument that is "
                   "elsewhere.",
                   named(mat1=False, devices=True)),
            Choice("both devices, and the argument `mat1`", "`mat1` is the input. The layer's "
                   "own weight would be called `weight` or `mat2`. So the input has to be moved.",
                   named(mat1=True, devices=True)),
            Choice("the line of the layer's code", "The traceback shows lines of code. The "
                   "message names devices.", named(mat1=False, devices=False)),
        ),
        own_error("an argument elsewhere", "a linear layer"),
    ),
    RecapQuestion(
        "optimizer-loads-its-own-state", "`optimizer.step()` raised a device error after a move. "
        "The optimizer now loads its own state. What does its next step do?",
        optimizer_loads_its_own_state,
        (
            Choice("it works, momentum included", "`optimizer.load_state_dict` moves the "
                   "momentum to the device of the parameters.",
                   prints("with a momentum on the device", "True")),
            Choice("the same device error", "`model.to()` does not know the optimizer, but its "
                   "own `load_state_dict` looks at the parameters.", raises("device")),
            Choice("it works, with a momentum that stays on the CPU", "With a momentum on the "
                   "CPU, the step would raise the same error again.",
                   prints("with a momentum on the device", "False")),
        ),
        own_error("the optimizer's state", "optimizer.step"),
    ),
    RecapQuestion(
        "mended-by-another-number", "float16 scores are masked with three numbers. With which "
        "does PyTorch raise an overflow?", mended_by_another_number,
        (
            Choice("with -1e9 only", "The largest float16 number is 65,504, so -1e9 does not "
                   "fit. But float16 has a value for −∞.",
                   lambda seen: (seen.value("-1000000000.0"), seen.value("-65504.0"),
                                 seen.value("-inf")) == ("overflow", "works", "works")),
            Choice("with -1e9 and −∞", "float16 has a value for −∞, so −∞ fits.",
                   prints("-inf", "overflow")),
            Choice("with none: it is rounded to −∞", "PyTorch does not round here. It checks "
                   "whether the number is in the range of the dtype.",
                   prints("-1000000000.0", "works")),
        ),
        own_error("a number that does not fit", "masked_fill, again"),
    ),
)  # fmt: skip
