"""Cases with two processes: what DistributedDataParallel sends to the others."""

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from core.cases.case import Case, Choice, Experiment, Tag, works


def not_broadcast(rank):
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.scale = torch.full((1,), float(rank))  # rank 1 starts with another value

        def forward(self, x):
            return self.linear(x) * self.scale

    model = DistributedDataParallel(Scores())
    model(torch.ones(1, 2))
    if rank == 1:
        print(f"scale on rank 1: {model.module.scale.item()}")


def broadcast(rank):
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("scale", torch.full((1,), float(rank)))

        def forward(self, x):
            return self.linear(x) * self.scale

    model = DistributedDataParallel(Scores())
    model(torch.ones(1, 2))
    if rank == 1:
        print(f"scale on rank 1: {model.module.scale.item()}")


NOT_SENT = Case(
    slug="not-broadcast",
    title="A scale in two processes",
    story="Each process makes a scale in `__init__`, with its own value, and keeps it as a "
    "plain attribute. Training runs in two processes, rank 0 and rank 1, with "
    "DistributedDataParallel (DDP).",
    sources=("karpathy/nanoGPT#151", "pytorch/pytorch#63916"),
    tags=(Tag.DISTRIBUTED,),
    broken=not_broadcast,
    fixed=broadcast,
    question="The scale is 0.0 on rank 0 and 1.0 on rank 1. After a forward pass under DDP, "
    "rank 1 has …",
    choices=(
        Choice("0.0, sent by rank 0", "A buffer would have been sent. DDP does not know the "
               "attribute.",
               lambda seen: seen.value("scale on rank 1") == "0.0"),
        Choice("0.5, the mean", "DDP averages gradients, not values.",
               lambda seen: seen.value("scale on rank 1") == "0.5"),
        Choice("1.0, its own", "DDP goes through parameters and buffers, and the scale is "
               "neither.",
               lambda seen: seen.value("scale on rank 1") == "1.0"),
        Choice("an error", "Each process computes with what it has.", lambda seen: not works(seen)),
    ),
    right=2,
    why="At the start, DDP sends the parameters and buffers of rank 0 to all processes. Before "
    "each forward pass it sends the buffers again. A plain attribute is neither.",
    fix="Register the scale as a buffer.",
    similar=("mask-left-behind", "lifted-constant"),
    experiment=Experiment(
        "pages/4_What_is_state.py",
        (("row", "sent by DDP at the start"), ("rows", "sent by DDP at the start"),
         ("slow", "true"), ("predict", "false")),
    ),
    slow=True,
    ranks=2,
)  # fmt: skip


CASES = (NOT_SENT,)
