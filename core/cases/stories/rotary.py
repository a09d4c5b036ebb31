"""Cases about tables of angles: rotary position embeddings and the casts that hurt them."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag


def complex_table():
    class Rotary(nn.Module):
        def __init__(self):
            super().__init__()
            angles = torch.arange(4.0)
            self.register_buffer("turns", torch.polar(torch.ones(4), angles))

    model = Rotary()
    print(f"before: {model.turns.dtype}, {model.turns[1].item():.2f}")
    model.half()
    print(f"after half(): {model.turns.dtype}")
    model.to(torch.bfloat16)
    print(f"after to(bfloat16): {model.turns.dtype}, {model.turns[1].item():.2f}")
    print(f"imaginary part: {'kept' if model.turns.is_complex() else 'lost'}")


def two_real_tables():
    class Rotary(nn.Module):
        def __init__(self):
            super().__init__()
            angles = torch.arange(4.0)
            self.register_buffer("cos_sin", torch.stack((angles.cos(), angles.sin())))

        @property
        def turns(self):
            return torch.complex(*self.cos_sin.float())

    model = Rotary()
    print(f"before: {model.turns.dtype}, {model.turns[1].item():.2f}")
    model.half()
    print(f"after half(): {model.turns.dtype}")
    model.to(torch.bfloat16)
    print(f"after to(bfloat16): {model.turns.dtype}, {model.turns[1].item():.2f}")
    print(f"imaginary part: {'kept' if model.turns.is_complex() else 'lost'}")


COMPLEX = Case(
    slug="complex-table",
    title="A complex table and two casts",
    story="With complex numbers, the code of rotary embeddings is short. So the table is a "
    "complex buffer. Somebody reduces its precision in two ways.",
    sources=("tenstorrent/tt-metal#27426", "facebookresearch/fairseq2#480"),
    tags=(Tag.DTYPE,),
    broken=complex_table,
    fixed=two_real_tables,
    question="A complex64 buffer. First `.half()`, then `.to(torch.bfloat16)`. What is left?",
    choices=(
        Choice("both make it a real table", "`.half()` casts floating-point tensors, and a "
               "complex tensor is not one of them.",
               lambda seen: "complex" not in seen.value("after half()")),
        Choice("both leave it complex64", "`.to(dtype)` casts complex tensors too.",
               lambda seen: "complex" in seen.value("after half()")
               and "complex" in seen.value("after to(bfloat16)")),
        Choice("half() leaves it, to() makes it real", "`.half()` leaves complex tensors alone. "
               "`.to(torch.bfloat16)` drops the imaginary part, with a warning that is easy to "
               "miss.",
               lambda seen: "complex" in seen.value("after half()")
               and seen.value("imaginary part") == "lost" and len(seen.warnings) > 0),
    ),
    right=2,
    why="`.half()`, `.float()` and `.bfloat16()` ask `is_floating_point()`. `.to(dtype)` also "
    "casts complex tensors, and a real dtype has no place for an imaginary part.",
    fix="Keep cosine and sine in a real buffer. Make complex numbers of them when they are used.",
    similar=("frequencies-in-bfloat16", "half-picks"),
    experiment=Experiment("pages/4_What_is_state.py"),
)  # fmt: skip


def frequencies_in_bfloat16():
    class Rotary(nn.Module):
        def __init__(self):
            super().__init__()
            steps = torch.arange(0, 64, 2) / 64
            self.register_buffer("inv_freq", 10_000.0**-steps, persistent=False)

        def forward(self, length):
            angles = torch.outer(torch.arange(length).float(), self.inv_freq.float())
            return angles.cos()

    model = Rotary()
    exact = model(4096)
    model.bfloat16()
    print(f"frequencies: {model.inv_freq.dtype}")
    print(f"largest error at 64 positions: {(model(64) - exact[:64]).abs().max():.2f}")
    print(f"largest error at 4096 positions: {(model(4096) - exact).abs().max():.2f}")


def frequencies_in_float32():
    class Rotary(nn.Module):
        def __init__(self):
            super().__init__()

        def forward(self, length):
            inv_freq = 10_000.0 ** -(torch.arange(0, 64, 2) / 64)
            angles = torch.outer(torch.arange(length).float(), inv_freq)
            return angles.cos()

    model = Rotary()
    exact = model(4096)
    model.bfloat16()
    print("frequencies: computed when needed")
    print(f"largest error at 64 positions: {(model(64) - exact[:64]).abs().max():.2f}")
    print(f"largest error at 4096 positions: {(model(4096) - exact).abs().max():.2f}")


FREQUENCIES = Case(
    slug="frequencies-in-bfloat16",
    title="Rotary frequencies in bfloat16",
    story="The frequencies of a rotary embedding are a buffer. The model is cast to bfloat16, "
    "and so are its buffers. `forward` casts the frequencies back to float32.",
    sources=("huggingface/transformers#25681", "EleutherAI/gpt-neox#1003"),
    tags=(Tag.DTYPE,),
    broken=frequencies_in_bfloat16,
    fixed=frequencies_in_float32,
    question="A cosine is between −1 and 1. How wrong is the table at 4,096 positions?",
    choices=(
        Choice("not at all: float32 again", "`.float()` brings the dtype back, not the digits that "
               "the cast cut off.",
               lambda seen: seen.number("largest error at 4096 positions") == 0),
        Choice("by less than 0.01", "The error of a frequency is that small. But an angle is "
               "frequency times position, so its error grows.",
               lambda seen: 0 < seen.number("largest error at 4096 positions") < 0.01),
        Choice("by 0.01 to 1", "That is the error at a few hundred positions.",
               lambda seen: 0.01 <= seen.number("largest error at 4096 positions") <= 1),
        Choice("by more than 1", "At far positions the angles are wrong by more than a radian, "
               "so their cosines mean nothing.",
               lambda seen: seen.number("largest error at 4096 positions") > 1),
    ),
    right=3,
    why="bfloat16 keeps 8 binary digits, so a number may be wrong by up to 0.4 percent. An "
    "angle is position times frequency, so its error grows with the position.",
    fix="Compute the frequencies in float32 where they are used, or keep the buffer out of casts.",
    similar=("half-picks", "complex-table"),
    experiment=Experiment("pages/4_What_is_state.py"),
)  # fmt: skip

CASES = (COMPLEX, FREQUENCIES)
