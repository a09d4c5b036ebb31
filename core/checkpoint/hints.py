"""Which tensors look like buffers: a name, checked against shape, dtype, neighbours and numbers.

`core.checkpoint.hint_rules` has the names and the reasons.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch

from core.checkpoint.contents import Entry
from core.checkpoint.hint_rules import NOT_A_MODULES, RULES, WEIGHT_NAMES, Rule
from core.checkpoint.numbers import Numbers

TRAINABLE = re.compile(r"b?float|complex")  # only these dtypes can have a gradient
QUANTIZED = re.compile(r"u?int[1-8]$|q|bits")  # what weights are packed into


def with_hints(entries: Iterable[Entry], numbers: Numbers) -> list[Entry]:
    """The entries, each with the reason why it looks like a buffer, or None."""
    entries = list(entries)
    neighbours: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        neighbours[entry.key.rpartition(".")[0]].add(entry.name)
    found = []
    for entry in entries:
        near = neighbours[entry.key.rpartition(".")[0]]
        hint = buffer_hint(entry, near, numbers) if entry.is_tensor else None
        found.append(replace(entry, buffer_hint=hint) if hint else entry)
    return found


def buffer_hint(entry: Entry, near: set[str], numbers: Numbers | None = None) -> str | None:
    """Why a tensor looks like a buffer, or None. A guess: a file does not say what was one.

    near is the names beside it, in the same module. A rule whose numbers contradict it says
    nothing; numbers that are not known do not.
    """
    assert entry.shape is not None
    if NOT_A_MODULES.search(entry.key):
        return None
    for rule in rules_for(entry.name):
        if not rule.shape(entry.shape):
            continue
        if not rule.needs <= near or rule.without & near:
            continue
        if rule.numbers and numbers and not _agree(rule.numbers, numbers.of(entry)):
            continue
        return rule.why
    return _by_dtype(entry)


@functools.lru_cache(4096)
def rules_for(name: str) -> tuple[Rule, ...]:
    """The rules whose pattern fits a name, in their order."""
    return tuple(rule for rule in RULES if rule.pattern.fullmatch(name))


def _agree(rule: Callable[[torch.Tensor], bool], values: torch.Tensor | None) -> bool:
    return values is None or bool(rule(values))


def _by_dtype(entry: Entry) -> str | None:
    if TRAINABLE.match(entry.dtype) or WEIGHT_NAMES.fullmatch(entry.name):
        return None
    if QUANTIZED.match(entry.dtype) and entry.shape:
        return None  # a quantized weight has such a dtype, and so has the state of a generator
    return (
        f"dtype {entry.dtype}: it can have no gradient, so it is no parameter that gradients train"
    )
