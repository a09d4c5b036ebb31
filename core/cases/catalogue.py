"""All cases, in the order in which a learner meets them; search, filter, neighbours."""

import functools
import re

from core.cases.case import Case
from core.cases.program import shown
from core.cases.stories import (
    building,
    caches,
    device,
    distributed,
    dtype,
    evaluation,
    exporting,
    extra_state,
    loaded_values,
    loading,
    mask_semantics,
    names,
    precision,
    registering,
    rotary,
    saving,
    statistics,
    training,
    updates,
    wrapped,
)

_CHAPTERS = {
    "A module and a move": (
        "mask-left-behind before-super-init assigned-then-registered tensors-in-a-list stale-alias "
        "list-over-buffer deleted-and-assigned parameter-over-buffer lazy-mask "
        "buffer-without-shape meta-says-nothing reassigned-or-in-place extra-state-stays-behind"
    ),
    "What a mask means, and casts": (
        "mask-upside-down row-of-nan too-negative-for-half missed-the-cast half-picks "
        "cast-or-autocast"
    ),
    "Training": (
        "mask-as-parameter best-weights-keep-changing result-kept graph-kept optimizer-left-behind "
        "still-in-training-mode weights-averaged-without-buffers "
        "average-copies-last-buffers mean-with-history "
        "cache-from-inference checkpointing-counts-twice"
    ),
    "Checkpoints": (
        "missing-mask unexpected-mask size-mismatch none-buffer-saved hook-adds-a-key "
        "extra-state-missing zeroed-mask-loads "
        "float-into-int whole-model-saved wrapped-by-dataparallel wrapped-by-compile "
        "nothing-loaded empty-after-assign masks-fill-the-file slice-saves-all shared-mask-parts"
    ),
    "Tables, export, several processes": (
        "frequencies-in-bfloat16 complex-table lifted-constant not-broadcast"
    ),
}
_MODULES = (
    building, caches, device, distributed, dtype, evaluation, exporting, extra_state,
    loaded_values, loading, mask_semantics, names, precision, registering, rotary, saving,
    statistics, training, updates, wrapped,
)  # fmt: skip
_FOUND = {case.slug: case for module in _MODULES for case in module.CASES}
CASES: dict[str, Case] = {
    slug: _FOUND[slug] for slugs in _CHAPTERS.values() for slug in slugs.split()
}
FIRST = tuple(  # one of each kind: a move, an alias, training, a checkpoint, statistics
    CASES[slug]
    for slug in (
        "mask-left-behind",
        "stale-alias",
        "mask-as-parameter",
        "missing-mask",
        "still-in-training-mode",
    )
)
CHAPTERS = {name: tuple(CASES[slug] for slug in slugs.split()) for name, slugs in _CHAPTERS.items()}


def search(text: str = "", tags: tuple[str, ...] = ()) -> tuple[Case, ...]:
    """The cases that have every word of text, and one of the tags at least; no tags: any.

    Looked through are the words of the case and its code that fails.
    """
    words = text.lower().split()
    return tuple(
        case
        for case in CASES.values()
        if (not tags or set(tags) & set(case.tags))
        and all(word in _words_of(case.slug) for word in words)
    )


@functools.cache
def _words_of(slug: str) -> str:
    case = CASES[slug]
    choices = (choice.text for choice in case.choices)
    told = (case.title, case.story, case.question, *choices, case.why, case.fix)
    return " ".join((slug, *told, *case.sources, *case.tags, shown(case.broken))).lower()


def for_message(message: str) -> tuple[Case, ...]:
    """The cases whose code raises such an error: `message` is what PyTorch said, or a part of it.

    Messages differ in names, shapes and devices, so the fixed parts of a case's `message` count.
    """
    return tuple(
        case for case in CASES.values() if case.message and re.search(case.message, message)
    )


def neighbours(case: Case, among: tuple[Case, ...]) -> tuple[Case | None, Case | None]:
    """The case before and the one after, among those of a search; None at the ends."""
    slugs = [one.slug for one in among]
    if case.slug not in slugs:
        among, slugs = tuple(CASES.values()), list(CASES)
    at = slugs.index(case.slug)
    before = among[at - 1] if at else None
    return before, among[at + 1] if at + 1 < len(among) else None
