"""Cases about values after loading: those that a file brought, and those that nobody brought."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works


def zeroed_mask_loads():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(3, 3).triu(1).bool())

        def forward(self, scores):
            return torch.softmax(scores.masked_fill(self.mask, -torch.inf), dim=-1)

    old, new = Attention(), Attention()
    old.mask.zero_()  # an experiment that was forgotten
    print(f"result: {new.load_state_dict(old.state_dict())}")
    first_token = new(torch.zeros(3, 3))[0]
    print(f"weights of the first token: {[round(w, 2) for w in first_token.tolist()]}")


def zeroed_mask_stays_out():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            mask = torch.ones(3, 3).triu(1).bool()
            self.register_buffer("mask", mask, persistent=False)

        def forward(self, scores):
            return torch.softmax(scores.masked_fill(self.mask, -torch.inf), dim=-1)

    old, new = Attention(), Attention()
    old.mask.zero_()  # an experiment that was forgotten
    print(f"result: {new.load_state_dict(old.state_dict())}")
    first_token = new(torch.zeros(3, 3))[0]
    print(f"weights of the first token: {[round(w, 2) for w in first_token.tolist()]}")


ZEROED = Case(
    slug="zeroed-mask-loads",
    title="A checkpoint with another mask",
    story="Somebody switched the mask off for an experiment, and then saved the model. Another "
    "person loads the file. (This case was made up for the course.)",
    sources=("docs/generated/torch.nn.Module",),
    tags=(Tag.CHECKPOINT, Tag.MASK),
    broken=zeroed_mask_loads,
    fixed=zeroed_mask_stays_out,
    question="The saved mask is all False. After loading into a fresh model, the first token …",
    choices=(
        Choice("sees itself only", "`__init__` made the right mask, but loading overwrote it.",
               lambda seen: seen.value("weights of the first token") == "[1.0, 0.0, 0.0]"),
        Choice("sees all three tokens", "The mask of the file hides nothing, and after loading "
               "the module uses that mask.",
               lambda seen: "All keys matched" in seen.value("result")
               and seen.value("weights of the first token") == "[0.33, 0.33, 0.33]"),
        Choice("cannot be computed: loading fails", "Keys and shapes fit. Values are not checked.",
               lambda seen: not works(seen)),
    ),
    right=1,
    why="A persistent buffer is loaded like a weight. The values from the file replace those "
    "that `__init__` computed.",
    fix="Do not save a mask that can be computed from the settings: `persistent=False`.",
    similar=("empty-after-assign", "unexpected-mask", "mask-upside-down"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("edit", "true"), ("change", "zeros"), ("predict", "false")),
    ),
)  # fmt: skip


def empty_after_assign():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.register_buffer("mask", torch.ones(4, 4).triu(1), persistent=False)

    state = Attention().state_dict()
    with torch.device("meta"):  # no memory is spent on weights that are replaced
        model = Attention()
    print(f"result: {model.load_state_dict(state, assign=True)}")
    print(f"weight: {model.W_query.weight.device}")
    print(f"mask: {model.mask.device}")


def rebuilt_after_assign():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query = nn.Linear(3, 2)
            self.register_buffer("mask", torch.ones(4, 4).triu(1), persistent=False)

    state = Attention().state_dict()
    with torch.device("meta"):  # no memory is spent on weights that are replaced
        model = Attention()
    print(f"result: {model.load_state_dict(state, assign=True)}")
    model.mask = torch.ones(4, 4).triu(1)
    print(f"weight: {model.W_query.weight.device}")
    print(f"mask: {model.mask.device}")


ASSIGNED = Case(
    slug="empty-after-assign",
    title="Built on meta, and filled from a file",
    story="To load a large model fast, it is built on `meta`, where tensors have no memory. "
    "Then it takes over the tensors of the file. The mask is not in the file.",
    sources=(
        "huggingface/transformers#48892", "huggingface/pytorch-image-models#2350",
        "pytorch/pytorch#102212",
    ),
    tags=(Tag.CHECKPOINT, Tag.DEVICE),
    broken=empty_after_assign,
    fixed=rebuilt_after_assign,
    question="The model is built on `meta` and loaded with `assign=True`. Its mask is not "
    "persistent. What happens?",
    choices=(
        Choice("a missing key is reported", "The mask is not persistent, so no key is expected.",
               raises("Missing key(s)")),
        Choice("all keys matched, everything is on cpu", "The weights are on the CPU. The file "
               "has nothing for the mask.", lambda seen: "All keys matched" in seen.value("result")
               and seen.value("mask") == "cpu"),
        Choice("all keys matched, the mask is on meta", "The mask has a shape and no values, and "
               "no message says so.", lambda seen: "All keys matched" in seen.value("result")
               and seen.value("mask") == "meta"),
    ),
    right=2,
    why="`__init__` ran on `meta`, so the mask was never computed. It is not persistent, so the "
    "file does not have it either. `to_empty()` would give the mask memory with arbitrary "
    "numbers.",
    fix="After loading, compute again what is not in the file.",
    similar=("meta-says-nothing", "zeroed-mask-loads"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (
            ("failures", "true"), ("source", "non-persistent"), ("target", "non-persistent"),
            ("target_device", "meta"), ("assign", "true"), ("predict", "false"),
        ),
    ),
)  # fmt: skip

CASES = (ZEROED, ASSIGNED)
