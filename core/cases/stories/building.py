"""Cases about building a module: what has to come first."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works


def before_super_init():
    class Attention(nn.Module):
        def __init__(self):
            self.register_buffer("mask", torch.ones(4, 4).triu(1))
            super().__init__()

    model = Attention()
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")


def after_super_init():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(4, 4).triu(1))

    model = Attention()
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")


BEFORE_INIT = Case(
    slug="before-super-init",
    title="A buffer in the first line of the constructor",
    story="The first line of `__init__` registers the mask, and `super().__init__()` comes after "
    "it. With plain attributes the order would not matter.",
    sources=("pytorch/pytorch#37824", "pytorch/pytorch#16110"),
    tags=(Tag.DEVICE,),
    broken=before_super_init,
    fixed=after_super_init,
    question="`register_buffer` runs before `super().__init__()`. What happens?",
    choices=(
        Choice("it works", "It would work if the list of buffers existed already. "
               "`Module.__init__` makes it.",
               works),
        Choice("an AttributeError", "There is no list of buffers yet to put the mask into.",
               raises("AttributeError: cannot assign buffer before Module.__init__() call")),
        Choice("a TypeError", "The types are right. The order is wrong.", raises("TypeError")),
    ),
    right=1,
    why="`nn.Module.__init__` makes the dictionaries for parameters, buffers and submodules. "
    "Until it has run, they do not exist.",
    fix="Make `super().__init__()` the first line of the constructor.",
    similar=("assigned-then-registered", "mask-left-behind"),
    experiment=Experiment("pages/1_Attention_lab.py", (("code", "true"),)),
    message=r"cannot assign buffer before Module\.__init__\(\) call",
)  # fmt: skip

CASES = (BEFORE_INIT,)
