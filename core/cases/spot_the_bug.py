"""Spot the bug: a damaged listing, repaired by choosing among known lines, run in every state.

The listing is the attention module of the notebook on buffers as a reader met it, damaged: two
layers are not called, a dot is missing, a line is missing, and the last statement ends too soon.
No text of a visitor runs: a state of the listing is a set of words, and each stands for known
lines.
"""

import functools
from dataclasses import dataclass

from core.cases.case import Failure, Seen
from core.cases.observe import execute

DAMAGED: str = """import torch
from torch import nn


class CausalAttentionWithoutBuffers(nn.Module):
    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__()
        self.W_query = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_key = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_value = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.dropout = nn.Dropout(dropout)
        self.mask = torch.triu(torch.ones(context_length, context_length), diagonal=1)

    def forward(self, x):
        b, num_tokens, d_in = x.shape
        keys = self.W_key
        queries = self.W_query
        values = self.W_value(x)

        attn_scores = queries @ keystranspose(1, 2)
        attn_scores.masked_fill_(self.mask.bool()[:num_tokens, :num_tokens], -torch.inf)

        attn_weights = self.dropout(attn_weights)
        context_vec = attn_weights @ values
        return context_vec


inputs = torch.tensor(
    [[0.43, 0.15, 0.89],
     [0.55, 0.87, 0.66],
     [0.57, 0.85, 0.64],
     [0.22, 0.58, 0.33],
     [0.77, 0.25, 0.10],
     [0.05, 0.80, 0.55]]
)
batch = torch.stack((inputs, inputs), dim=0)
torch.manual_seed(123)
attention = CausalAttentionWithoutBuffers(3, 2, 6, 0.0)
with torch.no_grad()"""

# What the notebook prints for the first sequence (rasbt/LLMs-from-scratch, ch03/03).
PUBLISHED = (
    (-0.4519, 0.2216), (-0.5874, 0.0058), (-0.6300, -0.0632), (-0.5675, -0.0843),
    (-0.5526, -0.0981), (-0.5299, -0.1081),
)  # fmt: skip

_HERE = "        "
_RUNS = "\n    context_vec = attention(batch)\nprint(context_vec)"
_CHOICES = (  # the line as it stands; what may stand there instead; the position of the right one
    ("        super().__init__()", (f"{_HERE}pass",), None),
    (
        "        self.mask = torch.triu(torch.ones(context_length, context_length), diagonal=1)",
        (f"{_HERE}self.mask = torch.triu(torch.ones(context_length, context_length))",),
        None,
    ),
    (
        "        keys = self.W_key",
        (
            f"{_HERE}keys = self.W_key()",
            f"{_HERE}keys = self.W_key(x)",
            f"{_HERE}keys = self.W_key.weight",
        ),
        1,
    ),
    (
        "        queries = self.W_query",
        (
            f"{_HERE}queries = self.W_query(x)",
            f"{_HERE}queries = self.W_key(x)",
            f"{_HERE}queries = self.W_query()",
        ),
        0,
    ),
    ("        values = self.W_value(x)", (f"{_HERE}values = self.W_value",), None),
    (
        "        attn_scores = queries @ keystranspose(1, 2)",
        (
            f"{_HERE}attn_scores = queries @ keys",
            f"{_HERE}attn_scores = queries @ keys.transpose(0, 1)",
            f"{_HERE}attn_scores = queries @ keys.transpose(1, 2)",
        ),
        2,
    ),
    (
        "        attn_scores.masked_fill_(self.mask.bool()[:num_tokens, :num_tokens], -torch.inf)",
        (
            f"{_HERE}attn_scores.masked_fill_(self.mask[:num_tokens, :num_tokens], -torch.inf)",
            f"{_HERE}attn_scores.masked_fill(self.mask.bool()[:num_tokens, :num_tokens], "
            "-torch.inf)",
        ),
        None,
    ),
    (
        "",  # the second empty line of forward
        (
            f"{_HERE}attn_weights = torch.softmax(attn_scores, dim=-1)",
            f"{_HERE}attn_weights = torch.softmax(attn_scores / keys.shape[-1] ** 0.5, dim=1)",
            f"{_HERE}attn_weights = torch.softmax(attn_scores / keys.shape[-1] ** 0.5, dim=-1)",
            f"{_HERE}attn_weights = attn_scores / keys.shape[-1] ** 0.5",
        ),
        2,
    ),
    (
        "        attn_weights = self.dropout(attn_weights)",
        (f"{_HERE}attn_weights = self.dropout(attn_scores)",),
        None,
    ),
    (
        "with torch.no_grad()",
        (
            "with torch.no_grad():",
            f"with torch.no_grad:{_RUNS}",
            f"with torch.no_grad():{_RUNS}",
            "with torch.no_grad(): print(attention(inputs))",
        ),
        2,
    ),
)


@dataclass(frozen=True)
class Spot:
    """A line that can be changed. `right` is the word that repairs it; None where it is no bug."""

    number: int  # of the line in the damaged listing, from 1
    line: str
    options: tuple[tuple[str, str], ...]  # (word, lines that stand there instead)
    right: str | None


def _spots() -> tuple[Spot, ...]:
    lines = DAMAGED.split("\n")
    found = []
    for line, texts, right in _CHOICES:
        at = lines.index(line) if line else lines.index("", lines.index("", 17) + 1)
        options = tuple((f"{at + 1}{'abcd'[i]}", text) for i, text in enumerate(texts))
        found.append(Spot(at + 1, line, options, None if right is None else options[right][0]))
    return tuple(found)


SPOTS = {spot.number: spot for spot in _spots()}
WORDS = {word: (spot, text) for spot in SPOTS.values() for word, text in spot.options}
BUGS = tuple(spot.right for spot in SPOTS.values() if spot.right)


@dataclass(frozen=True)
class State:
    """The listing in one state: the words that were chosen, its text, and what running it gave."""

    words: tuple[str, ...]
    text: str
    seen: Seen
    published: bool  # whether it printed the published numbers

    @property
    def repaired(self) -> int:
        """How many of the five bugs are repaired."""
        return len(set(self.words) & set(BUGS))


def listing(words: tuple[str, ...]) -> str:
    """The listing with these words' lines in place; of two for one line, the last counts.

    Raises KeyError for a word that is none of WORDS.
    """
    lines = DAMAGED.split("\n")
    for word in words:
        spot, text = WORDS[word]
        lines[spot.number - 1] = text
    return "\n".join(lines) + "\n"


def one_a_line(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without those that a later one for the same line overrules, in the lines' order."""
    last = {WORDS[word][0].number: word for word in words}
    return tuple(last[number] for number in sorted(last))


@functools.lru_cache(128)
def listing_in(words: tuple[str, ...]) -> State:
    """Build the listing, compile it, run it, and say what came out.

    words: keys of WORDS. Raises KeyError for another word.
    """
    words = one_a_line(words)
    text = listing(words)
    seen, names = execute(text, {})
    result = names.get("context_vec")
    numbers = [] if result is None or seen.failure else result[0].tolist()
    rounded = tuple(tuple(round(value, 4) for value in row) for row in numbers)
    return State(words, text, seen, rounded == PUBLISHED and bool(seen.lines))


def advice(found: State) -> str:
    """One sentence on a State: what to make of what Python said."""
    failure = found.seen.failure
    if found.published:
        return "It runs, and these are the numbers of the notebook. The listing is whole."
    if failure is None:
        return (
            "It runs, and the numbers are not those of the notebook. Python sees no mistake here: "
            "this is the kind that stays in a program."
        )
    return _about(failure)


def _about(failure: Failure) -> str:
    if failure.type in ("SyntaxError", "IndentationError"):
        return (
            "Python reads the whole text before it runs the first line. So it complains about the "
            "form of a late line before it meets what is wrong above."
        )
    where = f"line {failure.line}" if failure.line else "some line"
    return (
        f"The text has a good form now. It ran as far as {where}. The bug is there, or above: in "
        "what that line was given."
    )
