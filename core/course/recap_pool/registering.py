"""Questions on registering a buffer, and on calling a module with another one."""

import torch
from torch import nn

from core.cases.case import Choice, prints, raises, works
from core.course.place import failure
from core.course.recap_pool.places import ledger
from core.course.recap_question import RecapQuestion


def assigned_and_registered():
    model = nn.Linear(2, 2)
    model.mask = torch.ones(2)
    model.register_buffer("mask", torch.ones(2))
    print(f"keys: {list(model.state_dict())}")


def before_super():
    class Early(nn.Module):
        def __init__(self):
            self.register_buffer("mask", torch.ones(2))
            super().__init__()

    print(f"keys: {list(Early().state_dict())}")


def swapped_for_a_call():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.ones(1))

        def forward(self, x):
            return x * self.scale

    model = Scaled()
    twice = torch.func.functional_call(model, {"scale": torch.tensor([2.0])}, torch.ones(1))
    print(f"output: {twice.item()}, the buffer afterwards: {model.scale.item()}")


QUESTIONS = (
    RecapQuestion(
        "assigned-and-registered", "First `model.mask = …`, then `register_buffer(\"mask\", …)`: "
        "what happens?",
        assigned_and_registered,
        (
            Choice("the mask is a buffer now", "The attribute uses the name already.",
                   prints("keys", "['weight', 'bias', 'mask']")),
            Choice("an error: it exists already", "`register_buffer` refuses a name that an "
                   "attribute has. Register first, or `del` the attribute.",
                   raises("already exists")),
            Choice("nothing changes", "PyTorch raises an error here.",
                   prints("keys", "['weight', 'bias']")),
        ),
        failure("assigned-then-registered"),
    ),
    RecapQuestion(
        "before-super", "`register_buffer` stands above `super().__init__()`. What happens?",
        before_super,
        (
            Choice("it works", "The lists of parameters and buffers do not exist yet.", works),
            Choice("an error is raised", "`super().__init__()` makes the list of buffers. Until "
                   "it has run, no buffer can be stored.", raises("AttributeError")),
            Choice("the buffer is forgotten", "The line raises, so the constructor does not get "
                   "any further.", prints("keys", "[]")),
        ),
        failure("before-super-init"),
    ),
    RecapQuestion(
        "swapped-for-a-call", "`functional_call` puts 2 in the place of a buffer of 1. What is "
        "the output for 1, and the buffer afterwards?", swapped_for_a_call,
        (
            Choice("2, and the buffer is 1", "The buffer is swapped for one call, and put back.",
                   prints("output", "2.0, the buffer afterwards: 1.0")),
            Choice("2, and the buffer is 2", "The buffer is put back after the call.",
                   prints("output", "2.0, the buffer afterwards: 2.0")),
            Choice("1: buffers cannot be swapped", "`functional_call` swaps parameters and "
                   "buffers alike.",
                   prints("output", "1.0, the buffer afterwards: 1.0")),
        ),
        ledger("swapped by functional_call()", "register_buffer"),
    ),
)  # fmt: skip
