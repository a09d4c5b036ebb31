"""Cases about names: registered or assigned, again and otherwise, and before the module exists."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, prints, raises


def assigned_then_registered():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.mask = torch.triu(torch.ones(4, 4), diagonal=1)
            self.register_buffer("mask", self.mask)

    model = Attention()
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")


def only_registered():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            mask = torch.triu(torch.ones(4, 4), diagonal=1)
            self.register_buffer("mask", mask)

    model = Attention()
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")


REGISTERED_LATE = Case(
    slug="assigned-then-registered",
    title="Assigned, and then registered",
    story="The mask is assigned to `self.mask`. Later somebody adds a line that registers it as "
    "a buffer under the same name.",
    sources=("pytorch/pytorch#1874", "pytorch/pytorch#2670", "pytorch/pytorch#3232"),
    tags=(Tag.DEVICE,),
    broken=assigned_then_registered,
    fixed=only_registered,
    question="`self.mask = …`, then `self.register_buffer(\"mask\", self.mask)`. What happens?",
    choices=(
        Choice("the attribute becomes a buffer", "`register_buffer` refuses a name that is in "
               "use. It does not turn an attribute into a buffer.",
               prints("buffers", "['mask']")),
        Choice("a KeyError", "The name belongs to a plain attribute already.",
               raises("KeyError: \"attribute 'mask' already exists\"")),
        Choice("no error, and no buffer", "Very old versions said nothing. Today PyTorch checks "
               "whether the name is in use.", prints("buffers", "[]")),
    ),
    right=1,
    why="Python would find the plain attribute first, and never the buffer of the same name. So "
    "`register_buffer` refuses a name that is in use.",
    fix="Register the mask without assigning it first. `self.mask` then reads the buffer.",
    similar=("deleted-and-assigned", "list-over-buffer", "before-super-init"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "in buffers()"),)
    ),
    message=r"attribute '\w+' already exists",
)  # fmt: skip


def list_over_buffer():
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3))
    module.mask = [0.0, 1.0, 1.0]
    print(f"mask: {type(module.mask).__name__}")
    print(f"buffers: {[name for name, _ in module.named_buffers()]}")


def tensor_over_buffer():
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3))
    module.mask = torch.tensor([0.0, 1.0, 1.0])
    print(f"mask: {type(module.mask).__name__}")
    print(f"buffers: {[name for name, _ in module.named_buffers()]}")


LIST_OVER = Case(
    slug="list-over-buffer",
    title="A list assigned over a buffer",
    story="The mask is a buffer. Older code assigns new values to it, as a Python list.",
    sources=("pytorch/pytorch#104069",),
    tags=(Tag.DTYPE,),
    broken=list_over_buffer,
    fixed=tensor_over_buffer,
    question="`module.mask = [0.0, 1.0, 1.0]`, where `mask` is a buffer. What happens?",
    choices=(
        Choice("the list becomes a tensor", "PyTorch converts nothing here; it would have to guess "
               "a dtype and a device.", prints("mask", "Tensor")),
        Choice("the buffer is replaced by a list", "The name stays registered, so a value of "
               "the wrong type is refused.", prints("mask", "list")),
        Choice("a TypeError", "The name is registered for a tensor or `None`. A list is neither.",
               raises("TypeError: cannot assign 'list' as buffer 'mask'")),
    ),
    right=2,
    why="The name `mask` is registered. An assignment finds it among the buffers, and checks "
    "the type of the new value.",
    fix="Assign a tensor. It becomes the buffer, and need not be registered again.",
    similar=("parameter-over-buffer", "deleted-and-assigned", "assigned-then-registered"),
    experiment=Experiment("pages/4_What_is_state.py"),
    message=r"cannot assign '\w+' as buffer",
)  # fmt: skip


def parameter_over_buffer():
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.ones(2, 2))
    module.mask = nn.Parameter(torch.zeros(2, 2))
    print(f"buffers: {[name for name, _ in module.named_buffers()]}")
    print(f"parameters: {[name for name, _ in module.named_parameters()]}")


def parameter_data_over_buffer():
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.ones(2, 2))
    module.mask = nn.Parameter(torch.zeros(2, 2)).detach()
    print(f"buffers: {[name for name, _ in module.named_buffers()]}")
    print(f"parameters: {[name for name, _ in module.named_parameters()]}")


PARAMETER_OVER = Case(
    slug="parameter-over-buffer",
    title="A Parameter assigned over a buffer",
    story="A mask is a buffer. Another model has its mask as an `nn.Parameter`, and somebody "
    "assigns that one to the buffer's name. Then training goes on.",
    sources=("pytorch/pytorch#104069",),
    tags=(Tag.TRAINING,),
    broken=parameter_over_buffer,
    fixed=parameter_data_over_buffer,
    question="`module.mask = nn.Parameter(…)`, where `mask` is a buffer. What is it then?",
    choices=(
        Choice("a parameter", "The assignment takes the name off the list of buffers and "
               "registers a parameter. PyTorch does not warn.",
               lambda seen: "mask" in seen.value("parameters") and seen.value("buffers") == "[]"),
        Choice("still a buffer", "A plain tensor would stay a buffer. A `Parameter` changes "
               "what the name is registered as.",
               prints("buffers", "['mask']")),
        Choice("a TypeError", "A TypeError comes the other way round: if a plain tensor is "
               "assigned to a parameter's name.",
               raises("TypeError")),
    ),
    right=0,
    why="An assignment to a module first checks whether the value is a Parameter. If so, the "
    "name is taken off the list of buffers and becomes a parameter.",
    fix="Assign a plain tensor, such as `parameter.detach()`. Then the name stays a buffer.",
    similar=("mask-as-parameter", "list-over-buffer"),
    experiment=Experiment(
        "pages/5_Training.py", (("decay", "true"), ("predict", "false"))
    ),
)  # fmt: skip

CASES = (REGISTERED_LATE, LIST_OVER, PARAMETER_OVER)
