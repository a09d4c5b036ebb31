"""Cases about training: what the optimizer changes, and copies that are none."""

import copy

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, works
from core.device.simulated_device import register


def mask_as_parameter():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.mask = nn.Parameter(torch.full((4, 4), -10.0).triu(1))

        def forward(self, scores):
            return torch.softmax(scores + self.mask, dim=-1)

    model = Attention()
    before = model.mask.detach().clone()
    if parameters := list(model.parameters()):  # AdamW refuses an empty list
        optimizer = torch.optim.AdamW(parameters, lr=0.1)
        for _ in range(100):
            loss = -model(torch.zeros(4, 4))[:, -1].log().sum()  # look at the last token
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f"parameters: {len(parameters)}")
    print(f"largest drift of the mask: {(model.mask - before).abs().max():.1f}")


def mask_as_buffer():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.full((4, 4), -10.0).triu(1))

        def forward(self, scores):
            return torch.softmax(scores + self.mask, dim=-1)

    model = Attention()
    before = model.mask.detach().clone()
    if parameters := list(model.parameters()):  # AdamW refuses an empty list
        optimizer = torch.optim.AdamW(parameters, lr=0.1)
        for _ in range(100):
            loss = -model(torch.zeros(4, 4))[:, -1].log().sum()  # look at the last token
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f"parameters: {len(parameters)}")
    print(f"largest drift of the mask: {(model.mask - before).abs().max():.1f}")


AS_PARAMETER = Case(
    slug="mask-as-parameter",
    title="A mask in nn.Parameter",
    story="To make the mask move with the model, someone wraps it in `nn.Parameter`. Now the "
    "mask moves. Then the model is trained.",
    sources=("docs/generated/torch.nn.parameter.Parameter",),
    tags=(Tag.TRAINING, Tag.MASK),
    broken=mask_as_parameter,
    fixed=mask_as_buffer,
    question="An additive mask of −10 as a Parameter. How far has it moved after 100 steps of "
    "AdamW with a learning rate of 0.1?",
    choices=(
        Choice("not at all", "The mask has a gradient, and the optimizer has the mask in its "
               "list.",
               lambda seen: seen.number("largest drift of the mask") == 0),
        Choice("by less than 1", "A step of Adam is about as long as the learning rate, and "
               "there are 100 steps.",
               lambda seen: 0 < seen.number("largest drift of the mask") < 1),
        Choice("by several units", "Later tokens help to lower this loss, so training opens the "
               "mask for them.", lambda seen: seen.number("largest drift of the mask") > 5),
    ),
    right=2,
    why="`parameters()` is what the optimizer is given. For the optimizer the mask is one more "
    "weight, and its gradient makes later tokens visible.",
    fix="A mask is state, not a weight: register it as a buffer.",
    similar=("parameter-over-buffer", "mask-left-behind"),
    experiment=Experiment(
        "pages/5_Training.py", (("predict", "false"), ("decay", "true"))
    ),
    slow=True,
)  # fmt: skip


def best_weights_keep_changing():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    best = model.state_dict()
    print(f"best: {best['weight'].item():.2f}")
    for _ in range(3):
        model(torch.ones(1, 1)).sum().backward()
        optimizer.step()
    print(f"best after training on: {best['weight'].item():.2f}")


def best_weights_copied():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    best = copy.deepcopy(model.state_dict())
    print(f"best: {best['weight'].item():.2f}")
    for _ in range(3):
        model(torch.ones(1, 1)).sum().backward()
        optimizer.step()
    print(f"best after training on: {best['weight'].item():.2f}")


BEST = Case(
    slug="best-weights-keep-changing",
    title="Keeping the best weights",
    story="Early stopping keeps `best = model.state_dict()` and goes on training. At the end the "
    "best weights are to be loaded.",
    sources=("WenjieDu/PyPOTS#667", "pytorch/pytorch#34765"),
    tags=(Tag.TRAINING, Tag.CHECKPOINT),
    broken=best_weights_keep_changing,
    fixed=best_weights_copied,
    question="`best = model.state_dict()` at a weight of 1.00, then three more steps. `best` has …",
    choices=(
        Choice("1.00", "The dict is new, but its tensors share the model's memory.",
               lambda seen: seen.value("best after training on") == "1.00"),
        Choice("the trained value", "The optimizer changes the weights in place, and the "
               "dict's tensors share their memory.",
               lambda seen: works(seen) and seen.value("best after training on") != "1.00"),
        Choice("an error when it is read", "It can be read: it holds ordinary tensors.",
               lambda seen: not works(seen)),
    ),
    right=1,
    why="`state_dict()` copies no values: its tensors are new, and share the memory of the "
    "model's. The optimizer changes a weight in place, so `best` changes too.",
    fix="Keep `copy.deepcopy(model.state_dict())`, or save it to a file.",
    similar=("stale-alias", "weights-averaged-without-buffers"),
    experiment=Experiment("pages/5_Training.py"),
)  # fmt: skip


def optimizer_left_behind():
    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()

    model.to(device)
    model(torch.ones(1, 2, device=device)).sum().backward()
    print(f"weight: {model.weight.device}")
    print(f"momentum: {optimizer.state[model.weight]['momentum_buffer'].device}")
    optimizer.step()
    print("the second step: done")


def optimizer_brought_along():
    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()

    model.to(device)
    optimizer.load_state_dict(optimizer.state_dict())  # moves its state to the weights
    model(torch.ones(1, 2, device=device)).sum().backward()
    print(f"weight: {model.weight.device}")
    print(f"momentum: {optimizer.state[model.weight]['momentum_buffer'].device}")
    optimizer.step()
    print("the second step: done")


OPTIMIZER = Case(
    slug="optimizer-left-behind",
    title="An optimizer, and then a move",
    story="Training begins on the CPU. Then the model is moved to the GPU, and training goes on.",
    sources=("pytorch/pytorch#2830", "microsoft/Cream#2"),
    tags=(Tag.DEVICE, Tag.TRAINING),
    broken=optimizer_left_behind,
    fixed=optimizer_brought_along,
    question="After one step of SGD with momentum, `model.to(device)`. What does the next step do?",
    choices=(
        Choice("it works", "`model.to()` moves what the module holds. The momentum is held by the "
               "optimizer.", works),
        Choice("backward() fails", "Weights and input are on one device, so their gradients are "
               "there too.",
               lambda seen: bool(seen.failure) and not seen.lines),
        Choice("optimizer.step() fails", "The weight and its gradient are on the device, the "
               "momentum is on the CPU.",
               lambda seen: seen.raised("device") and seen.value("momentum") == "cpu"),
    ),
    right=2,
    why="An optimizer keeps tensors of its own for each parameter: momentum, or Adam's "
    "averages. They do not belong to the module, so `model.to()` does not move them.",
    fix="Move the model before the optimizer's first step. After that, "
    "`optimizer.load_state_dict(optimizer.state_dict())` copies its tensors to the weights' "
    "device.",
    similar=("mask-left-behind", "weights-averaged-without-buffers"),
    experiment=Experiment("pages/5_Training.py", (("optimizer", "SGD"),)),
    message="(same device|two devices)",
)  # fmt: skip

CASES = (AS_PARAMETER, BEST, OPTIMIZER)
