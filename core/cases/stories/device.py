"""Cases about devices: what a move takes along, and what it leaves."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works
from core.device.simulated_device import register


def mask_left_behind():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.W_key = nn.Linear(3, 2)
            self.mask = torch.triu(torch.ones(6, 6), diagonal=1)

        def forward(self, x):
            scores = self.W_query(x) @ self.W_key(x).T
            scores.masked_fill_(self.mask.bool(), -torch.inf)
            return torch.softmax(scores, dim=-1)

    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = Attention().to(device)
    print(f"weight: {model.W_query.weight.device}")
    print(f"mask: {model.mask.device}")
    print(f"output: {model(torch.ones(6, 3, device=device)).device}")


def mask_goes_along():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.W_key = nn.Linear(3, 2)
            self.register_buffer("mask", torch.triu(torch.ones(6, 6), diagonal=1))

        def forward(self, x):
            scores = self.W_query(x) @ self.W_key(x).T
            scores.masked_fill_(self.mask.bool(), -torch.inf)
            return torch.softmax(scores, dim=-1)

    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = Attention().to(device)
    print(f"weight: {model.W_query.weight.device}")
    print(f"mask: {model.mask.device}")
    print(f"output: {model(torch.ones(6, 3, device=device)).device}")


LEFT_BEHIND = Case(
    slug="mask-left-behind",
    title="A mask as an attribute",
    story="A causal attention module works on a laptop's CPU. Then the model is moved to a GPU "
    "with `.to(device)`, and so is its input.",
    sources=(
        "rasbt/LLMs-from-scratch:ch03/03_understanding-buffers",
        "Lightning-AI/pytorch-lightning#1978",
        "Lightning-AI/pytorch-lightning#3674",
        "pytorch/audio#457",
    ),
    tags=(Tag.DEVICE,),
    broken=mask_left_behind,
    fixed=mask_goes_along,
    question="Model and input are moved to the device. What does the forward pass do?",
    choices=(
        Choice("it works", "It would work if `.to()` moved every tensor that an attribute holds. "
               "It moves what is registered: parameters, buffers, and those of submodules.", works),
        Choice("a device error in the linear layer", "The weights of a linear layer are "
               "parameters. `.to()` moved them, and the input is on the same device.",
               lambda seen: seen.raised("same device") and not seen.raised("mask")),
        Choice("a device error at the mask", "The mask is a plain attribute, so it stayed on the "
               "CPU. The scores are on the device, and `masked_fill_` refuses tensors from two "
               "devices.",
               raises("expected self and mask to be on the same device")),
    ),
    right=2,
    why="`module.to(device)` goes through the parameters and buffers of the module and of its "
    "submodules. A tensor that was just assigned to an attribute is in neither list. There is "
    "no error until an operation checks that its tensors are on one device.",
    fix="Register the mask as a buffer. Then every move takes it along.",
    similar=("lazy-mask", "meta-says-nothing", "tensors-in-a-list", "optimizer-left-behind"),
    experiment=Experiment(
        "pages/1_Attention_lab.py", (("buffer", "false"), ("device", "sim"))
    ),
    message="to be on the same device",
)  # fmt: skip


def meta_says_nothing():
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.mask = torch.triu(torch.ones(4, 4), diagonal=1).bool()

        def forward(self, x):
            return self.linear(x).masked_fill_(self.mask, -torch.inf)

    model = Scores().to("meta")
    print(f"output: {model(torch.ones(4, 4, device='meta')).device}")
    print(f"weight: {model.linear.weight.device}")
    print(f"mask: {model.mask.device}")


def buffer_on_meta():
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.register_buffer("mask", torch.triu(torch.ones(4, 4), diagonal=1).bool())

        def forward(self, x):
            return self.linear(x).masked_fill_(self.mask, -torch.inf)

    model = Scores().to("meta")
    print(f"output: {model(torch.ones(4, 4, device='meta')).device}")
    print(f"weight: {model.linear.weight.device}")
    print(f"mask: {model.mask.device}")


META = Case(
    slug="meta-says-nothing",
    title="A test on the device meta",
    story="There is no GPU on the test machine, so a test moves the model to the device `meta` "
    "and runs it. A tensor on `meta` has a shape and no values.",
    sources=("pytorch/pytorch#139437",),
    tags=(Tag.DEVICE,),
    broken=meta_says_nothing,
    fixed=buffer_on_meta,
    question="The mask is a plain attribute on the CPU. What does a forward pass on `meta` do?",
    choices=(
        Choice("a device error", "On a GPU there would be an error. On `meta` an operation only "
               "works out shapes, and this one does not look at the mask's device.",
               raises("device")),
        Choice("no error, the mask is on cpu", "The mask never moved, and no operation "
               "complained. Only `.device` shows it.",
               lambda seen: works(seen) and seen.value("mask") == "cpu"),
        Choice("no error, the mask is on meta", '`.to("meta")` skips a plain attribute, and '
               "every other `.to()` skips it, too.",
               lambda seen: works(seen) and seen.value("mask") == "meta"),
    ),
    right=1,
    why="Tensors on `meta` have a shape and no data. An operation there only computes the shape "
    "of its result, and many do not check devices. A run without an error proves nothing.",
    fix="Register the mask, and let a test look at `.device` of every tensor. To see the error "
    "without a GPU, use a device that checks, such as `sim`, this course's simulated GPU.",
    similar=("mask-left-behind", "empty-after-assign"),
    experiment=Experiment("pages/2_Moving_devices.py"),
)  # fmt: skip


CASES = (LEFT_BEHIND, META)
