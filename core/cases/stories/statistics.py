"""Cases about buffers that `forward` writes: running statistics and recurrent state."""

import copy

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from core.cases.case import Case, Choice, Experiment, Tag, works


def averaged_without_buffers():
    torch.manual_seed(0)
    model = nn.BatchNorm1d(1)
    twin = copy.deepcopy(model)
    for _ in range(20):
        model(torch.randn(64, 1) - 10)
        for average, value in zip(twin.parameters(), model.parameters(), strict=True):
            average.data.lerp_(value.data, 0.1)
    print(f"running mean of the model: {model.running_mean.item():.2f}")
    print(f"running mean of the twin: {twin.running_mean.item():.2f}")
    print(f"twin, in use: {twin.eval()(torch.tensor([[-10.0]])).item():.2f}")


def averaged_with_buffers():
    torch.manual_seed(0)
    model = nn.BatchNorm1d(1)
    twin = copy.deepcopy(model)
    for _ in range(20):
        model(torch.randn(64, 1) - 10)
        for average, value in zip(twin.parameters(), model.parameters(), strict=True):
            average.data.lerp_(value.data, 0.1)
        for copied, value in zip(twin.buffers(), model.buffers(), strict=True):
            copied.copy_(value)
    print(f"running mean of the model: {model.running_mean.item():.2f}")
    print(f"running mean of the twin: {twin.running_mean.item():.2f}")
    print(f"twin, in use: {twin.eval()(torch.tensor([[-10.0]])).item():.2f}")


AVERAGED = Case(
    slug="weights-averaged-without-buffers",
    title="A twin with averaged weights",
    story="A second model, the twin, holds a moving average of the weights, as in "
    "self-supervised learning. A loop over `parameters()` computes it. The twin is what is "
    "evaluated.",
    sources=("facebookresearch/moco#70", "lucidrains/byol-pytorch#73"),
    tags=(Tag.TRAINING,),
    broken=averaged_without_buffers,
    fixed=averaged_with_buffers,
    question="The inputs have a mean of −10. What is the twin's `running_mean` after 20 steps?",
    choices=(
        Choice("that of the model, near −9", "For that, the loop would have to copy the buffer "
               "too.",
               lambda seen: seen.number("running mean of the twin") < -8),
        Choice("a little behind the model's", "The averaged weights are a little behind. But "
               "the mean is a buffer, and the loop did not average buffers.",
               lambda seen: -8 <= seen.number("running mean of the twin") < -0.01),
        Choice("0.00, as at the start", "`running_mean` is a buffer and not among the "
               "parameters, so the loop did not change the twin's.",
               lambda seen: seen.number("running mean of the twin") == 0
               and seen.number("running mean of the model") < -8),
    ),
    right=2,
    why="BatchNorm keeps its statistics in buffers, and `forward` in training mode writes them. "
    "The twin never ran in training mode, and the loop went through parameters only.",
    fix="Copy the buffers too. `torch.optim.swa_utils.AveragedModel` does that by itself.",
    similar=("checkpointing-counts-twice", "best-weights-keep-changing"),
    experiment=Experiment(
        "pages/5_Training.py", (("norm", "true"), ("predict", "false"))
    ),
)  # fmt: skip


def counted_twice():
    block = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    x = torch.ones(4, 2, requires_grad=True)
    y = checkpoint(block, x, use_reentrant=False)  # saves memory: computed again in backward
    y.sum().backward()
    print(f"batches counted: {block[1].num_batches_tracked.item()}")


def counted_once():
    block = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    x = torch.ones(4, 2, requires_grad=True)
    y = block[1](checkpoint(block[0], x, use_reentrant=False))  # the norm stays outside
    y.sum().backward()
    print(f"batches counted: {block[1].num_batches_tracked.item()}")


TWICE = Case(
    slug="checkpointing-counts-twice",
    title="BatchNorm and activation checkpointing",
    story="To save memory, a block's activations are not kept: `backward` computes them again. The "
    "block has a BatchNorm.",
    sources=("docs/checkpoint",),
    tags=(Tag.TRAINING,),
    broken=counted_twice,
    fixed=counted_once,
    question="One training step with activation checkpointing. How many batches did BatchNorm "
    "count?",
    choices=(
        Choice("0", "The BatchNorm is in training mode, so it counts.",
               lambda seen: seen.number("batches counted") == 0),
        Choice("1", "The step has one batch, but two forward passes.",
               lambda seen: seen.number("batches counted") == 1),
        Choice("2", "`forward` runs once more inside `backward`, and writes the buffers once more.",
               lambda seen: seen.number("batches counted") == 2),
    ),
    right=2,
    why="The second pass is a full `forward`. Its output is the same as the first one's, but it "
    "writes the buffers again: running mean and variance move twice.",
    fix="Keep the BatchNorm outside the block, or use a norm without running statistics.",
    similar=("weights-averaged-without-buffers", "graph-kept"),
    experiment=Experiment(
        "pages/5_Training.py", (("norm", "true"), ("predict", "false"))
    ),
)  # fmt: skip


def graph_kept():
    class Memory(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("state", torch.zeros(1, 2))

        def forward(self, x):
            self.state = torch.tanh(self.linear(x) + self.state)
            return self.state

    model = Memory()
    for step in (1, 2):
        model(torch.ones(1, 2)).sum().backward()
        print(f"step {step}: done")


def graph_cut():
    class Memory(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("state", torch.zeros(1, 2))

        def forward(self, x):
            self.state = torch.tanh(self.linear(x) + self.state.detach())
            return self.state

    model = Memory()
    for step in (1, 2):
        model(torch.ones(1, 2)).sum().backward()
        print(f"step {step}: done")


GRAPH = Case(
    slug="graph-kept",
    title="A state that lasts from step to step",
    story="A module keeps a state in a buffer, from one training step to the next. The first "
    "step works.",
    sources=("forum/6795",),
    tags=(Tag.TRAINING, Tag.CACHES),
    broken=graph_kept,
    fixed=graph_cut,
    question="The state of step 1 is used in step 2. What does `backward()` of step 2 do?",
    choices=(
        Choice("it works", "The graph of step 2 leads through the state into the graph of step "
               "1, which is gone.", works),
        Choice("an error: a second time", "Step 1's graph was freed by its own `backward()`.",
               lambda seen: seen.raised("backward through the graph a second time")
               and len(seen.lines) == 1),
        Choice("an error in step 1", "There the state is a tensor of zeros without a graph.",
               lambda seen: not works(seen) and not seen.lines),
    ),
    right=1,
    why="Registering a buffer does not cut the graph. A tensor that is assigned to a buffer "
    "keeps its graph.",
    fix="`.detach()` the state between steps.",
    similar=("result-kept", "checkpointing-counts-twice"),
    experiment=Experiment("pages/5_Training.py"),
    message="backward through the graph a second time",
)  # fmt: skip


def mean_with_history():
    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("mean", torch.zeros(2))

        def forward(self, x):
            x = self.linear(x)
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
            return x

    model = Centred()
    for _ in range(50):
        model(torch.ones(4, 2)).sum().backward()
    steps, node = 0, model.mean.grad_fn
    while node:
        steps, node = steps + 1, node.next_functions[0][0]
    print(f"operations remembered: {steps}")


def mean_without_history():
    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("mean", torch.zeros(2))

        def forward(self, x):
            x = self.linear(x)
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
            return x

    model = Centred()
    for _ in range(50):
        model(torch.ones(4, 2)).sum().backward()
    steps, node = 0, model.mean.grad_fn
    while node:
        steps, node = steps + 1, node.next_functions[0][0]
    print(f"operations remembered: {steps}")


HISTORY = Case(
    slug="mean-with-history",
    title="A hand-written running mean",
    story="Somebody writes a module that keeps a running mean in a buffer. Training runs for "
    "hours.",
    sources=("bayesiains/nflows#11", "d2l-ai/d2l-en#1342", "pytorch/pytorch#20275"),
    tags=(Tag.TRAINING,),
    broken=mean_with_history,
    fixed=mean_without_history,
    question="After 50 steps, how many recorded operations are in the graph of the buffer?",
    choices=(
        Choice("none: a buffer has no gradient", "A buffer is no parameter, but what is assigned "
               "to it may have a history.",
               lambda seen: seen.number("operations remembered") == 0),
        Choice("a handful: those of the last step", "The last mean was computed from the one "
               "before, and so on.", lambda seen: 0 < seen.number("operations remembered") < 10),
        Choice("about a hundred: two for each step", "There are a product and a sum for each "
               "step, back to the first one.",
               lambda seen: 90 < seen.number("operations remembered") < 110),
    ),
    right=2,
    why="`x` was computed from a weight, so the new mean has a graph. The old mean is part of "
    "the new one, with its own graph. So no graph is ever freed, and there is no error.",
    fix="`.detach()` what goes into the buffer, or update it under `torch.no_grad()`.",
    similar=("graph-kept", "result-kept"),
    experiment=Experiment("pages/5_Training.py", (("norm", "true"), ("predict", "false"))),
)  # fmt: skip

CASES = (AVERAGED, TWICE, GRAPH, HISTORY)
