"""A verdict says which choice came true."""

from core.settings.outcome_question import OUTCOMES, outcome_verdict
from core.settings.prediction import verdict


def test_a_verdict_says_what_happened_whatever_was_guessed():
    assert {verdict(guess, "b", "why").happened for guess in "abc"} == {"b"}
    for outcome in OUTCOMES:
        assert {outcome_verdict(guess, outcome, "").happened for guess in OUTCOMES} == {outcome}
