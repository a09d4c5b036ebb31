"""The causality probe: change one token, run again, and see which rows notice."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class RowChange:
    """What a query's row did when another token was changed. Changes are absolute differences."""

    query: int  # from 0
    weights: float  # the largest change of an attention weight in this row
    context: float  # the largest change of a number of this context vector


def with_changed_token(experiment: Any, position: int) -> Any:
    """The same experiment with the token at position (from 0) moved by 1 in each of its numbers.

    Up where a number is 0 or less, down elsewhere, so that no number leaves its limits.
    """
    rows = list(experiment.rows)
    rows[position] = tuple(number + 1 if number <= 0 else number - 1 for number in rows[position])
    return replace(experiment, rows=tuple(rows))


def neighbours(rows: Iterable[RowChange]) -> list[list[RowChange]]:
    """RowChanges in groups: neighbouring rows of which the same two things changed."""
    changed = itertools.groupby(rows, key=lambda row: (row.weights > 0, row.context > 0))
    return [list(group) for _, group in changed]


def row_changes(before: Any, after: Any) -> tuple[RowChange, ...] | None:
    """Compare two VariantRuns row by row; None unless both finished."""
    if before.trace.error or after.trace.error:
        return None
    weights, context = (
        (after.trace.get(name).tensor - before.trace.get(name).tensor)[0].abs().amax(dim=-1)
        for name in ("attn_weights", "context_vec")
    )
    pairs = zip(weights.tolist(), context.tolist(), strict=True)
    return tuple(RowChange(query, w, c) for query, (w, c) in enumerate(pairs))
