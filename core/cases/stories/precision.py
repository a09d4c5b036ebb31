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
        Choice("4096: bfloat16 reaches beyond 10³⁸", "It reaches far, but has 8 bits for digits: "
               "beyond 256 it leaves numbers out.",
               lambda seen: seen.number("different positions") == 4096),
        Choice("769", "The numbers 0 to 256 are exact. Beyond them each doubling has 128 numbers: "
               "257 + 4 × 128.",
               lambda seen: seen.number("different positions") == 769),
        Choice("257: all beyond 256 are one", "The steps grow with the numbers: 2 up to 512, then "
               "4, 8 and 16.", lambda seen: seen.number("different positions") == 257),
    ),
    right=1,
    why="`.bfloat16()` casts the buffer itself, and the digits are gone. `torch.autocast` leaves "
    "parameters and buffers as they are and casts what goes into an operation, so here it is the "
    "product that is rounded. Code that reads the buffer elsewhere has all its digits.",
    fix="Train and run under `torch.autocast`, with a float32 model. Where the model itself is "
    "cast, keep positions as int64, which `.bfloat16()` leaves alone.",
    similar=("frequencies-in-bfloat16", "half-picks", "missed-the-cast"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "keeps 257 under bfloat16"),)
    ),
)  # fmt: skip

CASES = (AUTOCAST,)
