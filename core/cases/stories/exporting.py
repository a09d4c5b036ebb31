"""Cases about torch.export: what becomes of a tensor that the program needs."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, works


def lifted_constant():
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.mask = torch.ones(2)

        def forward(self, x):
            return self.linear(x) * self.mask

    program = torch.export.export(Scores(), (torch.ones(1, 2),))
    kinds = {spec.target: spec.kind.name for spec in program.graph_signature.input_specs}
    print(f"mask: {kinds['mask']}")
    print(f"state_dict: {list(program.state_dict)}")
    print(f"constants: {list(program.constants)}")


def exported_buffer():
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.register_buffer("mask", torch.ones(2))

        def forward(self, x):
            return self.linear(x) * self.mask

    program = torch.export.export(Scores(), (torch.ones(1, 2),))
    kinds = {spec.target: spec.kind.name for spec in program.graph_signature.input_specs}
    print(f"mask: {kinds['mask']}")
    print(f"state_dict: {list(program.state_dict)}")
    print(f"constants: {list(program.constants)}")


LIFTED = Case(
    slug="lifted-constant",
    title="A mask in an exported program",
    story="A model is exported for a phone. Later somebody wants to load another mask, without "
    "exporting again.",
    sources=("pytorch/pytorch#110484", "pytorch/pytorch#148482", "pytorch/pytorch#131686"),
    tags=(Tag.EXPORT,),
    broken=lifted_constant,
    fixed=exported_buffer,
    question="`torch.export` meets a mask that is a plain attribute. What does it become?",
    choices=(
        Choice("a buffer of the program", "For that, it would have to be registered.",
               lambda seen: seen.value("mask") == "BUFFER"),
        Choice("a constant", "The program needs the mask's values. The mask is not registered, "
               "so they become a constant.",
               lambda seen: seen.value("mask") == "CONSTANT_TENSOR"
               and "mask" not in seen.value("state_dict")),
        Choice("an input of the program", "The program's inputs are what `forward` is given, "
               "here `x`.",
               lambda seen: seen.value("mask") == "USER_INPUT"),
        Choice("an error", "`torch.export` accepts a plain attribute without an error.",
               lambda seen: not works(seen)),
    ),
    right=1,
    why="In an exported program, parameters and persistent buffers are in the `state_dict`, "
    "under their names. A tensor that is not registered becomes a constant, and the "
    "`state_dict` does not have it.",
    fix="Register the mask as a persistent buffer. The values of a non-persistent buffer are "
    "among the constants, too.",
    similar=("not-broadcast", "wrapped-by-compile"),
    experiment=Experiment(
        "pages/4_What_is_state.py",
        (("row", "role in torch.export"), ("rows", "role in torch.export"), ("slow", "true"),
         ("predict", "false")),
    ),
    slow=True,
)  # fmt: skip

CASES = (LIFTED,)
