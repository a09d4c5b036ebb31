"""What a timeline asks: how it ends, or, of some stories, a question with choices of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from core.moving.reasons import reason
from core.moving.settings import FOLLOWS, HALVES, LASTS, OUTCOME
from core.moving.steps import PRESETS, Preset, Timeline
from core.moving.timeline import Place, TimelineResult
from core.settings.prediction import Prediction, Verdict, verdict


@dataclass(frozen=True)
class Asked:
    """A question on a timeline: its Prediction, how it is put (Markdown), and what answers it."""

    prediction: Prediction
    question: str
    happened: Callable[[TimelineResult], str]
    why: Callable[[TimelineResult], str] = reason

    def verdict(self, guess: str, story: TimelineResult) -> Verdict:
        """What a guess was worth, from what was observed."""
        return verdict(guess, self.happened(story), self.why(story))


def who_followed(story: TimelineResult) -> str:
    """Of a buffer that a list holds too: which of the two is where the weights are, and as what."""
    last = story.columns[-1].ledger

    def where(place: Place) -> tuple[str, str]:
        return place.device, place.dtype

    buffer, alias = (where(last[n]) == where(last["W_query.weight"]) for n in ("mask", "masks[0]"))
    return FOLLOWS.guess.options[0 if buffer and not alias else 1 if buffer else 2]


def dtypes_after_half(story: TimelineResult) -> list[str]:
    """The mask's dtype after every half() of a timeline."""
    return [c.ledger["mask"].dtype for c in story.columns if c.label == "half()"]


def who_was_halved(story: TimelineResult) -> str:
    """When half() cast the mask: the first time, the second, or never."""
    first, second = (dtype == "float16" for dtype in dtypes_after_half(story))
    return HALVES.guess.options[1 if first else 0 if second else 2]


def why_halved(story: TimelineResult) -> str:
    first, second = dtypes_after_half(story)
    return (
        f"After the first `.half()` the mask, a plain attribute, was {first}; after the second, as "
        f"a registered buffer, it was {second}. `.half()` casts parameters and buffers, and "
        "nothing else."
    )


def how_long(story: TimelineResult) -> str:
    """How many forward passes worked after the mask was moved by hand."""
    worked = story.timeline.steps[: len(story.columns) - 2]
    if not story.error:
        return LASTS.guess.options[0]
    return LASTS.guess.options[1 if "forward" in worked else 2]


OWN = {  # by the name of a preset
    "fixed": (LASTS, how_long, reason),
    "alias": (FOLLOWS, who_followed, reason),
    "half": (HALVES, who_was_halved, why_halved),
}


def preset_of(timeline: Timeline) -> tuple[str, Preset] | None:
    """(name, Preset) of the story that a timeline is; None where it is none of them."""
    for name, preset in PRESETS.items():
        if (preset.start, preset.steps) == (timeline.start, timeline.steps):
            return name, preset
    return None


def asked_of(timeline: Timeline) -> Asked:
    """What is asked about a timeline."""
    found = preset_of(timeline)
    if found and found[0] in OWN:
        prediction, happened, why = OWN[found[0]]
        return Asked(prediction, found[1].question, happened, why)
    count = len(timeline.steps)
    done = f"{count} step{'s follow' if count > 1 else ' follows'}" if count else "that is all"
    question = f"The module is built, and {done}. What will happen?"
    if found:
        question = found[1].question
    return Asked(OUTCOME, question, lambda story: story.outcome)
