"""Cases about buffers that are written: averaged, put anew or in place, and not yet made."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works


def last_buffers_copied():
    torch.manual_seed(0)
    swa = torch.optim.swa_utils
    model = nn.BatchNorm1d(1)
    average = swa.AveragedModel(model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.9))
    for step in range(50):
        x = torch.randn(64, 1) - 10
        model(x if step < 49 else 1000 + x)  # the last batch is a bad one
        average.update_parameters(model)
    print(f"running mean of the model: {model.running_mean.item():.2f}")
    print(f"running mean of the average: {average.module.running_mean.item():.2f}")
    print(f"batches counted by the average: {average.module.num_batches_tracked.item()}")


def buffers_averaged():
    torch.manual_seed(0)
    swa = torch.optim.swa_utils
    model = nn.BatchNorm1d(1)
    averaging = swa.get_ema_multi_avg_fn(0.9)
    average = swa.AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
    for step in range(50):
        x = torch.randn(64, 1) - 10
        model(x if step < 49 else 1000 + x)  # the last batch is a bad one
        average.update_parameters(model)
    print(f"running mean of the model: {model.running_mean.item():.2f}")
    print(f"running mean of the average: {average.module.running_mean.item():.2f}")
    print(f"batches counted by the average: {average.module.num_batches_tracked.item()}")


AVERAGE = Case(
    slug="average-copies-last-buffers",
    title="An average of a model with BatchNorm",
    story="`AveragedModel` keeps a moving average of a model, so that one bad step does little "
    "harm. The inputs have a mean of −10. The last batch is a bad one, with a mean of 990.",
    sources=("pytorch/pytorch#84053", "lucidrains/ema-pytorch#29", "fadel/pytorch_ema#13"),
    tags=(Tag.TRAINING,),
    broken=last_buffers_copied,
    fixed=buffers_averaged,
    question="After that batch the model's `running_mean` is about 90. What is it in the "
    "average?",
    choices=(
        Choice("about 0: a tenth of the jump", "It would be, if buffers were averaged like "
               "weights.", lambda seen: -5 < seen.number("running mean of the average") < 5),
        Choice("about −10: as before the batch", "It would be, if the average did not follow "
               "buffers at all.",
               lambda seen: seen.number("running mean of the average") < -8),
        Choice("about 90: the model's own", "By default (`use_buffers=False`) the model's "
               "buffers are copied.",
               lambda seen: seen.number("running mean of the average") > 80),
    ),
    right=2,
    why="`AveragedModel` averages parameters and copies buffers. With `use_buffers=True` it "
    "averages all buffers. Then even the counter of batches is an average, and no longer a "
    "count.",
    fix="Use `use_buffers=True` if the statistics should change as slowly as the weights. Or "
    "compute the statistics again at the end, with `torch.optim.swa_utils.update_bn`.",
    similar=("weights-averaged-without-buffers", "still-in-training-mode"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "followed by AveragedModel"),)
    ),
)  # fmt: skip


def put_anew():
    class Counter(nn.Module):
        def __init__(self, seen):
            super().__init__()
            self.register_buffer("seen", seen)

        def forward(self, x):
            self.seen = self.seen + len(x)
            return x

    seen = torch.tensor(0)  # one counter for two layers
    model = nn.Sequential(Counter(seen), Counter(seen))
    model(torch.ones(3, 2))
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")
    print(f"first: {model[0].seen.item()}")
    print(f"second: {model[1].seen.item()}")


def changed_in_place():
    class Counter(nn.Module):
        def __init__(self, seen):
            super().__init__()
            self.register_buffer("seen", seen)

        def forward(self, x):
            self.seen += len(x)
            return x

    seen = torch.tensor(0)  # one counter for two layers
    model = nn.Sequential(Counter(seen), Counter(seen))
    model(torch.ones(3, 2))
    print(f"buffers: {[name for name, _ in model.named_buffers()]}")
    print(f"first: {model[0].seen.item()}")
    print(f"second: {model[1].seen.item()}")


REASSIGNED = Case(
    slug="reassigned-or-in-place",
    title="A counter that two layers share",
    story="Two layers share one counter: it is a buffer of both. Each layer adds the length of "
    "its batch.",
    sources=("docs/generated/torch.nn.DataParallel",),
    tags=(Tag.CACHES, Tag.TRAINING),
    broken=put_anew,
    fixed=changed_in_place,
    question="Both layers run `self.seen = self.seen + len(x)` on 3 rows. What do they hold?",
    choices=(
        Choice("6 and 6: one counter", "It was one counter until the first layer put a new tensor "
               "under its own name.",
               lambda seen: seen.number("first") == 6 == seen.number("second")),
        Choice("3 and 3: two counters", "`+` makes a new tensor, and each layer keeps its own "
               "one.",
               lambda seen: seen.number("first") == 3 == seen.number("second")),
        Choice("3 and 6", "For that, the second layer would have to see the first one's new "
               "tensor.",
               lambda seen: seen.number("first") == 3 and seen.number("second") == 6),
        Choice("an error: `seen` is no buffer any more", "A tensor that is assigned to a "
               "registered name stays a buffer.", lambda seen: not works(seen)),
    ),
    right=1,
    why="An assignment puts a new tensor under the name, and the old tensor stays as it was. "
    "Whoever holds the old one does not see the change: another layer, a list, a `state_dict`, "
    "or a replica of DataParallel.",
    fix="Change the counter in place: `+=`, `copy_()`, `fill_()`. If backward needs the old "
    "value, or the size changes, assign a new tensor and do not share it.",
    similar=("stale-alias", "shared-mask-parts", "best-weights-keep-changing"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "aliased by state_dict()"),)
    ),
)  # fmt: skip


def counted_before_the_first_batch():
    model = nn.LazyBatchNorm1d(affine=False)  # it learns from the first batch how wide it is
    print(f"a buffer: {type(model.running_mean).__name__}")
    model.to(torch.float64)
    print(f"after a cast: {model.running_mean.dtype}")
    print(f"numbers: {sum(buffer.numel() for buffer in model.buffers())}")


def counted_after_the_first_batch():
    model = nn.LazyBatchNorm1d(affine=False)  # it learns from the first batch how wide it is
    model(torch.ones(4, 3))
    print(f"a buffer: {type(model.running_mean).__name__}")
    model.to(torch.float64)
    print(f"after a cast: {model.running_mean.dtype}")
    print(f"numbers: {sum(buffer.numel() for buffer in model.buffers())}")


LAZY = Case(
    slug="buffer-without-shape",
    title="A buffer that has no shape yet",
    story="A lazy layer takes its width from the first batch. Until then its statistics are of "
    "the class `UninitializedBuffer`. A line that counts the model's numbers runs before the "
    "first batch.",
    sources=("docs/generated/torch.nn.parameter.UninitializedBuffer",),
    tags=(Tag.CACHES, Tag.DTYPE),
    broken=counted_before_the_first_batch,
    fixed=counted_after_the_first_batch,
    question="No batch was seen. The layer is cast, and then its buffers are counted. What "
    "happens?",
    choices=(
        Choice("the count is 1: empty ones and a counter", "An empty tensor has a shape. These "
               "buffers have none.", lambda seen: seen.number("numbers") == 1),
        Choice("the cast fails", "An uninitialized buffer has a dtype and a device, so it can "
               "be cast and moved.",
               lambda seen: not works(seen) and not seen.value("after a cast")),
        Choice("the cast works, the count fails", "The buffer refuses whatever needs its shape "
               "or its numbers, also `copy.deepcopy`.", raises("uninitialized parameter")),
    ),
    right=2,
    why="An `UninitializedBuffer` is registered, moved and cast, and its key is in the "
    "`state_dict`. It has no numbers yet. The first `forward` makes it an ordinary buffer.",
    fix="Run one batch before anything that needs shapes: counting, copying, loading into "
    "another module. Or use `nn.BatchNorm1d`, which is given its width.",
    similar=("lazy-mask", "none-buffer-saved"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("column", "None buffer"),)
    ),
    message="Attempted to use an uninitialized parameter",
)  # fmt: skip

CASES = (AVERAGE, REASSIGNED, LAZY)
