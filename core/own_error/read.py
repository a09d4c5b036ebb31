"""Reads the text of an error, or a whole traceback: which kind it is, and what it names.

A text is data: it is matched against fixed expressions and nothing else. Of a long one the
beginning and the end are read (LIMIT characters).
"""

import re
from dataclasses import dataclass

from core.own_error.catalogue import KINDS
from core.own_error.kind import Cause, Kind

LIMIT = 60_000  # characters; a load error of a large model lists thousands of keys
NAMED = 12  # keys that are named one by one
LABELS = {  # of the patterns' groups, in the order of the table
    "pair": "The two devices",
    "tensor": "The argument",
    "device": "It is on",
    "other": "The others are on",
    "masked": "The masked tensor is on",
    "expected": "It should be on",
    "generator": "The generator is on",
    "method": "The operation",
    "either": "Indices may be on",
    "indexed": "The indexed tensor is on",
    "at": "The tensor is on",
    "lacking": "The device",
    "saved_on": "It was saved on",
    "input": "The input's type",
    "weight": "The weight's type",
    "bias": "The bias's type",
    "dtype": "The dtype",
    "input_dtype": "The input's dtype",
    "weight_dtype": "The weight's dtype",
    "bias_dtype": "The bias's dtype",
    "first_dtype": "The first matrix's dtype",
    "second_dtype": "The second matrix's dtype",
    "expected_dtype": "The expected dtype",
    "found_dtype": "The dtype found",
    "destination_dtype": "The destination's dtype",
    "source_dtype": "The source's dtype",
    "key": "The key",
    "file": "Its shape in the file",
    "model": "Its shape in the module",
    "name": "The name",
    "type": "The type",
    "what": "What was to be registered",
    "shape": "Its shape",
    "now": "Its version now",
    "then": "The version that backward saved",
}
LISTS = {
    "Missing": re.compile(r"Missing key\(s\) in state_dict: ((?:\"[^\"]{1,300}\"[,.]? ?){1,4000})"),
    "Unexpected": re.compile(
        r"Unexpected key\(s\) in state_dict: ((?:\"[^\"]{1,300}\"[,.]? ?){1,4000})"
    ),
}
SIZE = re.compile(r"size mismatch for ([\w.]{1,200}):")
FRAME = re.compile(r'^\s{0,40}File "([^"\n]{1,300})", line (\d{1,7}), in ([\w<>.]{1,100})\s*$')
LIBRARY = re.compile(r"(?:site|dist)-packages|lib[/\\]python3|[/\\]torch[/\\]")


@dataclass(frozen=True)
class Reading:
    """What was read in a text. Texts are as they stood there: for display, escape them.

    recognised: the words that told the kind. facts: (label, value). where: the last line of the
    traceback that is not a library's. cut: how many characters of the middle were left out.
    broken_off: whether the traceback ends before its last line, with the error's type and message.
    """

    kind: Kind | None
    recognised: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    also: tuple[Kind, ...] = ()
    where: str = ""
    cut: int = 0
    broken_off: bool = False

    @property
    def in_backward(self) -> bool:
        """Whether the line only calls backward, which meets what an earlier line did."""
        return (
            self.kind is not None and self.kind.cause == Cause.GRAPH and "backward(" in self.where
        )


def read(text: str) -> Reading:
    """What a text says. No text is too long or too strange; nothing is raised."""
    shown, cut = bounded(text)
    flat = " ".join(shown.split())
    found = [(kind, match) for kind in KINDS.values() if (match := matched(kind, flat))]
    where = own_line(shown)
    if not found:
        last = shown.rstrip().rpartition("\n")[2]
        return Reading(None, "", (), (), where, cut, bool(where) and last.startswith(" "))
    kind, match = found[0]
    groups = match.groupdict()
    facts = [(label, groups[name]) for name, label in LABELS.items() if groups.get(name)]
    if kind.cause == Cause.KEYS:
        facts += keys(flat)
    # of the same cause, the general kinds match too: they say nothing new
    explained = kind.slug.endswith("-prefix")
    also = tuple(
        k
        for k, _ in found[1:]
        if k.cause != kind.cause or (k.slug.endswith(("-key", "size")) and not explained)
    )
    return Reading(kind, match[0][:600], tuple(facts), also, where, cut)


def bounded(text: str) -> tuple[str, int]:
    """(the text without control characters, at most LIMIT characters, how many were left out)."""
    cut = max(0, len(text) - LIMIT)
    if cut:
        text = f"{text[: LIMIT // 2]}\n{text[-(LIMIT // 2) :]}"
    text = re.sub(r"\x1b\[[\d;]{0,20}m", "", text)  # colours of terminals
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text), cut


def matched(kind: Kind, flat: str) -> re.Match[str] | None:
    """Where one of a kind's patterns is found, and what has to be found besides."""
    if kind.besides and not re.search(kind.besides, flat):
        return None
    return next((match for p in kind.patterns if (match := re.search(p, flat))), None)


def keys(flat: str) -> list[tuple[str, str]]:
    """(label, value) of the keys that a load error lists."""
    facts = []
    for word, pattern in LISTS.items():
        if found := pattern.search(flat):
            names = re.findall(r'"([^"]{1,300})"', found[1])
            facts.append((f"{word} keys: {len(names):,}", first(names)))
    sizes = SIZE.findall(flat)
    if len(sizes) > 1:
        facts.append((f"Other shapes: {len(sizes):,}", first(sizes)))
    return facts


def first(names: list[str]) -> str:
    """The first names of a list, and how many are left."""
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" … and {rest:,} more" if rest > 0 else "")


def own_line(text: str) -> str:
    """The last frame of a traceback outside of libraries, with its line of code."""
    lines, where = text.split("\n"), ""
    for number, line in enumerate(lines):
        if (frame := FRAME.match(line)) and not LIBRARY.search(frame[1]):
            name = re.split(r"[/\\]", frame[1])[-1]
            code = lines[number + 1].strip()[:200] if number + 1 < len(lines) else ""
            where = f"{name}, line {frame[2]}, in {frame[3]}: {code}"
    return where
