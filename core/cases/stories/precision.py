"""Cases about mixed precision: what is cast for good, and what for one operation."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag


def model_cast():
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(1, 1)
            self.register_buffer("positions", torch.arange(4096.0))

        def forward(self):
            return self.linear(self.positions[:, None])

    model = Positions()
    model.bfloat16()
    output = model()
    print(f"output: {output.dtype}")
    print(f"buffer: {model.positions.dtype}")
    print(f"different positions: {len(model.positions.unique())} of 4096")
    print(f"position 257: {model.positions[257].item():.0f}")


def operations_cast():
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(1, 1)
            self.register_buffer("positions", torch.arange(4096.0))

        def forward(self):
            return self.linear(self.positions[:, None])

    model = Positions()
    with torch.autocast("cpu", dtype=torch.bfloat16):  # or "cuda"
        output = model()
    print(f"output: {output.dtype}")
    print(f"buffer: {model.positions.dtype}")
    print(f"different positions: {len(model.positions.unique())} of 4096")
    print(f"position 257: {model.positions[257].item():.0f}")


AUTOCAST = Case(
    slug="cast-or-autocast",
    title="Positions in bfloat16",
    story="Positions are a float buffer of 0 to 4095. The model is to compute in bfloat16. There "
    "are two ways to say so: cast the model, or let `torch.autocast` cast inside operations.",
    sources=("facebookresearch/fairscale#442", "huggingface/transformers#30709"),
    tags=(Tag.DTYPE,),
    broken=model_cast,
    fixed=operations_cast,
    question="After `model.bfloat16()`, how many of the 4,096 positions are still different "
    "numbers?",
    choices=(
        Choice("4096: bfloat16 reaches beyond 10³⁸", "bfloat16 reaches that far, but keeps only "
               "8 binary digits of a number. Above 256 it skips numbers.",
               lambda seen: seen.number("different positions") == 4096),
        Choice("769", "The 257 numbers from 0 to 256 are exact. Then each doubling has 128 "
               "numbers, and 4,096 is 4 doublings away: 257 + 4 × 128 = 769.",
               lambda seen: seen.number("different positions") == 769),
        Choice("257: all beyond 256 are one", "Above 256, some numbers are left: every second "
               "one up to 512, then every 4th, 8th and 16th.",
               lambda seen: seen.number("different positions") == 257),
    ),
    right=1,
    why="`.bfloat16()` casts the buffer itself, and its digits are lost. `torch.autocast` "
    "leaves parameters and buffers as they are. It casts only what goes into an operation, here "
    "into the linear layer.",
    fix="Keep the model in float32 and run it under `torch.autocast`. If the model itself has "
    "to be cast, keep positions as int64: `.bfloat16()` does not cast int64.",
    similar=("frequencies-in-bfloat16", "half-picks", "missed-the-cast"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "keeps 257 under bfloat16"),)
    ),
)  # fmt: skip

CASES = (AUTOCAST,)
