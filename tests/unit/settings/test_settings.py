"""Settings read from anything: a value within its limits, or a sentence that names them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inputs.embeddings import (
    SIX_TOKENS,
    embed,
    numbers_to_text,
    text_to_numbers,
    tokenize,
)
from core.lab.settings import LAB
from core.ledger.rows import ROWS
from core.ledger.settings import LEDGER
from core.settings.setting import SettingError, read_url, shorten, to_text

ANY_TEXT = st.text(max_size=60) | st.from_regex(r"-?[0-9]{1,40}(\.[0-9]*)?(e[0-9]{1,4})?")


@given(name=st.sampled_from(sorted(LAB)), text=ANY_TEXT)
def test_any_text_is_a_value_within_the_limit_or_a_named_refusal(name, text):
    try:
        value = LAB[name].parse(text)
    except SettingError as error:
        assert str(error).startswith(f"`{name}` is `") and "must be" in str(error)
    else:
        assert LAB[name].check(value) == value


@given(name=st.sampled_from(sorted(LAB)))
def test_a_default_survives_the_url(name):
    default = LAB[name].default
    if default is not None:
        assert LAB[name].parse(to_text(default)) == default


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed", "1e999"),
        ("seed", "-1"),
        ("seed", "2147483648"),
        ("dropout", "nan"),
        ("dropout", "0.95"),
        ("buffer", "True"),
        ("device", "tpu"),
        ("guess", "maybe"),
        ("sentence", "   "),
        ("sentence", "a " * 65),
        ("sentence", "a" * 501),
        ("x", "1 2"),
        ("x", "1 2 nan"),
        ("x", "1 2 1001"),
        ("x", "1 2 3; " * 65),
        ("x", "9" * 2001),
    ],
)
def test_values_beyond_a_limit_are_refused(name, text):
    with pytest.raises(SettingError):
        LAB[name].parse(text)


def test_a_link_is_read_in_order_with_a_sentence_for_each_fault():
    kept, complaints = read_url(
        {"seed": ["5"], "nope": ["1"], "d_out": ["2", "3"], "device": ["tpu"]}, LAB
    )
    assert kept == {"seed": "5", "d_out": "3"}
    assert len(complaints) == 3
    assert complaints[0].startswith("`nope` is not a setting")
    assert "stands 2 times" in complaints[1]
    assert complaints[2].startswith("`device` is `tpu`, but it must be one of `cpu`")
    assert complaints[2].endswith(". It was left out.")
    _, (said,) = read_url({"context_length": ["99999"]}, LAB)
    assert said.endswith(". It was left out.")  # what is used then depends on the rest


@pytest.mark.parametrize("name", ["rows", "row"])
def test_of_a_long_list_some_words_are_named(name):
    _, (said,) = read_url({name: ["bad"]}, LEDGER)
    first = ", ".join(f"`{word}`" for word in list(ROWS)[:3])
    limit = f"one of {len(ROWS)} words, such as {first}"
    assert said == f"`{name}` is `bad`, but it must be {limit}. It was left out."


@given(st.lists(st.sampled_from(list(ROWS)) | ANY_TEXT, max_size=8))
def test_of_several_words_those_that_fit_are_kept_once_and_the_rest_is_named(texts):
    kept, complaints = read_url({"rows": texts}, LEDGER)
    fit = list(dict.fromkeys(text for text in texts if text in ROWS))
    assert kept.get("rows", []) == fit
    assert LEDGER["rows"].check(tuple(fit)) == tuple(fit)
    assert len(complaints) == sum(text not in ROWS for text in texts)
    assert all(c.startswith("`rows` is `") and "must be one of" in c for c in complaints)


@pytest.mark.parametrize("value", [("nn",), ("in buffers()",) * 2, ["in buffers()"], "nn", None])
def test_several_words_are_a_tuple_of_known_ones_without_repeats(value):
    with pytest.raises(SettingError):
        LEDGER["rows"].check(value)


def test_complaints_are_bounded():
    kept, complaints = read_url({f"p{i}": ["x"] for i in range(100)}, LAB)
    assert kept == {} and len(complaints) == 10 and "91 more" in complaints[-1]


def test_of_many_names_the_first_are_read_and_the_number_is_named():
    many = {f"p{i}": ["x"] for i in range(99)} | {"seed": ["7"], "buffer": ["false"]}
    kept, complaints = read_url(many, LAB)
    assert kept == {"seed": "7"}
    assert complaints[0] == (
        "The link has 101 names, but at most 100 are read. The others were left out."
    )
    assert read_url({"seed": ["7"]} | many, LAB)[0] == {"seed": "7"}


def test_of_one_name_many_times_the_last_texts_are_read():
    kept, complaints = read_url({"rows": ["nn"] * 10_000 + [next(iter(ROWS))]}, LEDGER)
    assert kept == {"rows": [next(iter(ROWS))]} and len(complaints) == 10


@pytest.mark.parametrize("name", ["", " ", "$$ID-x", "$$WIDGET_ID", "\0", "page", "__class__"])
def test_a_strange_name_is_an_unknown_name(name):
    kept, (said,) = read_url({name: ["1"], "seed": ["7"]}, LAB)
    assert kept == {"seed": "7"} and "is not a setting of this page" in said


@given(st.text(max_size=3000))
def test_a_shown_value_cannot_break_out_of_its_code_span(text):
    shown = shorten(text)
    assert shown.count("`") == 2 and "\n" not in shown and len(shown) < 90


def test_a_very_long_value_is_named_by_its_length():
    with pytest.raises(SettingError, match="100,000 characters"):
        LAB["x"].parse("y" * 100_000)


@given(st.lists(st.tuples(*[st.floats(-1000, 1000, width=32)] * 3), min_size=1, max_size=8))
def test_numbers_survive_their_text(rows):
    for before, after in zip(rows, text_to_numbers(numbers_to_text(rows)), strict=True):
        assert after == pytest.approx(before, rel=1e-9)


def test_the_six_tokens_survive_their_text_exactly():
    rows = tuple(row for _, row in SIX_TOKENS)
    assert text_to_numbers(numbers_to_text(rows)) == rows
    assert LAB["x"].parse(LAB["x"].default)


def test_a_word_has_the_same_numbers_everywhere_and_others_with_another_seed():
    # SHA-256("123:buffer"), first three groups of four bytes over 2**32, worked out by hand.
    import hashlib

    digest = hashlib.sha256(b"123:buffer").hexdigest()
    by_hand = tuple(round(int(digest[i : i + 8], 16) / 16**8, 2) for i in (0, 8, 16))
    assert embed("buffer", 123) == by_hand
    assert embed("buffer", 124) != by_hand
    assert all(0 <= number <= 1 for number in by_hand)


def test_words_and_punctuation_are_tokens():
    assert tokenize("Don't  panic: 42!") == ("Don", "'", "t", "panic", ":", "42", "!")
    assert tokenize("snake_case  x") == ("snake_case", "x")
    assert tokenize("") == tokenize("  \n") == ()


def test_accents_and_joined_emoji_stay_whole():
    assert tokenize("cafe\u0301 नमस्ते") == ("café", "नमस्ते")
    assert tokenize("a \U0001f469\u200d\U0001f4bb!") == ("a", "\U0001f469\u200d\U0001f4bb", "!")
    assert tokenize("\u0301 x") == ("\u0301", "x")


@pytest.mark.parametrize("nothing", ["", None])
def test_nothing_at_all_is_called_empty(nothing):
    assert shorten(nothing) == "`(empty)`"
