"""Who comes next, and who has to wait outside."""

from dataclasses import dataclass

import pytest

from core.workers.fair_queue import Asker, Busy, FairQueue, Shares


@dataclass
class Wish:
    name: str
    asker: Asker


def queue_of(names, shares=Shares(100, 100, 100)):  # noqa: B008 - it is frozen
    """A queue of wishes; in the name A1x the address is A, the session A1."""
    queue = FairQueue(shares)
    for name in names.split():
        queue.add(Wish(name, Asker(name[:2], name[0])))
    return queue


def drain(queue):
    expected = " ".join(wish.name for wish in queue)
    taken = " ".join(queue.take().name for _ in range(len(queue)))
    assert taken == expected, "the order is known before"
    return taken


@pytest.mark.parametrize(
    ("came", "taken"),
    [
        ("A1a A1b A1c", "A1a A1b A1c"),
        ("A1a A1b A2a", "A1a A2a A1b"),
        ("A1a A2a A3a B1a", "A1a B1a A2a A3a"),
        ("A1a A1b A1c A2a B1a B1b", "A1a B1a A2a B1b A1b A1c"),
    ],
)
def test_addresses_take_turns_and_so_do_their_sessions(came, taken):
    assert drain(queue_of(came)) == taken


def test_who_had_a_turn_comes_after_who_had_none():
    queue = queue_of("A1a")
    queue.take()
    for name in ("A1b", "B1a"):
        queue.add(Wish(name, Asker(name[:2], name[0])))
    assert drain(queue) == "B1a A1b"


def test_one_who_asks_again_and_again_does_not_hold_up_the_others():
    queue = queue_of("A1a A1b A1c A1d B1a")
    taken = []
    for number in range(4):
        taken.append(queue.take().name)
        queue.add(Wish(f"A1{number}", Asker("A1", "A")))
    assert taken[:2] == ["A1a", "B1a"]


@pytest.mark.parametrize(
    ("shares", "more", "said"),
    [
        (Shares(3, 9, 9), "C1a", "3 requests are waiting, and 3 is the limit. Try again"),
        (Shares(9, 2, 9), "A3a", "2 requests from your network address .* 2 of the 9 places"),
        (Shares(9, 9, 1), "A1b", "1 requests of yours are waiting, and 1 is the limit for one"),
    ],
)
def test_a_full_share_is_refused_with_the_limit_and_the_way_out(shares, more, said):
    queue = queue_of("A1a A2a B1a", shares)
    with pytest.raises(Busy, match=said):
        queue.add(Wish(more, Asker(more[:2], more[0])))
    assert len(queue) == 3


def test_one_address_cannot_fill_the_queue():
    queue = FairQueue(Shares())
    with pytest.raises(Busy):
        for number in range(1000):
            queue.add(Wish("x", Asker(f"session {number}", "one address")))
    assert len(queue) < Shares().total
    queue.add(Wish("another", Asker("s", "elsewhere")))
    assert [wish.name for wish in queue].index("another") <= 1


def test_without_a_name_there_is_no_share_of_its_own():
    queue = FairQueue(Shares(3, 1, 1))
    for number in range(3):
        queue.add(Wish(str(number), Asker()))
    assert drain(queue) == "0 1 2"
