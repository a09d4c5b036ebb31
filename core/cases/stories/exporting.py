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
    story="A model is exported for a phone. Later its state is to be replaced without exporting "
    "again.",
    sources=("pytorch/pytorch#110484", "pytorch/pytorch#148482", "pytorch/pytorch#131686"),
    tags=(Tag.EXPORT,),
    broken=lifted_constant,
    fixed=exported_buffer,
    question="`torch.export` meets a mask that is a plain attribute. What does it become?",
    choices=(
        Choice("a buffer of the program", "For that, it would have to be registered.",
               lambda seen: seen.value("mask") == "BUFFER"),
        Choice("a constant", "The program needs the values, and no list of the module has them.",
               lambda seen: seen.value("mask") == "CONSTANT_TENSOR"
               and "mask" not in seen.value("state_dict")),
        Choice("an input of the program", "Inputs are what `forward` is given.",
               lambda seen: seen.value("mask") == "USER_INPUT"),
        Choice("an error", "Export takes it without a word.", lambda seen: not works(seen)),
    ),
    right=1,
    why="Export lifts every tensor to an input of the graph. A registered one keeps its role and "
    "its place in the `state_dict`. One that is not registered is a constant of the program.",
    fix="Register it. A buffer that is not persistent is a buffer and a constant at once.",
    similar=("not-broadcast", "wrapped-by-compile"),
    experiment=Experiment(
        "pages/4_What_is_state.py",
        (("row", "role in torch.export"), ("rows", "role in torch.export"), ("slow", "true"),
         ("predict", "false")),
    ),
    slow=True,
)  # fmt: skip

CASES = (LIFTED,)
