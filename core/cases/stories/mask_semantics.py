"""Cases about what a mask means: which value hides, and what is left where all is hidden."""

import torch
import torch.nn.functional as F

from core.cases.case import Case, Choice, Experiment, Tag, prints, raises, works


def too_negative():
    scores = torch.ones(3, 3, dtype=torch.float16)
    mask = torch.triu(torch.ones(3, 3), diagonal=1).bool()
    scores = scores.masked_fill(mask, -1e9)
    print(f"first row: {torch.softmax(scores, dim=-1)[0].tolist()}")


def minus_infinity():
    scores = torch.ones(3, 3, dtype=torch.float16)
    mask = torch.triu(torch.ones(3, 3), diagonal=1).bool()
    scores = scores.masked_fill(mask, -torch.inf)
    print(f"first row: {torch.softmax(scores, dim=-1)[0].tolist()}")


TOO_NEGATIVE = Case(
    slug="too-negative-for-half",
    title="Minus a billion in float16",
    story="Attention code hides scores by writing `-1e9` into them. It was written in float32 and "
    "then trained with mixed precision.",
    sources=("NVIDIA/apex#1052", "facebookresearch/fairseq#3575"),
    tags=(Tag.MASK, Tag.DTYPE),
    broken=too_negative,
    fixed=minus_infinity,
    question="float16 scores, `masked_fill(mask, -1e9)`. What happens?",
    choices=(
        Choice("it becomes -65504", "That is the lowest float16. PyTorch does not clip a number "
               "to it.",
               prints("first row", "[1.0, 0.0, 0.0]")),
        Choice("an error: overflow", "The number does not fit, and PyTorch refuses to convert it.",
               raises("without overflow")),
        Choice("nan", "`nan` comes out of a row that is hidden as a whole with -inf.",
               lambda seen: "nan" in seen.value("first row")),
    ),
    right=1,
    why="float16 ends at 65504. A Python number that is to be written into a tensor is converted "
    "to the tensor's dtype first, and that conversion checks the range.",
    fix="Use `-torch.inf`. float16, bfloat16, float32 and float64 have it, and "
    "`softmax` makes it exactly 0.",
    similar=("row-of-nan", "half-picks"),
    experiment=Experiment("pages/1_Attention_lab.py", (("buffer", "true"),)),
    message="value cannot be converted to type .* without overflow",
)  # fmt: skip


def row_of_nan():
    scores = torch.zeros(3, 3)
    causal = torch.triu(torch.ones(3, 3), diagonal=1).bool()
    padding = torch.tensor([True, False, False])  # the first token is padding
    weights = torch.softmax(scores.masked_fill(causal | padding, -torch.inf), dim=-1)
    print(f"row 1: {weights[0].tolist()}")
    print(f"row 3: {weights[2].tolist()}")
    print(f"output has nan: {bool((weights @ torch.ones(3, 1)).isnan().any())}")


def diagonal_kept():
    scores = torch.zeros(3, 3)
    causal = torch.triu(torch.ones(3, 3), diagonal=1).bool()
    padding = torch.tensor([True, False, False])  # the first token is padding
    hidden = (causal | padding) & ~torch.eye(3).bool()  # a token always sees itself
    weights = torch.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1)
    print(f"row 1: {weights[0].tolist()}")
    print(f"row 3: {weights[2].tolist()}")
    print(f"output has nan: {bool((weights @ torch.ones(3, 1)).isnan().any())}")


ROW_OF_NAN = Case(
    slug="row-of-nan",
    title="Padding on the left",
    story="A batch is padded on the left. The causal mask and the padding mask are joined. For the "
    "padding token itself nothing is left to look at.",
    sources=("pytorch/pytorch#103963", "pytorch/pytorch#131060"),
    tags=(Tag.MASK,),
    broken=row_of_nan,
    fixed=diagonal_kept,
    question="Every score of the first row is -inf. What does `softmax` make of that row?",
    choices=(
        Choice("zeros", "They would not sum to 1, and 0 divided by 0 is not 0.",
               prints("row 1", "[0.0, 0.0, 0.0]")),
        Choice("a third each", "Equal scores that are finite would give that.",
               lambda seen: seen.value("row 1").startswith("[0.33")),
        Choice("nan", "exp(-inf) is 0 for all of them, and 0 / 0 is nan.",
               prints("row 1", "[nan, nan, nan]")),
    ),
    right=2,
    why="`softmax` divides by the sum of the row. That sum is 0. The nan then spreads: the next "
    "layer's keys have it, and the loss.",
    fix="Let every token see itself. What a padding token computes is thrown away anyway.",
    similar=("too-negative-for-half", "mask-upside-down"),
    experiment=Experiment(
        "pages/1_Attention_lab.py", (("buffer", "true"), ("causality", "true"))
    ),
)  # fmt: skip


def mask_upside_down():
    query = key = torch.zeros(1, 3, 2)
    value = torch.tensor([[[1.0], [10.0], [100.0]]])
    hide = torch.triu(torch.ones(3, 3), diagonal=1).bool()  # True: must not look
    output = F.scaled_dot_product_attention(query, key, value, attn_mask=hide)
    print(f"output: {output.flatten().tolist()}")
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    print(f"causal: {expected.flatten().tolist()}")
    print(f"same: {torch.equal(output, expected)}")


def mask_right_side_up():
    query = key = torch.zeros(1, 3, 2)
    value = torch.tensor([[[1.0], [10.0], [100.0]]])
    hide = torch.triu(torch.ones(3, 3), diagonal=1).bool()  # True: must not look
    output = F.scaled_dot_product_attention(query, key, value, attn_mask=~hide)
    print(f"output: {output.flatten().tolist()}")
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    print(f"causal: {expected.flatten().tolist()}")
    print(f"same: {torch.equal(output, expected)}")


UPSIDE_DOWN = Case(
    slug="mask-upside-down",
    title="One mask for two attention functions",
    story="Hand-written attention hides where the mask is True. The same buffer is then given to "
    "`scaled_dot_product_attention`, which is faster.",
    sources=(
        "rasbt/LLMs-from-scratch#1061", "pytorch/pytorch#170415", "karpathy/nanoGPT#170",
    ),
    tags=(Tag.MASK,),
    broken=mask_upside_down,
    fixed=mask_right_side_up,
    question="The mask has True where a token must not look. What does the function do with it?",
    choices=(
        Choice("causal attention", "For that, True would have to mean: hide.",
               lambda seen: works(seen) and seen.value("same") == "True"),
        Choice("an error", "The function takes a bool mask of this shape, whatever it means.",
               lambda seen: not works(seen)),
        Choice("wrong values, no error", "Here True means: take part. Tokens see only the future, "
               "and the last one sees nothing.",
               lambda seen: works(seen) and seen.value("same") == "False"),
    ),
    right=2,
    why="`masked_fill` and `nn.MultiheadAttention` hide where the mask is True. "
    "`scaled_dot_product_attention` keeps where it is True.",
    fix="Turn it round with `~`, or say `is_causal=True`. Compare once with the hand-written form.",
    similar=("zeroed-mask-loads", "row-of-nan"),
    experiment=Experiment(
        "pages/1_Attention_lab.py", (("buffer", "true"), ("causality", "true"))
    ),
)  # fmt: skip

CASES = (TOO_NEGATIVE, ROW_OF_NAN, UPSIDE_DOWN)
