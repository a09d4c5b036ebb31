"""Cases about keys and shapes: what a checkpoint has and what the module expects."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works


def unexpected_mask():
    class Attention(nn.Module):
        def __init__(self, persistent):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.register_buffer("mask", torch.ones(4, 4).triu(1), persistent=persistent)

    old = Attention(persistent=True)
    new = Attention(persistent=False)
    print(f"keys in the file: {list(old.state_dict())}")
    print(f"result: {new.load_state_dict(old.state_dict())}")


def mask_dropped():
    class Attention(nn.Module):
        def __init__(self, persistent):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.register_buffer("mask", torch.ones(4, 4).triu(1), persistent=persistent)

    old = Attention(persistent=True)
    new = Attention(persistent=False)
    print(f"keys in the file: {list(old.state_dict())}")
    state = old.state_dict()
    state.pop("mask", None)  # the new version makes its own
    print(f"result: {new.load_state_dict(state)}")


UNEXPECTED = Case(
    slug="unexpected-mask",
    title="The mask becomes non-persistent",
    story="A library stops saving its masks: it adds `persistent=False`. Somebody loads an old "
    "checkpoint.",
    sources=(
        "huggingface/transformers#24581", "huggingface/transformers#29725",
        "huggingface/transformers#25330",
    ),
    tags=(Tag.CHECKPOINT,),
    broken=unexpected_mask,
    fixed=mask_dropped,
    question="The file has the key `mask`. The module's mask is not persistent. Loading gives …",
    choices=(
        Choice("all keys matched", "The module has a mask, but its `state_dict` has no such key, "
               "and loading compares keys.", works),
        Choice("Missing key(s): mask", "A key is missing when the module expects it and the "
               "file does not have it.",
               raises('Missing key(s) in state_dict: "mask"')),
        Choice("Unexpected key(s): mask", "The file has this key, and the module does not "
               "expect it.",
               raises('Unexpected key(s) in state_dict: "mask"')),
    ),
    right=2,
    why="`persistent=False` takes the mask out of the module's `state_dict`. So a change of "
    "`persistent` changes which keys a checkpoint must have.",
    fix="Remove the key before loading. `strict=False` would load too, but hide other faults.",
    similar=("missing-mask", "none-buffer-saved", "wrapped-by-dataparallel"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("target", "non-persistent"), ("predict", "false")),
    ),
    message=r"Unexpected key\(s\) in state_dict",
)  # fmt: skip


def missing_mask():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.mask = torch.ones(4, 4).triu(1)

    class Buffered(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.register_buffer("mask", torch.ones(4, 4).triu(1))

    print(f"keys in the file: {list(Plain().state_dict())}")
    print(f"result: {Buffered().load_state_dict(Plain().state_dict())}")


def mask_not_needed():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.mask = torch.ones(4, 4).triu(1)

    class Buffered(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.register_buffer("mask", torch.ones(4, 4).triu(1), persistent=False)

    print(f"keys in the file: {list(Plain().state_dict())}")
    print(f"result: {Buffered().load_state_dict(Plain().state_dict())}")


MISSING = Case(
    slug="missing-mask",
    title="The mask becomes a buffer",
    story="The mask was a plain attribute. Someone makes it a buffer, so that it moves to the "
    "GPU. Then a file with weights from before is loaded.",
    sources=(
        "huggingface/transformers#4356", "huggingface/transformers#6882", "karpathy/minGPT#122",
    ),
    tags=(Tag.CHECKPOINT,),
    broken=missing_mask,
    fixed=mask_not_needed,
    question="The file was saved while the mask was an attribute. What does loading it do now?",
    choices=(
        Choice("it works", "The mask that `__init__` made would be enough. But strict loading "
               "requires every key of the module.", works),
        Choice("Missing key(s): mask", "A persistent buffer is a key that the file must have.",
               raises('Missing key(s) in state_dict: "mask"')),
        Choice("Unexpected key(s): mask", "The file has no key too many. It has one too few.",
               raises('Unexpected key(s) in state_dict: "mask"')),
    ),
    right=1,
    why="A registered buffer is one more key of the `state_dict`, unless it has "
    "`persistent=False`. A file that was saved before does not have this key.",
    fix="Use `persistent=False`: the mask moves with the module, and old files can be loaded.",
    similar=("unexpected-mask", "size-mismatch"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("source", "plain"), ("predict", "false")),
    ),
    message=r"Missing key\(s\) in state_dict",
)  # fmt: skip


def size_mismatch():
    class Attention(nn.Module):
        def __init__(self, context_length):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            mask = torch.ones(context_length, context_length).triu(1)
            self.register_buffer("mask", mask)

    state = Attention(context_length=6).state_dict()
    model = Attention(context_length=4)
    print(f"result: {model.load_state_dict(state, strict=False)}")
    print(f"mask: {tuple(model.mask.shape)}")


def size_not_saved():
    class Attention(nn.Module):
        def __init__(self, context_length):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            mask = torch.ones(context_length, context_length).triu(1)
            self.register_buffer("mask", mask, persistent=False)

    state = Attention(context_length=6).state_dict()
    model = Attention(context_length=4)
    print(f"result: {model.load_state_dict(state, strict=False)}")
    print(f"mask: {tuple(model.mask.shape)}")


SIZE = Case(
    slug="size-mismatch",
    title="Another context length",
    story="A model was trained with a context of 6 tokens and is to be used with 4. Its weights "
    "have the same shapes, but the saved mask does not. Someone tries `strict=False`.",
    sources=("pytorch/pytorch#154597", "pytorch/pytorch#40859", "mv-lab/swin2sr#7"),
    tags=(Tag.CHECKPOINT,),
    broken=size_mismatch,
    fixed=size_not_saved,
    question="The file has a 6×6 mask, the module a 4×4 one, and `strict=False`. What happens?",
    choices=(
        Choice("the mask is skipped", "`strict` is about missing and unexpected keys. This key "
               "is in the file and in the module.",
               lambda seen: works(seen) and seen.value("mask") == "(4, 4)"),
        Choice("the mask becomes 6×6", "Loading copies values into the module's 4×4 tensor. It "
               "does not replace the tensor.",
               lambda seen: works(seen) and seen.value("mask") == "(6, 6)"),
        Choice("size mismatch, in spite of strict=False", "The key is the same, but the shape "
               "is not.",
               raises("size mismatch for mask: copying a param with shape torch.Size([6, 6])")),
    ),
    right=2,
    why="`strict=False` ignores missing and unexpected keys. A tensor of another shape cannot be "
    "copied, and PyTorch does not skip it silently.",
    fix="Do not save a mask that can be made again: `persistent=False`.",
    similar=("missing-mask", "float-into-int"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("target_length", "4"), ("strict", "false"), ("predict", "false")),
    ),
    message="size mismatch for ",
)  # fmt: skip

CASES = (UNEXPECTED, MISSING, SIZE)
