"""The recap: twelve questions of all lessons, drawn by a seed from a larger pool."""

import functools
import random

from core.cases.case import Seen
from core.course.recap_pool import errors, masks, moving, registering, saving, training
from core.course.recap_question import RecapQuestion, observe

ASKED = 12  # questions at a time
POOL: dict[str, RecapQuestion] = {
    question.slug: question
    for module in (moving, saving, training, masks, registering, errors)
    for question in module.QUESTIONS
}

# What the course is about; the others are drawn less often.
MAIN = frozenset(
    """
    plain-mask last-token-changed alias-in-a-list assigned-anew optimizer-made-before
    zeros-in-forward three-ways-to-hold loaded-into-a-buffer not-persistent-any-more raised-and-yet
    another-size kept-while-training none-buffer step-of-a-buffer statistics-in-eval
    statistics-without-gradients buffers-gradient listed-parameters assigned-and-registered
    before-super input-left-behind
    """.split()
)
WEIGHT = 8.0  # how much more often one of MAIN is drawn, where the choice is free


def pages() -> tuple[str, ...]:
    """The lessons that the pool has questions of, in their order."""
    return tuple(sorted({question.back.page for question in POOL.values()}))


def drawn(seed: int) -> tuple[RecapQuestion, ...]:
    """The ASKED questions of a seed, mixed: of every lesson one at least, none of them twice.

    Most are of MAIN.
    """
    numbers = random.Random(seed)
    # Sorted so, a question comes early as often as its weight says (Efraimidis and Spirakis, 2006).
    places = {slug: numbers.random() ** (1 / WEIGHT if slug in MAIN else 1) for slug in POOL}
    order = sorted(POOL.values(), key=lambda one: places[one.slug], reverse=True)
    first = [next(one for one in order if one.back.page == page) for page in pages()]
    others = [one for one in order if one not in first]
    asked = [*first, *others[: ASKED - len(first)]]
    numbers.shuffle(asked)
    return tuple(asked)


@functools.lru_cache(64)
def kept_seen(slug: str) -> Seen:
    """What a question's code shows; run once for all visitors, since it has no settings."""
    return observe(POOL[slug])
