"""Answers that come at about the same time go to the store together, and each gets its receipt."""

import asyncio

import pytest
from coroutines import run

from core.rooms.room import Answer, Receipt, Sent
from core.rooms.store import StoreDown
from pages.rooms.gathering import GATHER_SECONDS, Gathering


def sent(learner):
    return Sent("AAAAAA", 1, learner, Answer(0, 1))


class Taking:
    """A store that notes who came together. Its receipts say who they are for."""

    def __init__(self):
        self.calls = []

    async def __call__(self, many):
        self.calls.append([one.learner for one in many])
        await asyncio.sleep(2 * GATHER_SECONDS)
        if "the last straw" in self.calls[-1]:
            raise StoreDown
        return [Receipt(one.learner, one.answer) for one in many]


def test_who_comes_at_the_same_time_is_taken_together_and_nobody_waits_for_the_store_twice():
    async def answers():
        take = Taking()
        gathering = Gathering(take)
        first = asyncio.gather(*(gathering.add(sent(name)) for name in ("ann", "bob")))
        await asyncio.sleep(1.5 * GATHER_SECONDS)  # those are at the store now
        later = await asyncio.gather(*(gathering.add(sent(name)) for name in ("cid", "dot")))
        return take.calls, await first, later

    calls, first, later = run(answers())
    assert calls == [["ann", "bob"], ["cid", "dot"]]
    assert [one.status for one in (*first, *later)] == ["ann", "bob", "cid", "dot"]


def test_a_store_that_is_down_says_so_to_each_and_the_next_are_taken():
    async def answers():
        gathering = Gathering(Taking())
        both = (gathering.add(sent(name)) for name in ("ann", "the last straw"))
        down = await asyncio.gather(*both, return_exceptions=True)
        return down, await gathering.add(sent("bob"))

    down, after = run(answers())
    assert [type(one) for one in down] == [StoreDown, StoreDown]
    assert after.status == "bob"


def test_who_gave_up_waiting_takes_nobody_elses_receipt():
    async def answers():
        gathering = Gathering(Taking())
        gone = asyncio.create_task(gathering.add(sent("ann")))
        stays = asyncio.create_task(gathering.add(sent("bob")))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await asyncio.wait_for(stays, 5)

    assert run(answers()).status == "bob"
