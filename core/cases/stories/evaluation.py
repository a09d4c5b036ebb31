"""Cases about evaluation: what a forward pass leaves behind that nobody meant to train with."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works


def cache_from_inference():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("table", None, persistent=False)

        def forward(self, x):
            if self.table is None:
                self.table = torch.arange(1.0, 3.0)
            return self.linear(x) * self.table

    model = Scale()
    with torch.inference_mode():  # a first look at the validation set
        model(torch.ones(1, 2))
    print(f"an inference tensor: {model.table.is_inference()}")
    model(torch.ones(1, 2)).sum().backward()
    print("backward: done")


def cache_made_outside():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("table", None, persistent=False)

        def forward(self, x):
            if self.table is None:
                with torch.inference_mode(False):
                    self.table = torch.arange(1.0, 3.0)
            return self.linear(x) * self.table

    model = Scale()
    with torch.inference_mode():  # a first look at the validation set
        model(torch.ones(1, 2))
    print(f"an inference tensor: {model.table.is_inference()}")
    model(torch.ones(1, 2)).sum().backward()
    print("backward: done")


INFERENCE = Case(
    slug="cache-from-inference",
    title="A table that is made in inference mode",
    story="Before the first training step, a script runs the validation set in "
    "`inference_mode`. The module makes a table on first use, so the table is made there. Then "
    "training begins.",
    sources=("Dao-AILab/flash-attention#299",),
    tags=(Tag.CACHES, Tag.TRAINING),
    broken=cache_from_inference,
    fixed=cache_made_outside,
    question="The table was made inside `inference_mode`. What does the first training step do?",
    choices=(
        Choice("it works: the table has no gradient", "The table needs no gradient. But "
               "autograd needs the table to compute the gradient of the linear layer.", works),
        Choice("an error: inference tensors", "Autograd has to keep the table for `backward`. "
               "It refuses to keep a tensor that was made in `inference_mode`.",
               raises("Inference tensors cannot be saved for backward")),
        Choice("an error: no gradient for the table", "Nobody asks for a gradient of the table.",
               raises("does not require grad")),
    ),
    right=1,
    why="A tensor that is made in `inference_mode` has no version counter, which saves time. "
    "Autograd needs this counter to notice changes of a tensor that it keeps. The table stays "
    "such a tensor when the mode ends.",
    fix="If a tensor is needed later, make it outside the mode: in `__init__`, or under `with "
    "torch.inference_mode(False)`.",
    similar=("lazy-mask", "graph-kept"),
    experiment=Experiment("pages/4_What_is_state.py"),
    message="Inference tensors cannot be saved for backward",
)  # fmt: skip


def still_in_training():
    torch.manual_seed(0)
    model = nn.BatchNorm1d(1)  # a new module is in training mode
    print(f"running mean before: {model.running_mean.item():.2f}")
    with torch.no_grad():  # validation: nothing is trained
        model(torch.randn(64, 1) + 100)
    print(f"running mean after: {model.running_mean.item():.2f}")


def in_evaluation():
    torch.manual_seed(0)
    model = nn.BatchNorm1d(1)  # a new module is in training mode
    print(f"running mean before: {model.running_mean.item():.2f}")
    model.eval()
    with torch.no_grad():  # validation: nothing is trained
        model(torch.randn(64, 1) + 100)
    model.train()
    print(f"running mean after: {model.running_mean.item():.2f}")


STILL_TRAINING = Case(
    slug="still-in-training-mode",
    title="Validation under no_grad",
    story="The validation loop is wrapped in `no_grad`, so that nothing is trained. The model has "
    "a BatchNorm.",
    sources=("pytorch/vision#2079", "pytorch/pytorch#5406"),
    tags=(Tag.TRAINING,),
    broken=still_in_training,
    fixed=in_evaluation,
    question="A BatchNorm sees data with a mean of 100 under `no_grad`. Its `running_mean` is …",
    choices=(
        Choice("0: no_grad trains nothing", "`no_grad` switches gradients off. `forward` writes "
               "this buffer without any gradient.",
               lambda seen: seen.number("running mean after") == 0),
        Choice("about 10", "The module is in training mode. Its new mean is nine tenths of the "
               "old mean plus one tenth of the batch's mean.",
               lambda seen: 9 < seen.number("running mean after") < 11),
        Choice("about 100", "The mean gets there after many batches. Each one moves it a tenth "
               "of the way.",
               lambda seen: seen.number("running mean after") > 90),
    ),
    right=1,
    why="`module.training` decides whether statistics are updated. Gradients do not matter "
    "here: `forward` may write a buffer at any time.",
    fix="Call `model.eval()` before validation, and `model.train()` after it.",
    similar=("checkpointing-counts-twice", "weights-averaged-without-buffers"),
    experiment=Experiment("pages/5_Training.py", (("norm", "true"), ("predict", "false"))),
)  # fmt: skip

CASES = (INFERENCE, STILL_TRAINING)
