"""Questions on the values of a mask, and what they do to the attention weights."""

import torch

from core.cases.case import Choice, prints, raises, works
from core.course.place import failure
from core.course.recap_pool.places import lab
from core.course.recap_question import RecapQuestion


def last_token_changed():
    x = torch.ones(3, 1)
    hidden = torch.ones(3, 3, dtype=torch.bool).triu(1)
    changed = x.clone()
    changed[2] = 9
    outputs = []
    for tokens in (x, changed):
        scores = (tokens @ tokens.T).masked_fill(hidden, -torch.inf)
        outputs.append(torch.softmax(scores, dim=-1) @ tokens)
    rows = (outputs[0] != outputs[1]).any(dim=1)
    print(f"rows that changed: {(rows.nonzero().flatten() + 1).tolist()}")


def all_hidden():
    scores = torch.zeros(1, 3).masked_fill(torch.ones(1, 3, dtype=torch.bool), -torch.inf)
    print(f"weights: {torch.softmax(scores, dim=-1).tolist()[0]}")


def too_negative():
    scores = torch.zeros(2, dtype=torch.float16)
    scores.masked_fill(torch.tensor([False, True]), -1e9)
    print("it works: True")


QUESTIONS = (
    RecapQuestion(
        "last-token-changed", "Causal attention over three tokens. The last token changes. Which "
        "rows of the output change?", last_token_changed,
        (
            Choice("all three", "The mask hides the last token from the first two.",
                   prints("rows that changed", "[1, 2, 3]")),
            Choice("the last one", "A row sees its own token and those before it.",
                   prints("rows that changed", "[3]")),
            Choice("the first two", "The mask hides the last token from them.",
                   prints("rows that changed", "[1, 2]")),
        ),
        lab("the causality probe", causality="true"),
    ),
    RecapQuestion(
        "all-hidden", "A mask hides every key of a query with -inf. What are the weights?",
        all_hidden,
        (
            Choice("all 0", "`softmax` makes weights that sum to 1. Zeros do not.",
                   prints("weights", "[0.0, 0.0, 0.0]")),
            Choice("one third each", "Three equal scores give a third each, if they are finite.",
                   lambda seen: "0.33" in seen.value("weights")),
            Choice("all nan", "`softmax` divides each number by the sum of all. Here both are 0, "
                   "and 0 / 0 is `nan`. A mask has to leave at least one key in sight.",
                   prints("weights", "[nan, nan, nan]")),
        ),
        failure("row-of-nan"),
    ),
    RecapQuestion(
        "too-negative", "Float16 scores are filled with -1e9 where the mask hides a key. What "
        "happens?", too_negative,
        (
            Choice("it works", "The largest float16 is 65,504, so -1e9 does not fit.", works),
            Choice("an error: overflow", "No float16 number is as low as -1e9. `-torch.inf` "
                   "fits: float16 has a value for it.", raises("overflow")),
        ),
        failure("too-negative-for-half"),
    ),
)  # fmt: skip
