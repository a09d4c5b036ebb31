"""The decision card: which way to hold a tensor, and the experiment that proves each branch."""

from dataclasses import dataclass

from core.course.case_machine import BOTH_TRAINED, NORM, PRICE
from core.course.place import CHECK, MOVING, Place, failure

CARD = "pages/9_Decision_card.py"
TITLE = "How do I hold this tensor?"


@dataclass(frozen=True)
class Branch:
    """A question, the answer to a yes, the line to write, why, and its proofs; in Markdown."""

    question: str
    example: str
    answer: str
    code: str
    why: str
    proofs: tuple[Place, ...]
    leads_on: str  # which answer leads to the next question; empty where none does


BRANCHES = (
    Branch(
        "Is it trained?",
        "weights, a learned temperature",
        "`nn.Parameter`",
        "self.scale = nn.Parameter(scale)",
        "An optimizer usually gets `module.parameters()`, which lists it.",
        (BOTH_TRAINED,),
        "no",
    ),
    Branch(
        "Not trained, but must it move with the module?",
        "a tensor that `forward` computes with",
        "a buffer; go on to question 3",
        'self.register_buffer("mask", mask)',
        "`.to()` moves and casts parameters and buffers, nothing else.",
        (
            Place(MOVING, "Moving devices: a buffer follows",
                  (("start", "buffer"), ("steps", "to-sim.forward"))),
            Place(MOVING, "A plain attribute stays",
                  (("start", "plain"), ("steps", "to-sim.forward"))),
        ),
        "a buffer:",
    ),
    Branch(
        "Can it be computed again from the configuration?",
        "causal mask, rotary table",
        "`persistent=False`",
        'self.register_buffer("mask", mask, persistent=False)',
        "It moves with the module, and it is not in the file.",
        (PRICE,),
        "no",
    ),
    Branch(
        "Does a new module need its values?",
        "BatchNorm's running mean, a data set's mean",
        "a persistent buffer",
        'self.register_buffer("mean", mean)',
        "A new module can get them only from the file.",
        (
            NORM,
            Place(CARD, "The case machine: how to hold a running mean",
                  (("view", "the case machine"), ("case", "running-mean"))),
        ),
        "",
    ),
    Branch(
        "A device error?",
        "two devices in the message",
        "find the tensor that stayed behind",
        "torch.zeros(n, device=x.device)",
        "Create it on the device of the input, or register it as a buffer.",
        (
            failure("mask-left-behind"),
            Place(CHECK, "Check your module: made on the CPU in forward",
                  (("module", "ZerosOnCpu"),)),
        ),
        "",
    ),
)  # fmt: skip
ELSE = (
    "None of these? A result kept for a plot, for example: each forward pass makes it anew. Store "
    "it as a plain attribute, with `.detach()`."
)
