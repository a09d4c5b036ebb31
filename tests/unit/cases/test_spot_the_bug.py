"""The damaged listing: every state gives the error written down here, one gives the notebook's."""

import fresh_python
import pytest
import torch
import torch.nn.functional as F

from core.cases.spot_the_bug import (
    BUGS,
    DAMAGED,
    SPOTS,
    WORDS,
    advice,
    listing,
    listing_in,
    one_a_line,
)

# The outputs that the notebook published, as in shared/published-outputs.json.
NOTEBOOK = [
    [-0.4519, 0.2216], [-0.5874, 0.0058], [-0.6300, -0.0632],
    [-0.5675, -0.0843], [-0.5526, -0.0981], [-0.5299, -0.1081],
]  # fmt: skip
WHOLE = {"16b", "17a", "20c", "22c", "39c"}
STEPS = [  # the order in which Python complains: what is repaired so far, what it says next, where
    (set(), "SyntaxError", "expected ':'", 39),
    ({"39c"}, "NameError", "name 'keystranspose' is not defined", 20),
    ({"39c", "20c"}, "AttributeError", "'Linear' object has no attribute 'transpose'", 20),
    ({"39c", "20c", "16b"}, "TypeError", "unsupported operand type(s) for @: 'Linear'", 20),
    ({"39c", "20c", "16b", "17a"}, "UnboundLocalError", "'attn_weights'", 23),
]
WRONG = {  # with all else repaired: the error of a wrong choice, or None where it runs
    "7a": "cannot assign module before Module.__init__() call",
    "12a": None,
    "16a": "missing 1 required positional argument",
    "16c": "Dimension out of range",
    "17b": None,
    "17c": "missing 1 required positional argument",
    "18a": "unsupported operand type(s) for @: 'Tensor' and 'Linear'",
    "20a": "Expected size for first two dimensions",
    "20b": "must match the size of tensor b",
    "21a": "only supports boolean masks",
    "21b": None,
    "22a": None,
    "22b": None,
    "22d": None,
    "23a": None,
    "39a": "expected an indented block after 'with' statement",
    "39b": "does not support the context manager protocol",
    "39d": "not enough values to unpack",
}


def test_the_damage_is_the_one_that_was_reported():
    for damage in ("= self.W_key\n", "= self.W_query\n", "keystranspose(", "with torch.no_grad()"):
        assert damage in DAMAGED
    assert DAMAGED.endswith("with torch.no_grad()") and "softmax" not in DAMAGED
    assert set(BUGS) == WHOLE


@pytest.mark.parametrize(("words", "kind", "message", "line"), STEPS)
def test_python_complains_of_one_bug_after_the_other(words, kind, message, line):
    found = listing_in(tuple(sorted(words)))
    assert found.seen.failure.type == kind and message in found.seen.failure.message
    assert found.seen.failure.line == line and not found.published
    assert found.repaired == len(words)
    assert ("reads the whole text" in advice(found)) == (kind == "SyntaxError")


def test_whole_it_prints_the_published_numbers():
    found = listing_in(tuple(WHOLE))
    assert found.seen.failure is None and found.published and found.repaired == 5
    assert "numbers of the notebook" in advice(found)
    rows = [line.strip(" tensor()[],").split(",") for line in found.seen.lines[:6]]
    assert [[float(number) for number in row] for row in rows] == NOTEBOOK


def test_these_numbers_are_those_of_pytorch_itself():
    names = {"print": lambda *_: None}
    exec(listing(tuple(WHOLE)), names)
    layer, x = names["attention"], names["batch"]
    oracle = F.scaled_dot_product_attention(
        layer.W_query(x), layer.W_key(x), layer.W_value(x), is_causal=True
    )
    torch.testing.assert_close(names["context_vec"], oracle)


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_choice_gives_its_own_error_or_other_numbers(word):
    found = listing_in((*WHOLE, word))
    assert not found.published
    if WRONG[word] is None:
        assert found.seen.failure is None and found.seen.lines
        assert "stays in a program" in advice(found)
    else:
        assert WRONG[word] in found.seen.failure.message
        assert found.seen.failure.code in listing((*WHOLE, word))


def test_every_word_is_known_and_stands_for_another_line():
    assert set(WORDS) == WHOLE | set(WRONG)
    lines = DAMAGED.split("\n")
    for number, spot in SPOTS.items():
        assert lines[number - 1] == spot.line
        assert all(text != spot.line for _, text in spot.options)
        assert spot.right is None or spot.right in dict(spot.options)


def test_of_two_words_for_a_line_the_last_counts_and_others_are_refused():
    assert one_a_line(("20a", "16b", "20c")) == ("16b", "20c")
    assert listing(()) == DAMAGED + "\n"
    with pytest.raises(KeyError):
        listing_in(("import os",))


def test_pasted_into_a_fresh_python_it_prints_the_same(tmp_path):
    text = listing(tuple(WHOLE))
    answer = fresh_python.run(text, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == list(listing_in(tuple(WHOLE)).seen.lines)
