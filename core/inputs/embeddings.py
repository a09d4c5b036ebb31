"""Inputs for the attention module: tokens and their embeddings, three numbers each."""

import functools
import hashlib
import unicodedata
from collections.abc import Iterable

Row = tuple[float, ...]  # the numbers of one token

JOINER = "\u200d"  # between the parts of one emoji
D_IN = 3  # numbers in an input embedding, as in the six-token example

# The example of "Build a Large Language Model (From Scratch)", chapter 3.
SIX_TOKENS = (
    ("Your", (0.43, 0.15, 0.89)),
    ("journey", (0.55, 0.87, 0.66)),
    ("starts", (0.57, 0.85, 0.64)),
    ("with", (0.22, 0.58, 0.33)),
    ("one", (0.77, 0.25, 0.10)),
    ("step", (0.05, 0.80, 0.55)),
)


def tokenize(sentence: str) -> tuple[str, ...]:
    """Split a sentence into words and single punctuation marks; white space separates.

    Accents and the like stay with their letter, and joined emoji stay one.
    """
    tokens: list[str] = []
    last = "space"
    for character in unicodedata.normalize("NFC", sentence):
        if character.isspace():
            last = "space"
            continue
        word = character.isalnum() or character == "_"
        joins = unicodedata.category(character)[0] == "M" or character == JOINER
        if last != "space" and (joins or last == "joiner" or (word and last == "word")):
            tokens[-1] += character
        else:
            tokens.append(character)
        if not joins:
            last = "word" if word else "mark"
        elif character == JOINER and last != "space":
            last = "joiner"
    return tuple(tokens)


@functools.lru_cache(4096)
def embed(token: str, seed: int) -> Row:
    """Three numbers from 0 to 1 with two decimals, the same for a token and seed everywhere.

    The rule: SHA-256 of "seed:token" in UTF-8; its first three groups of four bytes, read as
    big-endian whole numbers, are divided by 2**32 and rounded to two decimals.
    """
    digest = hashlib.sha256(f"{seed}:{token}".encode()).digest()
    words = (int.from_bytes(digest[4 * i : 4 * i + 4], "big") for i in range(D_IN))
    return tuple(round(word / 2**32, 2) for word in words)


def numbers_to_text(rows: Iterable[Iterable[float]]) -> str:
    """Rows of numbers as one line: numbers separated by spaces, rows by semicolons."""
    return "; ".join(" ".join(f"{number:.10g}" for number in row) for row in rows)


def text_to_numbers(text: str) -> tuple[Row, ...]:
    """The rows that numbers_to_text wrote; commas and line breaks are understood too.

    Raises ValueError where a piece is not a number.
    """
    lines = text.replace(",", " ").replace("\n", ";").split(";")
    return tuple(tuple(float(piece) for piece in line.split()) for line in lines if line.strip())


def shorten_token(token: str, length: int = 24) -> str:
    """A token for a comment or a label: printable, on one line, of bounded length."""
    shown = "".join(c if c.isprintable() else "?" for c in token)
    return shown if len(shown) <= length else shown[: length - 1] + "…"
