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
    story="Attention code hides scores by writing `-1e9` into them. That worked in float32. Now "
    "the model is trained in mixed precision, and the scores are float16.",
    sources=("NVIDIA/apex#1052", "facebookresearch/fairseq#3575"),
    tags=(Tag.MASK, Tag.DTYPE),
    broken=too_negative,
    fixed=minus_infinity,
    question="float16 scores, `masked_fill(mask, -1e9)`. What happens?",
    choices=(
        Choice("it becomes -65504", "-65504 is the lowest float16 number. PyTorch does not clip "
               "other numbers to it.",
               prints("first row", "[1.0, 0.0, 0.0]")),
        Choice("an error: overflow", "The number does not fit, and PyTorch refuses to convert it.",
               raises("without overflow")),
        Choice("nan", "A row gets `nan` if all of its scores are -inf. That is not so here.",
               lambda seen: "nan" in seen.value("first row")),
    ),
    right=1,
    why="The largest float16 number is 65504. `masked_fill` converts its number to the tensor's "
    "dtype, and the conversion checks the range.",
    fix="Use `-torch.inf`, which float16, bfloat16, float32 and float64 have. `softmax` turns "
    "it into a weight of exactly 0.",
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
    story="A batch is padded on the left. A key is hidden if the causal mask or the padding "
    "mask hides it. For the padding token itself, no key is left.",
    sources=("pytorch/pytorch#103963", "pytorch/pytorch#131060"),
    tags=(Tag.MASK,),
    broken=row_of_nan,
    fixed=diagonal_kept,
    question="Every score of the first row is -inf. What does `softmax` make of that row?",
    choices=(
        Choice("zeros", "`softmax` divides by the sum of the row. Here it divides 0 by 0, and "
               "that is not 0.",
               prints("row 1", "[0.0, 0.0, 0.0]")),
        Choice("a third each", "Three equal scores give a third each, if they are finite.",
               lambda seen: seen.value("row 1").startswith("[0.33")),
        Choice("nan", "exp(-inf) is 0 for all of them, and 0 / 0 is nan.",
               prints("row 1", "[nan, nan, nan]")),
    ),
    right=2,
    why="`softmax` divides by the sum of the row, and here that sum is 0. The `nan` then "
    "spreads to the next layer and to the loss.",
    fix="Let every token see itself. The output of a padding token is thrown away anyway.",
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
    story="Hand-written attention hides a key where the mask is True. Now the same mask is "
    "given to `scaled_dot_product_attention`, which is faster.",
    sources=(
        "rasbt/LLMs-from-scratch#1061", "pytorch/pytorch#170415", "karpathy/nanoGPT#170",
    ),
    tags=(Tag.MASK,),
    broken=mask_upside_down,
    fixed=mask_right_side_up,
    question="The mask has True where a token must not look. What does the function do with it?",
    choices=(
        Choice("causal attention", "It would be, if True meant “hide” in this function.",
               lambda seen: works(seen) and seen.value("same") == "True"),
        Choice("an error", "The function accepts any bool mask of this shape.",
               lambda seen: not works(seen)),
        Choice("wrong values, no error", "In this function, True means “take part”. So each "
               "token sees only later tokens, and the last one sees none.",
               lambda seen: works(seen) and seen.value("same") == "False"),
    ),
    right=2,
    why="`masked_fill` and `nn.MultiheadAttention` hide a key where the mask is True. "
    "`scaled_dot_product_attention` keeps it there.",
    fix="Invert the mask with `~`, or use `is_causal=True`. Compare the output once with that "
    "of the hand-written attention.",
    similar=("zeroed-mask-loads", "row-of-nan"),
    experiment=Experiment(
        "pages/1_Attention_lab.py", (("buffer", "true"), ("causality", "true"))
    ),
)  # fmt: skip

CASES = (TOO_NEGATIVE, ROW_OF_NAN, UPSIDE_DOWN)
