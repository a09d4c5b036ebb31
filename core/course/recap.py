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


def pages() -> tuple[str, ...]:
    """The lessons that the pool has questions of, in their order."""
    return tuple(sorted({question.back.page for question in POOL.values()}))


def drawn(seed: int) -> tuple[RecapQuestion, ...]:
    """The ASKED questions of a seed, mixed: of every lesson one at least, none of them twice."""
    numbers = random.Random(seed)
    first = [
        numbers.choice([one for one in POOL.values() if one.back.page == page]) for page in pages()
    ]
    others = [one for one in POOL.values() if one not in first]
    asked = [*first, *numbers.sample(others, ASKED - len(first))]
    numbers.shuffle(asked)
    return tuple(asked)


@functools.lru_cache(64)
def kept_seen(slug: str) -> Seen:
    """What a question's code shows; run once for all visitors, since it has no settings."""
    return observe(POOL[slug])
