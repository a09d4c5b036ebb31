"""Wrong codes, on a clock of the test's own: a class gets in, and nobody finds codes in bulk."""

import asyncio
import random

import pytest

from core.rooms.codes import CODE_LENGTH, LETTERS
from pages.rooms import guard as guard_module
from pages.rooms.guard import Guard, TooMany

ALL_CODES = len(LETTERS) ** CODE_LENGTH
HOUR = 3600


class Clock:
    """Time that passes only while somebody waits in the queue, or where a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def guard(clock):
    return Guard(clock, clock.sleep)


async def try_code(guard, learner="", code="BCDFGH", right=False):
    """As a request does it: let in, looked up, counted. Raises TooMany."""
    await guard.admit(code, learner)
    guard.right(code, learner) if right else guard.wrong(learner)


async def used_up(guard):
    """Let many codes be wrong, without a cookie as bots come."""
    while guard.all.available():
        await try_code(guard)


def test_five_hundred_who_mistype_behind_one_address_all_get_in_at_once(guard, clock):
    dice = random.Random(7)
    arrivals = sorted(dice.uniform(0, 60) for _ in range(500))
    waited = []

    async def class_comes():
        begin = clock.now
        for number, at in enumerate(arrivals):
            clock.now = max(clock.now, begin + at)
            before = clock.now
            await try_code(guard)  # each mistypes once; a browser gets its cookie in the room
            await try_code(guard, right=True)
            guard.right("BCDFGH", f"learner {number}")
            waited.append(clock.now - before)
        before = clock.now
        for number in range(500):  # and each reloads the page
            await try_code(guard, f"learner {number}", right=True)
        waited.append(clock.now - before)

    asyncio.run(class_comes())
    assert len(waited) == 501 and max(waited) == 0


def test_while_a_bot_tries_codes_a_class_that_mistypes_waits_and_gets_in(guard, clock):
    arrivals = [0.12 * number for number in range(500)]  # within a minute

    async def class_comes():
        await used_up(guard)
        begin, longest = clock.now, 0.0
        for at in arrivals:
            clock.now = max(clock.now, begin + at)
            await try_code(guard)
            await try_code(guard, right=True)
            longest = max(longest, clock.now - begin - at)
        return longest

    assert asyncio.run(class_comes()) < 60


@pytest.mark.parametrize("cookies", [False, True])
def test_a_bot_tries_a_vanishing_part_of_the_codes_in_an_hour(guard, clock, cookies):
    async def bot():
        tries, end = 0, clock.now + HOUR
        while clock.now < end:
            await try_code(guard, f"cookie {tries}" if cookies else "")
            tries += 1
        return tries

    tries = asyncio.run(bot())
    assert tries < 50_000 and tries / ALL_CODES < 0.0005


def test_many_at_once_are_counted_although_none_was_when_they_were_let_in(guard, clock):
    async def bot(seconds):
        """Each second as many as a thousand connections hold, all before one is looked up."""
        await used_up(guard)
        tries, end = 0, clock.now + seconds
        while clock.now < end:
            clock.now += 1
            if guard.all.available():
                await asyncio.gather(*(guard.admit("BCDFGH", "") for _ in range(1000)))
                tries += 1000
                for _ in range(1000):
                    guard.wrong("")
        return tries

    assert asyncio.run(bot(HOUR)) <= 6 * 1000 + 1000  # not a thousand each second


def test_one_browser_has_twenty_and_then_one_in_ten_seconds(guard, clock):
    async def one():
        for _ in range(guard_module.WRONG_OF_ONE):
            await try_code(guard, "ann")
        with pytest.raises(TooMany) as refused:
            await try_code(guard, "ann")
        assert refused.value.seconds == 10
        await try_code(guard, "bob")  # others do not notice
        clock.now += 10
        await try_code(guard, "ann", right=True)
        await try_code(guard, "ann")
        with pytest.raises(TooMany):
            await try_code(guard, "ann", code="XXXXXX")

    asyncio.run(one())


def test_when_many_are_wrong_newcomers_queue_and_who_was_there_does_not(guard, clock):
    guard.right("BCDFGH", "ann")

    async def crowd():
        await used_up(guard)
        before = clock.now
        for _ in range(10):
            await try_code(guard, right=True)
        assert clock.now - before == pytest.approx(1)  # one after the other, right or wrong
        before = clock.now
        await try_code(guard, "ann", right=True)
        assert clock.now == before
        with pytest.raises(TooMany):  # known in one room is not known in all
            for _ in range(50):
                await try_code(guard, "ann", code="XXXXXX")

    asyncio.run(crowd())


def test_the_queue_has_an_end_and_is_empty_again_afterwards(clock):
    go = asyncio.Event()

    async def wait(seconds):
        await go.wait()

    async def crowd():
        guard = Guard(clock, wait)
        await used_up(guard)
        queue = [asyncio.create_task(guard.admit("BCDFGH", "")) for _ in range(300)]
        await asyncio.sleep(0)
        with pytest.raises(TooMany):
            await guard.admit("BCDFGH", "")
        queue[0].cancel()  # a browser that goes away leaves the queue
        go.set()
        await asyncio.gather(*queue, return_exceptions=True)
        assert guard.queued == 0
        await guard.admit("BCDFGH", "")

    asyncio.run(crowd())


def test_what_is_remembered_is_bounded(guard, monkeypatch):
    monkeypatch.setattr(guard_module, "REMEMBERED", 5)
    for number in range(20):
        guard.right("BCDFGH", f"learner {number}")
        guard.wrong(f"learner {number}")
    assert [learner for _, learner in guard.known] == [f"learner {n}" for n in range(15, 20)]
    assert len(guard.of_one) == 5


def test_rooms_are_opened_thirty_at_once_and_then_one_in_two_seconds(guard, clock):
    for _ in range(30):
        guard.create()
    for _ in range(100):  # who keeps asking does not keep others waiting for longer
        with pytest.raises(TooMany):
            guard.create()
    clock.now += 2
    guard.create()
    with pytest.raises(TooMany):
        guard.create()
