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
    story="A trainer looks at the validation set before the first step, in `inference_mode`. A "
    "table that the module makes on first use is made there. Then training begins.",
    sources=("Dao-AILab/flash-attention#299",),
    tags=(Tag.CACHES, Tag.TRAINING),
    broken=cache_from_inference,
    fixed=cache_made_outside,
    question="The table was made inside `inference_mode`. What does the first training step do?",
    choices=(
        Choice("it works: the table has no gradient", "It needs none, but it has to be kept for "
               "the gradient of what it is multiplied with.", works),
        Choice("an error: inference tensors", "Autograd has to keep the table for `backward`, and "
               "refuses to keep such a tensor.",
               raises("Inference tensors cannot be saved for backward")),
        Choice("an error: no gradient for the table", "Nobody asks for a gradient of the table.",
               raises("does not require grad")),
    ),
    right=1,
    why="A tensor that is made in `inference_mode` carries no version counter, for speed. Autograd "
    "needs that to know whether a tensor it kept was changed. The buffer stays such a tensor.",
    fix="Make a tensor that is needed later outside the mode: `with "
    "torch.inference_mode(False)`, or in `__init__`.",
    similar=("lazy-mask", "graph-kept"),
    experiment=Experiment("pages/4_What_is_state.py"),
    message="Inference tensors cannot be saved for backward",
)  # fmt: skip


def still_in_training():
    torch.manual_seed(0)
    model = nn.BatchNorm1d(1)
    print(f"running mean before: {model.running_mean.item():.2f}")
    with torch.no_grad():  # validation: nothing is trained
        model(torch.randn(64, 1) + 100)
    print(f"running mean after: {model.running_mean.item():.2f}")


def in_evaluation():
    torch.manual_seed(0)
    model = nn.BatchNorm1d(1).eval()
    print(f"running mean before: {model.running_mean.item():.2f}")
    with torch.no_grad():  # validation: nothing is trained
        model(torch.randn(64, 1) + 100)
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
        Choice("about 10", "The module is in training mode, and takes a tenth of each "
               "batch's mean.",
               lambda seen: 9 < seen.number("running mean after") < 11),
        Choice("about 100", "It gets there after many batches: each moves it by a tenth of the "
               "distance.",
               lambda seen: seen.number("running mean after") > 90),
    ),
    right=1,
    why="Whether statistics are updated is decided by `module.training`, not by gradients. Buffers "
    "are state that `forward` may write at any time.",
    fix="`model.eval()` before validation, and `model.train()` after it.",
    similar=("checkpointing-counts-twice", "weights-averaged-without-buffers"),
    experiment=Experiment("pages/5_Training.py", (("norm", "true"), ("predict", "false"))),
)  # fmt: skip

CASES = (INFERENCE, STILL_TRAINING)
