"""Cases about what the module knows: containers, aliases, and a name that was given up."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, prints, raises


def deleted_and_assigned():
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.ones(2, 2))
    del module.mask
    module.mask = torch.zeros(2, 2)
    module.to(torch.float64)
    print(f"keys: {list(module.state_dict())}")
    print(f"weight: {module.weight.dtype}")
    print(f"mask: {module.mask.dtype}")


def assigned_only():
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.ones(2, 2))
    module.mask = torch.zeros(2, 2)
    module.to(torch.float64)
    print(f"keys: {list(module.state_dict())}")
    print(f"weight: {module.weight.dtype}")
    print(f"mask: {module.mask.dtype}")


DELETED = Case(
    slug="deleted-and-assigned",
    title="Deleted, and then assigned",
    story="To be sure that the old mask is gone, someone deletes it before assigning the new one. "
    "Later the model is cast, and saved.",
    sources=("pytorch/pytorch#104069",),
    tags=(Tag.DTYPE, Tag.DEVICE, Tag.CHECKPOINT),
    broken=deleted_and_assigned,
    fixed=assigned_only,
    question="`del module.mask`, `module.mask = new`, then `.to(torch.float64)`. The mask is …",
    choices=(
        Choice("float64, as a buffer is", "`del` ended the registration. What is assigned "
               "afterwards is a plain attribute, and a plain attribute is not cast.",
               prints("mask", "torch.float64")),
        Choice("float32: no buffer any more", "After `del`, the name is no longer registered. "
               "So the assignment makes a plain attribute, which `.to()` skips.",
               prints("mask", "torch.float32")),
        Choice("gone: an AttributeError", "The new mask is there, as a plain attribute.",
               raises("AttributeError")),
    ),
    right=1,
    why="A plain tensor that is assigned to a buffer's name replaces the buffer. `del` takes the "
    "name off the list of buffers. After that, the same assignment makes a plain attribute.",
    fix="Assign without deleting.",
    similar=("list-over-buffer", "parameter-over-buffer", "assigned-then-registered"),
    experiment=Experiment("pages/4_What_is_state.py"),
)  # fmt: skip


def tensors_in_a_list():
    class Masks(nn.Module):
        def __init__(self):
            super().__init__()
            self.masks = [torch.ones(2, 2), torch.ones(4, 4)]

    model = Masks().to(torch.float64)
    print(f"keys: {list(model.state_dict())}")
    print(f"dtype: {model.masks[0].dtype}")


def tensors_with_names():
    class Masks(nn.Module):
        def __init__(self):
            super().__init__()
            for size in (2, 4):
                self.register_buffer(f"mask_{size}", torch.ones(size, size))

        @property
        def masks(self):
            return [self.mask_2, self.mask_4]

    model = Masks().to(torch.float64)
    print(f"keys: {list(model.state_dict())}")
    print(f"dtype: {model.masks[0].dtype}")


IN_A_LIST = Case(
    slug="tensors-in-a-list",
    title="Masks in a list",
    story="A module has a mask for each window size and keeps them in a list. There is an "
    "`nn.ParameterList`, and people expect something like it for buffers.",
    sources=("pytorch/pytorch#37386",),
    tags=(Tag.CHECKPOINT, Tag.DEVICE, Tag.DTYPE),
    broken=tensors_in_a_list,
    fixed=tensors_with_names,
    question="Two tensors in a list on `self`. After `.to(torch.float64)` …",
    choices=(
        Choice("both are float64 and saved", "PyTorch does not look into lists and dicts.",
               lambda seen: "mask" in seen.value("keys") and "64" in seen.value("dtype")),
        Choice("they are float64, but not saved", "Casting and saving go through the same lists of "
               "buffers and parameters.",
               lambda seen: seen.value("keys") == "[]" and "64" in seen.value("dtype")),
        Choice("float32, and not saved", "A list is an attribute like any other, and PyTorch does "
               "not look into it.",
               lambda seen: seen.value("keys") == "[]" and "32" in seen.value("dtype")),
    ),
    right=2,
    why="PyTorch registers a parameter, a module or an `nn.Buffer` that is assigned to an "
    "attribute. A list is none of them, and PyTorch does not look at what it holds.",
    fix="Give each tensor a name of its own, and let a property make the list.",
    similar=("stale-alias", "mask-left-behind"),
    experiment=Experiment(
        "pages/4_What_is_state.py",
        (("row", "in state_dict()"), ("column", "list")),
    ),
)  # fmt: skip


def stale_alias():
    class Masks(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("short", torch.ones(2, 2))
            self.register_buffer("long", torch.ones(4, 4))
            self.masks = [self.short, self.long]

    model = Masks()
    print(f"same before: {model.masks[0] is model.short}")
    model.to(torch.float64)
    print(f"same after: {model.masks[0] is model.short}")
    print(f"buffer: {model.short.dtype}")
    print(f"in the list: {model.masks[0].dtype}")


def fresh_alias():
    class Masks(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("short", torch.ones(2, 2))
            self.register_buffer("long", torch.ones(4, 4))

        @property
        def masks(self):
            return [self.short, self.long]

    model = Masks()
    print(f"same before: {model.masks[0] is model.short}")
    model.to(torch.float64)
    print(f"same after: {model.masks[0] is model.short}")
    print(f"buffer: {model.short.dtype}")
    print(f"in the list: {model.masks[0].dtype}")


ALIAS = Case(
    slug="stale-alias",
    title="A list of registered masks",
    story="Every mask is registered. For convenience, a list refers to the same masks. For "
    "parameters, such a list works.",
    sources=("pytorch/pytorch#29807", "pytorch/pytorch#43815"),
    tags=(Tag.DEVICE, Tag.DTYPE),
    broken=stale_alias,
    fixed=fresh_alias,
    question="A list refers to two buffers. What is in it after `.to(torch.float64)`?",
    choices=(
        Choice("float64 tensors", "That is so for parameters: they are changed in place. A "
               "buffer is replaced by a new tensor.",
               lambda seen: "64" in seen.value("in the list")),
        Choice("float32 tensors", "The list still holds the old tensors. `.to()` made new ones "
               "and put them into the module.",
               lambda seen: "32" in seen.value("in the list") and "64" in seen.value("buffer")),
        Choice("nothing: the old tensors are gone", "A tensor is kept as long as something refers "
               "to it: the list still holds these.", lambda seen: not seen.value("in the list")),
    ),
    right=1,
    why="A cast gives a parameter new data and keeps the object. For a buffer it makes a new "
    "tensor and puts that under the name. The list still holds the old tensor.",
    fix="Read the buffers from the module each time they are needed.",
    similar=("tensors-in-a-list", "shared-mask-parts"),
    experiment=Experiment("pages/2_Moving_devices.py"),
)  # fmt: skip

CASES = (DELETED, IN_A_LIST, ALIAS)
