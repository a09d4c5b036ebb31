"""A reason stands after what it speaks of, and is made of full sentences."""

import re

import pytest

from core.cases.catalogue import CASES
from core.course.recap import POOL, kept_seen
from core.course.recap_question import recap_verdict
from core.ledger.reasons import REASONS
from core.settings.prediction import verdict

# How a sentence begins that speaks of a guess: after what happened it says the opposite.
OF_THE_GUESS = re.compile(r"(It|That|This|They|So it) would\b|Then\b|But\b")
HALF = re.compile(r"(Only (if|where|when)|Up to|And|Because|Although)\b[^,]*[.:]$")
CUT_OFF = re.compile(r"\b(would|could|does|did|do|will|can|is|are|was)\.$")
NOT_CUT_OFF = re.compile(r"(as (it|they)|where\S* [\w ]+) (is|are|was)\.$")
VERB = re.compile(r"\b(is|are|was|has|have|does|do|did|can|may|will|would)\b|^\w+ \w+s ")
WORDS = 4  # a sentence that has fewer needs such a verb


def fragments(text):
    """The sentences of a text that are none."""
    return [
        one
        for one in re.split(r"(?<=[.!?]) ", re.sub(r"`[^`]*`", "code", text))
        if (CUT_OFF.search(one) and not NOT_CUT_OFF.search(one))
        or HALF.match(one)
        or (len(one.split()) < WORDS and not VERB.search(one))
    ]


def reasons_of_the_house():
    for slug, asked in (CASES | POOL).items():
        for choice in asked.choices:
            yield f"{slug}, {choice.text}", choice.reason
    for row, of_row in REASONS.items():
        for outcome, reason in of_row.items():
            yield f"{row}, {outcome}", reason
    for case in CASES.values():
        yield f"{case.slug}, why", case.why


def test_fragments_are_found():
    assert fragments("Addition of the two would. A product takes one dtype.") == [
        "Addition of the two would."
    ]
    assert fragments("Only if it was copied.") and fragments("After many batches.")
    assert not fragments("The others stay as they are. Only `train()` moves the statistics.")


def test_every_reason_is_made_of_full_sentences():
    found = {where: fragments(reason) for where, reason in reasons_of_the_house()}
    assert "\n".join(f"{where}: {texts}" for where, texts in found.items() if texts) == ""


def test_a_wrong_guess_hears_what_happened_first_and_its_own_reason_last():
    said = verdict("a", "b", "It is so. And more.", own="It would work, if.").text
    assert said == (
        "**What happened: b. It is so.** And more.\n\n**You said: a.** It would work, if."
    )
    assert (
        verdict("b", "b", "It is so.").text == "**You said: b. That is what happened.** It is so."
    )


@pytest.mark.parametrize("slug", POOL)
def test_each_reason_of_a_verdict_follows_its_own_answer(slug):
    question, seen = POOL[slug], kept_seen(slug)
    (right,) = (choice for choice in question.choices if choice.holds(seen))
    for guessed in question.choices:
        if guessed is not right:
            first, second = recap_verdict(question, guessed.text, seen).text.split("\n\n")
            assert right.reason in first.replace("**", "")
            assert second == f"**You said: {guessed.text}.** {guessed.reason}"
    assert not OF_THE_GUESS.match(right.reason)


@pytest.mark.parametrize("slug", CASES)
def test_the_reason_of_what_happened_does_not_speak_of_a_guess(slug):
    assert not OF_THE_GUESS.match(CASES[slug].answer.reason)
