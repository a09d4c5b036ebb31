"""A plan: what it takes, how it is changed, and what comes back from a file."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rooms.plan import (
    as_file,
    entry,
    from_file,
    moved,
    note_of,
    place_in,
    with_screen,
    without,
)
from core.rooms.questions import screen_at
from core.rooms.settings import MOST_SCREENS, PLAN
from core.settings.setting import SettingError

LINKS = ("State_dict?keys=true", "Attention_lab#the mask", "Training?steps=20&seed=1")


@given(st.text(max_size=150))
def test_a_note_does_not_change_the_screen(note):
    link = entry(screen_at("State_dict?edit=true"), note)
    assert screen_at(link) == screen_at("State_dict?edit=true")
    assert note_of(link) == " ".join(note.split())[:120]
    assert PLAN.accepts((link,))


@given(st.integers(0, 4), st.integers(-6, 6))
def test_moving_keeps_every_screen_and_the_order_of_the_rest(index, by):
    plan = tuple(f"Training?seed={n}" for n in range(5))
    after = moved(plan, index, by)
    assert sorted(after) == sorted(plan)
    assert after.index(plan[index]) == min(4, max(0, index + by))
    rest = [link for link in after if link != plan[index]]
    assert rest == [link for link in plan if link != plan[index]]
    assert without(plan, index) == tuple(rest)


def test_a_screen_is_added_once_and_only_if_there_is_room():
    assert with_screen(LINKS, "Moving_devices") == (*LINKS, "Moving_devices")
    with pytest.raises(SettingError, match="does not have yet"):
        with_screen(LINKS, "/State_dict?keys=true#another note")
    with pytest.raises(SettingError, match="a page of this lab"):
        with_screen(LINKS, "javascript:x")
    full = tuple(f"Training?seed={n}" for n in range(MOST_SCREENS))
    with pytest.raises(SettingError, match="at most 40 screens"):
        with_screen(full, "Moving_devices")


def test_where_a_screen_is_in_a_plan():
    assert place_in(LINKS, screen_at("Attention_lab")) == 1
    assert place_in(LINKS, screen_at("Training?steps=30")) == 2  # the page, with other settings
    assert place_in(LINKS, screen_at("Moving_devices")) is None
    two = ("Training?seed=1", "Training?seed=2")
    assert place_in(two, screen_at("Training?seed=2")) == 1


def test_a_screen_that_was_changed_since_is_where_it_was():
    lab = ("Attention_lab", "Attention_lab?device=cpu&seed=3", "Attention_lab?seed=4#later")
    guessed = screen_at("Attention_lab?device=cpu&guess=it+works&seed=3")
    assert place_in(lab, guessed) == 1  # most settings in common, in a new session
    assert place_in(lab, screen_at("Attention_lab?guess=it+works")) == 0
    for index, last in enumerate(lab):
        assert place_in(lab, guessed, last) == index
        assert place_in(lab, screen_at("Attention_lab?device=cpu&seed=3"), last) == 1
    assert place_in(lab, guessed, "Training") == 1


def test_a_file_is_read_as_it_was_written():
    assert from_file(as_file(LINKS).encode()) == LINKS
    assert json.loads(as_file(LINKS))["screens"] == list(LINKS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"not json", "`not json`, but it must be JSON"),
        (b"[" * 50_000, "must be JSON"),
        (b"x" * 100_001, "100,001 bytes.*at most 100,000 bytes"),
        (b"[]", "a list of links"),
        (b'{"screens": [1]}', "a list of links"),
        (b'{"screens": ["Training", "javascript:x"]}', "screen 2. is `javascript:x`"),
        (json.dumps({"screens": [f"A?s={n}" for n in range(41)]}).encode(), "41 screens.*at most"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_value_and_limit(data, message):
    with pytest.raises(SettingError, match=message):
        from_file(data)


def test_a_broken_file_raises_nothing_else():
    good = as_file(LINKS).encode()
    dice = random.Random(1)
    for _ in range(300):
        broken = bytearray(good)
        for _ in range(3):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        try:
            assert PLAN.accepts(from_file(bytes(broken)))
        except SettingError:
            continue
