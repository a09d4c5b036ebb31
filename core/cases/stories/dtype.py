"""Cases about casting: what `.half()` and `.to(dtype)` change, and what they do not."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, prints, raises, works


def half_picks():
    class Tensors(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor([1.0, 2049.0]))
            self.register_buffer("mask", torch.tensor([True, False]))
            self.register_buffer("positions", torch.tensor([0, 2049]))
            self.table = torch.tensor([1.0, 2049.0])

    model = Tensors().half()
    for name in ("scale", "mask", "positions", "table"):
        print(f"{name}: {getattr(model, name).dtype}")
    print(f"largest scale: {model.scale.max().item()}")


def half_kept_off():
    class Tensors(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor([1.0, 2049.0]))
            self.register_buffer("mask", torch.tensor([True, False]))
            self.register_buffer("positions", torch.tensor([0, 2049]))
            self.table = torch.tensor([1.0, 2049.0])

    model = Tensors()
    scale = model.scale
    model.half()
    model.scale = scale  # still a buffer, in float32 again
    for name in ("scale", "mask", "positions", "table"):
        print(f"{name}: {getattr(model, name).dtype}")
    print(f"largest scale: {model.scale.max().item()}")


HALF = Case(
    slug="half-picks",
    title="Four tensors and half()",
    story="A model is run in half precision. It has a float buffer, a bool buffer, an int64 "
    "buffer, and a float tensor that was never registered.",
    sources=("EleutherAI/gpt-neox#1003", "huggingface/transformers#30709"),
    tags=(Tag.DTYPE,),
    broken=half_picks,
    fixed=half_kept_off,
    question="`scale` is a float buffer, `mask` a bool one, `table` a float attribute. After "
    "`.half()`, which are float16?",
    choices=(
        Choice("all three", "`.half()` casts only tensors that are registered and floating "
               "point. `mask` is bool, and `table` is not registered.",
               lambda seen: all("16" in seen.value(n) for n in ("scale", "mask", "table"))),
        Choice("scale and table", "`table` is a plain attribute, and `.half()` does not see it.",
               lambda seen: "16" in seen.value("scale") and "16" in seen.value("table")
               and "16" not in seen.value("mask")),
        Choice("only scale", "`.half()` casts what is registered and floating point. Of the "
               "three, only `scale` is both.",
               lambda seen: "16" in seen.value("scale") and "32" in seen.value("table")
               and "bool" in seen.value("mask")),
        Choice("none: .half() casts weights", "It casts floating-point parameters and buffers.",
               lambda seen: not any("16" in seen.value(n) for n in ("scale", "mask", "table"))),
    ),
    right=2,
    why="`.half()` casts floating-point parameters and buffers. float16 keeps 11 binary digits "
    "of a number, so 2049 becomes 2048. Bool and int64 buffers stay as they are, and so do "
    "plain attributes.",
    fix="If the digits of a buffer matter, put the float32 tensor back after the cast, or "
    "compute it again in `forward`.",
    similar=("missed-the-cast", "frequencies-in-bfloat16", "complex-table"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", ".half() on bool"),)
    ),
)  # fmt: skip


def missed_the_cast():
    class Projection(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.table = torch.eye(4)

        def forward(self, x):
            return self.linear(x) @ self.table

    model = Projection().to(torch.bfloat16)
    print(f"weight: {model.linear.weight.dtype}")
    print(f"table: {model.table.dtype}")
    print(f"output: {model(torch.ones(2, 4, dtype=torch.bfloat16)).dtype}")


def had_the_cast():
    class Projection(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.register_buffer("table", torch.eye(4))

        def forward(self, x):
            return self.linear(x) @ self.table

    model = Projection().to(torch.bfloat16)
    print(f"weight: {model.linear.weight.dtype}")
    print(f"table: {model.table.dtype}")
    print(f"output: {model(torch.ones(2, 4, dtype=torch.bfloat16)).dtype}")


MISSED = Case(
    slug="missed-the-cast",
    title="A model with a table, cast to bfloat16",
    story="A module multiplies by a fixed table that is a plain attribute. In float32 it works. "
    "Then the model is cast to bfloat16.",
    sources=("pytorch/pytorch#143900",),
    tags=(Tag.DTYPE,),
    broken=missed_the_cast,
    fixed=had_the_cast,
    question="The weights are bfloat16, the table is a float32 attribute. What does `@` do?",
    choices=(
        Choice("it computes in float32", "An addition would do that. A matrix product takes one "
               "dtype only.", prints("output", "torch.float32")),
        Choice("it computes in bfloat16", "PyTorch does not cast the table to bfloat16 by "
               "itself.",
               prints("output", "torch.bfloat16")),
        Choice("an error about dtypes", "`.to(torch.bfloat16)` skipped the plain attribute, and "
               "a matrix product does not mix dtypes.", raises("same dtype")),
        Choice("an error about devices", "All of it is on the CPU.", raises("same device")),
    ),
    right=2,
    why="`.to(dtype)` and `.to(device)` go through the same lists: parameters and buffers. So a "
    "plain attribute is neither cast nor moved. After a cast, a matrix product refuses "
    "two dtypes; after a move, it refuses two devices.",
    fix="Register the table as a buffer.",
    similar=("half-picks", "mask-left-behind"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "cast by .to(float64)"),)
    ),
    message="expected m1 and m2 to have the same dtype",
)  # fmt: skip


def float_into_int():
    old = nn.Module()
    old.register_buffer("scale", torch.tensor(2.8))
    new = nn.Module()
    new.register_buffer("scale", torch.tensor(0))
    print(f"saved: {old.scale.item()}")
    print(f"result: {new.load_state_dict(old.state_dict())}")
    print(f"loaded: {new.scale.item()}")


def float_into_float():
    old = nn.Module()
    old.register_buffer("scale", torch.tensor(2.8))
    new = nn.Module()
    new.register_buffer("scale", torch.tensor(0.0))
    print(f"saved: {old.scale.item()}")
    print(f"result: {new.load_state_dict(old.state_dict())}")
    print(f"loaded: {new.scale.item()}")


FLOAT_INTO_INT = Case(
    slug="float-into-int",
    title="A float in the file, an int in the module",
    story="In a new version of a model, somebody wrote `torch.tensor(0)` in place of "
    "`torch.tensor(0.0)`. So the buffer is now int64. An old checkpoint is loaded.",
    sources=("pytorch/pytorch#126000",),
    tags=(Tag.DTYPE, Tag.CHECKPOINT),
    broken=float_into_int,
    fixed=float_into_float,
    question="The checkpoint has 2.8, the module an int64 buffer. What does loading do?",
    choices=(
        Choice("an error about dtypes", "Loading checks keys and shapes, not dtypes.",
               lambda seen: not works(seen)),
        Choice("all keys matched, the value is 2", "The value is copied into the module's "
               "tensor. That tensor is int64, so 2.8 becomes 2.",
               lambda seen: seen.value("result").startswith("<All") and seen.number("loaded") == 2),
        Choice("all keys matched, the value is 3", "A cast to int cuts the fraction off. It "
               "does not round.",
               lambda seen: seen.value("result").startswith("<All") and seen.number("loaded") == 3),
        Choice("the buffer becomes float32", "With `assign=True` the file's tensor would "
               "replace it. By default its values are copied into the module's own tensor.",
               lambda seen: seen.value("loaded").startswith("2.8")),
    ),
    right=1,
    why="By default `load_state_dict` copies each value into the module's tensor with `copy_`, "
    "which casts to the dtype of that tensor.",
    fix="Create the buffer with the right dtype. Before you load a file of another version, "
    "compare the dtypes.",
    similar=("size-mismatch", "half-picks"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("source_dtype", "float64"), ("predict", "false")),
    ),
)  # fmt: skip

CASES = (HALF, MISSED, FLOAT_INTO_INT)
