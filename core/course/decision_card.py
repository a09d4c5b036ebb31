"""The decision card: which way to hold a tensor, and the experiment that proves each branch."""

from dataclasses import dataclass

from core.course.case_machine import BOTH_TRAINED, NORM, PRICE
from core.course.place import CHECK, FAILURES, MOVING, Place

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
        "An optimizer is handed `module.parameters()`, and nothing else.",
        (BOTH_TRAINED,),
        "no",
    ),
    Branch(
        "Not trained, but does it follow the module?",
        "whatever `forward` computes with",
        "a buffer; 3 and 4 say if it is saved",
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
        "It follows the module, and the file does without a copy.",
        (PRICE,),
        "no",
    ),
    Branch(
        "Was it learned from data?",
        "running statistics, a codebook",
        "persistent",
        'self.register_buffer("mean", mean)',
        "Only the file can bring it back.",
        (
            NORM,
            Place(CARD, "The case machine: a running mean that is lost",
                  (("view", "the case machine"), ("case", "running-mean"),
                   ("choice", "non-persistent buffer"), ("predict", "false"))),
        ),
        "",
    ),
    Branch(
        "A device error?",
        "two devices in the message",
        "find the odd tensor",
        "torch.zeros(n, device=x.device)",
        "Register it, or create it on `x.device`.",
        (
            Place(FAILURES, "Failure cases: the mask stays on the CPU",
                  (("case", "mask-left-behind"),)),
            Place(CHECK, "Check your module: made on the CPU in forward",
                  (("module", "ZerosOnCpu"),)),
        ),
        "",
    ),
)  # fmt: skip
ELSE = (
    "None of these, but a result that every pass makes anew? A plain attribute is right. "
    "Keep it with `.detach()`."
)
