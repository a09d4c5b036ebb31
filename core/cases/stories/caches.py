"""Cases about tensors that a module makes on first use, or computes once and shares."""

import copy

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works
from core.device.simulated_device import register


def lazy_mask():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.mask = None

        def forward(self, scores):
            if self.mask is None:
                ones = torch.ones(scores.shape, device=scores.device)
                self.mask = torch.triu(ones, diagonal=1).bool()
            return scores.masked_fill(self.mask, -torch.inf)

    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = Attention()
    print(f"before the move: {model(torch.ones(4, 4)).device}")
    model.to(device)
    print(f"mask: {model.mask.device}")
    print(f"after the move: {model(torch.ones(4, 4, device=device)).device}")


def reserved_mask():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", None, persistent=False)

        def forward(self, scores):
            if self.mask is None:
                ones = torch.ones(scores.shape, device=scores.device)
                self.mask = torch.triu(ones, diagonal=1).bool()
            return scores.masked_fill(self.mask, -torch.inf)

    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = Attention()
    print(f"before the move: {model(torch.ones(4, 4)).device}")
    model.to(device)
    print(f"mask: {model.mask.device}")
    print(f"after the move: {model(torch.ones(4, 4, device=device)).device}")


LAZY = Case(
    slug="lazy-mask",
    title="A mask that is made on first use",
    story="The mask is built in the first `forward`, on the device of the input, and kept on an "
    "attribute that was `None`. Someone tries the model on the CPU, and then moves it.",
    sources=("unit8co/darts#3052", "rasbt/LLMs-from-scratch:ch04/03_kv-cache"),
    tags=(Tag.CACHES, Tag.DEVICE),
    broken=lazy_mask,
    fixed=reserved_mask,
    question="One forward on the CPU, then `.to(device)`, then another forward. What happens?",
    choices=(
        Choice("the second forward fails", "The mask of the first forward is a plain attribute. It "
               "stayed on the CPU, and it is not `None` any more.",
               lambda seen: seen.raised("device") and seen.value("before the move") == "cpu"),
        Choice("the first forward fails", "In the first forward everything is on the CPU.",
               lambda seen: bool(seen.failure) and not seen.lines),
        Choice("both work, the mask is made again", "The mask is made only while the attribute "
               "is `None`. A move does not set it back to `None`.", works),
    ),
    right=0,
    why="`forward` makes the mask only while `self.mask` is `None`. After the first forward, "
    "the attribute holds a tensor on the CPU. This tensor is not registered, so `.to()` leaves "
    "it there.",
    fix='`register_buffer("mask", None, persistent=False)` reserves the name. A tensor that is '
    "assigned to this name later is a buffer: it moves with the module, and it is not in the "
    "checkpoint.",
    similar=("mask-left-behind", "none-buffer-saved", "deleted-and-assigned"),
    experiment=Experiment("pages/2_Moving_devices.py"),
    message="to be on the same device",
)  # fmt: skip


def none_buffer_saved():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", None)

        def forward(self, scores):
            if self.mask is None:
                self.mask = torch.triu(torch.ones(scores.shape), diagonal=1).bool()
            return scores.masked_fill(self.mask, -torch.inf)

    model = Attention()
    print(f"keys before forward: {list(model.state_dict())}")
    model(torch.ones(4, 4))
    print(f"keys after forward: {list(model.state_dict())}")
    print(f"loaded: {Attention().load_state_dict(model.state_dict())}")


def none_buffer_unsaved():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", None, persistent=False)

        def forward(self, scores):
            if self.mask is None:
                self.mask = torch.triu(torch.ones(scores.shape), diagonal=1).bool()
            return scores.masked_fill(self.mask, -torch.inf)

    model = Attention()
    print(f"keys before forward: {list(model.state_dict())}")
    model(torch.ones(4, 4))
    print(f"keys after forward: {list(model.state_dict())}")
    print(f"loaded: {Attention().load_state_dict(model.state_dict())}")


NONE_BUFFER = Case(
    slug="none-buffer-saved",
    title="A buffer that begins as None",
    story="A module makes its mask on first use, and reserves the name with "
    '`register_buffer("mask", None)`. The model is used, saved, and loaded into a new one.',
    sources=("pytorch/pytorch#28340", "pytorch/pytorch#45834", "pytorch/pytorch#8104"),
    tags=(Tag.CACHES, Tag.CHECKPOINT),
    broken=none_buffer_saved,
    fixed=none_buffer_unsaved,
    question="The buffer was filled by `forward`. What does loading into a fresh module do?",
    choices=(
        Choice("it works", "For that, the new module would need a tensor of that name to copy "
               "into. Its buffer is `None`, and `None` is not in a `state_dict`.", works),
        Choice("Unexpected key(s): mask", "After `forward` the buffer is a tensor, so it is "
               "saved. In the new module the buffer is `None`, so no such key is expected.",
               raises('Unexpected key(s) in state_dict: "mask"')),
        Choice("Missing key(s): mask", "A key is missing when the module has it and the file "
               "does not. Here it is the other way round.", raises("Missing key(s)")),
    ),
    right=1,
    why="A buffer that is `None` has no key in the `state_dict`. Once it is a tensor, it has "
    "one. So the keys of the checkpoint depend on whether `forward` ran before the model was "
    "saved.",
    fix="Use `persistent=False`: a mask that can be made again need not be saved.",
    similar=("lazy-mask", "unexpected-mask", "missing-mask"),
    experiment=Experiment(
        "pages/3_State_dict.py", (("failures", "true"), ("predict", "false"))
    ),
    message=r"Unexpected key\(s\) in state_dict",
)  # fmt: skip


def result_kept():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.last_weights = None

        def forward(self, x):
            self.last_weights = torch.softmax(self.linear(x), dim=-1)
            return self.last_weights.sum()

    model = Attention()
    print(f"copy before forward: {type(copy.deepcopy(model)).__name__}")
    model(torch.ones(1, 2))
    print(f"kept with a graph: {model.last_weights.requires_grad}")
    print(f"copy after forward: {type(copy.deepcopy(model)).__name__}")


def result_detached():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.last_weights = None

        def forward(self, x):
            weights = torch.softmax(self.linear(x), dim=-1)
            self.last_weights = weights.detach()
            return weights.sum()

    model = Attention()
    print(f"copy before forward: {type(copy.deepcopy(model)).__name__}")
    model(torch.ones(1, 2))
    print(f"kept with a graph: {model.last_weights.requires_grad}")
    print(f"copy after forward: {type(copy.deepcopy(model)).__name__}")


RESULT_KEPT = Case(
    slug="result-kept",
    title="Attention weights, kept for a picture",
    story="To draw attention weights later, `forward` keeps them on an attribute. After the first "
    "training step the model is copied with `copy.deepcopy`.",
    sources=("pytorch/pytorch#54580", "sktime/sktime#10928"),
    tags=(Tag.CACHES, Tag.TRAINING),
    broken=result_kept,
    fixed=result_detached,
    question="`deepcopy` before a forward pass, and once more after it. What happens?",
    choices=(
        Choice("both work", "They would work if the graph behind the tensor could be copied too.",
               works),
        Choice("both fail", "Before the first forward the attribute is `None`, and `None` can "
               "be copied.",
               lambda seen: bool(seen.failure) and not seen.lines),
        Choice("the second one fails", "The kept tensor is the result of operations that "
               "autograd recorded. `deepcopy` refuses such a tensor.",
               lambda seen: seen.raised("Only Tensors created explicitly by the user")
               and len(seen.lines) == 2),
    ),
    right=2,
    why="`deepcopy` refuses a tensor with a graph. The kept result was computed from weights, "
    "so the graph of its forward pass hangs on it. That graph stays in memory, too.",
    fix="Keep `weights.detach()`, or keep nothing.",
    similar=("graph-kept", "stale-alias"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "survives deepcopy"),)
    ),
    message="Only Tensors created explicitly by the user",
)  # fmt: skip

CASES = (LAZY, NONE_BUFFER, RESULT_KEPT)
