"""What every store of rooms promises, held against SQLite and a real Redis."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from room_answers import send_answer

from core.rooms.codes import LETTERS, digest, read_code, spaced
from core.rooms.room import (
    Answer,
    NoRoom,
    NotYours,
    Question,
    RoomError,
    RoomsFull,
    Screen,
    Sent,
)
from core.rooms.rooms import HOUR

WILL = Question("lab.outcome", "Will `it` work?", ("yes", "no", "“maybe”"), Screen("Lab", "seed=7"))


@pytest.fixture
def room(rooms):
    return rooms.create()


def test_a_question_is_asked_answered_closed_and_revealed(rooms, room):
    code, key = room
    assert rooms.read(code).room.phase == "lobby" and rooms.read(code).counts == ()
    rooms.ask(code, key, WILL)
    assert send_answer(rooms, code, "ann", 1, 0, 1).status == "taken"
    assert send_answer(rooms, code, "bob", 1, 2, 1).status == "taken"
    assert send_answer(rooms, code, "ann", 1, 1, 2).stands.choice == 1  # changed their mind
    seen = rooms.read(code)
    assert seen.room.question == WILL
    assert seen.counts == (0, 1, 1) and seen.answered == 2 and not seen.room.counts_are_public
    rooms.close(code, key)
    assert send_answer(rooms, code, "cid", 1, 0, 1).status == "closed"
    assert rooms.read(code).room.counts_are_public
    rooms.reveal(code, key, 1, "Because.")
    asking = rooms.read(code).room.asking
    assert (asking.reveal.happened, asking.reveal.reason) == (1, "Because.")
    assert rooms.answer_of(code, "ann", 1).choice == 1 and rooms.answer_of(code, "cid", 1) is None


def test_a_retry_changes_nothing_and_an_older_attempt_neither(rooms, room):
    code, key = room
    rooms.ask(code, key, WILL)
    send_answer(rooms, code, "ann", 1, 1, 2)
    head = rooms.read(code).head
    for choice, attempt in ((1, 2), (0, 2), (0, 1)):
        receipt = send_answer(rooms, code, "ann", 1, choice, attempt)
        assert receipt.status == "known"
        assert (receipt.stands.choice, receipt.stands.attempt) == (1, 2)
    assert rooms.read(code).counts == (0, 1, 0) and rooms.read(code).head == head


def test_a_question_asked_again_counts_anew_and_both_rounds_stay(rooms, room):
    code, key = room
    rooms.ask(code, key, WILL)
    send_answer(rooms, code, "ann", 1, 0, 1)
    rooms.reveal(code, key, 1, "")
    rooms.ask_again(code, key)
    assert send_answer(rooms, code, "ann", 1, 1, 9).status == "closed"  # a late answer to the first
    send_answer(rooms, code, "ann", 2, 1, 1)
    first, second = rooms.summary(code, key)
    assert (first.counts, first.asking.round, first.asking.after_reveal) == ((1, 0, 0), 1, False)
    assert (second.counts, second.asking.round, second.asking.after_reveal) == ((0, 1, 0), 2, True)


def test_an_earlier_question_is_revealed_afterwards_with_its_own_answers(rooms, room):
    code, key = room
    for number, question in enumerate((WILL, replace(WILL, id="lab.other")), 1):
        rooms.ask(code, key, question)
        send_answer(rooms, code, "ann", number, number, 1)
    rooms.reveal(code, key, 0, "The second.")
    rooms.reveal(code, key, 1, "The first.", WILL.id)
    seen = rooms.read(code)
    assert (seen.room.phase, seen.room.asking.number, seen.counts) == ("revealed", 1, (0, 1, 0))
    first, second = (result.asking.reveal for result in rooms.summary(code, key))
    assert (first.happened, first.reason) == (1, "The first.")
    assert (second.happened, second.reason) == (0, "The second.")
    with pytest.raises(RoomError, match="no question"):
        rooms.reveal(code, key, 0, "", "lab.never-asked")
    with pytest.raises(NotYours):
        rooms.reveal(code, "wrong", 0, "", WILL.id)
    assert rooms.reset(code, key).asking.number == 3  # 2 is another question's
    assert [result.asking.number for result in rooms.summary(code, key)] == [2, 3]


def test_a_reset_drops_answers_for_good(rooms, room):
    code, key = room
    rooms.ask(code, key, WILL)
    send_answer(rooms, code, "ann", 1, 0, 1)
    assert rooms.reset(code, key).asking.number == 2
    assert send_answer(rooms, code, "ann", 1, 0, 2).status == "closed"
    assert rooms.read(code).counts == (0, 0, 0)
    assert [result.asking.number for result in rooms.summary(code, key)] == [2]


def test_only_the_key_controls_the_room_and_only_a_digest_is_kept(rooms, room):
    code, key = room
    changes = [
        lambda k: rooms.ask(code, k, WILL),
        lambda k: rooms.close(code, k),
        lambda k: rooms.reopen(code, k),
        lambda k: rooms.show_counts(code, k, True),
        lambda k: rooms.show_screen(code, k, Screen("Lab")),
        lambda k: rooms.reveal(code, k, None, ""),
        lambda k: rooms.reset(code, k),
        lambda k: rooms.summary(code, k),
        lambda k: rooms.to_lobby(code, k),
        lambda k: rooms.end(code, k),
        lambda k: rooms.delete(code, k),
    ]
    for wrong in ("", "x", digest(key, code)):
        for change in changes:
            with pytest.raises(NotYours):
                change(wrong)
    assert rooms.store.key(code) == digest(key, code) != key
    for change in changes:
        change(key)
    assert not rooms.exists(code)


def test_what_the_phase_does_not_allow_is_refused_with_a_sentence(rooms, room):
    code, key = room
    for change in (rooms.close, rooms.reopen, rooms.reset, rooms.ask_again):
        with pytest.raises(RoomError, match=r"\.$"):
            change(code, key)
    rooms.ask(code, key, WILL)
    assert send_answer(rooms, code, "ann", 1, 3, 1).status == "closed"  # no such option
    with pytest.raises(RoomError):
        rooms.reveal(code, key, 3, "")
    rooms.end(code, key)
    with pytest.raises(RoomError):
        rooms.ask(code, key, WILL)


def test_rooms_expire_and_are_deleted_with_all_they_have(rooms, clock, room):
    code, key = room
    clock.now += 2 * HOUR - 1
    rooms.ask(code, key, WILL)  # used, it lasts for longer
    send_answer(rooms, code, "ann", 1, 0, 1)
    clock.now += 12 * HOUR - 1
    assert rooms.exists(code) and code in rooms.store.heads()
    clock.now += 2
    assert code not in rooms.store.heads()
    for call in (
        lambda: rooms.read(code),
        lambda: send_answer(rooms, code, "ann", 1, 0, 2),
        lambda: rooms.close(code, key),
    ):
        with pytest.raises(NoRoom):
            call()


def test_rooms_are_bounded_in_number_and_expired_ones_make_place(rooms, clock):
    for _ in range(200):
        rooms.create()
    with pytest.raises(RoomsFull, match="200"):
        rooms.create()
    clock.now += 3 * HOUR
    rooms.create()


def test_many_at_a_time_are_counted_exactly_and_a_change_is_never_lost(rooms, room):
    code, key = room
    rooms.ask(code, key, WILL)
    wanted = {f"learner {n}": n % 3 for n in range(60)}

    def act(name):
        for attempt, choice in ((1, 0), (2, wanted[name]), (1, 1), (2, 2)):
            send_answer(rooms, code, name, 1, choice, attempt)
        rooms.store.change(code, lambda room: replace(room, expires=room.expires + 1))

    before = rooms.read(code).room
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, wanted))
    tally = Counter(wanted.values())
    after = rooms.read(code)
    assert after.counts == tuple(tally[choice] for choice in range(3))
    assert after.room.version == before.version + 60
    assert after.room.expires == before.expires + 60


def test_many_answers_in_one_call_are_taken_in_their_order_each_with_its_own_receipt(rooms, room):
    code, key = room
    other, other_key = rooms.create()
    rooms.ask(code, key, WILL)
    rooms.ask(other, other_key, WILL)
    sent = [
        (code, 1, "ann", 0, 1),
        (other, 1, "ann", 2, 1),
        ("AAAAAA", 1, "ann", 0, 1),
        (code, 1, "ann", 1, 2),
        (code, 1, "ann", 0, 1),
        (code, 1, "bob", 3, 1),
        (code, 2, "bob", 0, 1),
        (code, 1, "cid", 1, 1),
    ]
    found = rooms.answers([Sent(*who, Answer(choice, attempt)) for *who, choice, attempt in sent])
    assert [receipt.status for receipt in found] == [
        "taken", "taken", "no room", "taken", "known", "closed", "closed", "taken",
    ]  # fmt: skip
    assert found[4].stands == Answer(1, 2) and found[2].stands is None
    assert rooms.read(code).counts == (0, 2, 0) and rooms.read(other).counts == (0, 0, 1)
    assert rooms.answers([]) == []


def test_listeners_hear_of_changes_and_of_answers(rooms, room):
    code, key = room
    stop = threading.Event()
    changes = rooms.store.changes(stop)
    next(changes)
    rooms.ask(code, key, WILL)
    next(changes)
    send_answer(rooms, code, "ann", 1, 0, 1)
    next(changes)
    stop.set()
    assert list(changes) == []


def test_a_screen_to_follow_comes_and_goes(rooms, room):
    code, key = room
    rooms.show_screen(code, key, Screen("Training", "seed=3"))
    assert rooms.read(code).room.screen.link == "/Training?seed=3"
    version = rooms.read(code).room.version
    rooms.show_screen(code, key, Screen("Training", "seed=3"))
    assert rooms.read(code).room.version == version  # nothing new, so nobody is woken
    rooms.ask(code, key, WILL)
    send_answer(rooms, code, "ann", 1, 0, 1)
    head = rooms.read(code).head
    rooms.show_screen(code, key, Screen("State_dict"))
    seen = rooms.read(code)
    assert seen.room.screen.link == "/State_dict" and seen.head > head == (head[0], seen.seq)
    assert seen.room.question == WILL and seen.counts == (1, 0, 0), "the question stays as it is"
    rooms.show_screen(code, key, None)
    assert rooms.read(code).room.screen is None
    rooms.show_screen(code, key, Screen("Training"))
    rooms.end(code, key)
    assert rooms.read(code).room.screen is None
    with pytest.raises(RoomError, match="has ended"):
        rooms.show_screen(code, key, Screen("Training"))


def test_of_many_screens_that_are_shown_at_a_time_one_stands_and_each_counts(rooms, room):
    code, key = room
    before = rooms.read(code).room.version
    screens = [Screen("Training", f"seed={n}") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda screen: rooms.show_screen(code, key, screen), screens))
    after = rooms.read(code).room
    assert after.screen in screens and after.version == before + len(screens)


def test_codes_are_read_as_people_type_them():
    assert read_code(" bcd-fgh ") == "BCDFGH" == read_code("BCD FGH") == read_code("bcd.fgh")
    assert spaced("BCDFGH") == "BCD FGH"
    for text in ("", "BCDFG", "BCDFGHJ", "BCDFG0", "BCDFGA", "ß" * 6, "B" * 10_000, "БCDFGH"):
        assert read_code(text) is None, text
    assert not set("AEIOULSZV0125") & set(LETTERS) and len(set(LETTERS)) == len(LETTERS) == 22


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": "a b"},
        {"prompt": ""},
        {"prompt": "x" * 2001},
        {"options": ("one",)},
        {"options": ("one", "one")},
        {"options": ("one", "")},
        {"options": tuple(map(str, range(13)))},
    ],
)
def test_what_is_no_question_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\.$"):
        replace(WILL, **wrong)


@pytest.mark.parametrize(
    "page, query", [("//evil", ""), ("Lab", 'a="'), ("Lab", "a=é"), ("Lab", "#")]
)
def test_what_is_no_screen_is_refused(page, query):
    with pytest.raises(ValueError, match=r"\.$"):
        Screen(page, query)
