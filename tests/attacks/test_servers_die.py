"""Three processes behind nginx: one dies in the middle of a question, and nothing is lost."""

import asyncio

import coroutines
import pytest
from redis_server import running_redis
from room_learners import Learner
from room_servers import nginx, port_of, rooms_at, several

from core.rooms.room import Question

WILL = Question("will", "Will it work?", ("yes", "no", "maybe"))
LEARNERS = 24


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """(redis, servers of which two may end, nginx's address)."""
    folder = tmp_path_factory.mktemp("redis")
    with (
        running_redis(folder) as redis,
        several(3, redis.address) as servers,
        nginx(tmp_path_factory.mktemp("nginx"), [*map(port_of, servers)]) as address,
    ):
        yield redis, servers, address


async def through(address, where, in_the_middle):
    """A whole question with a disaster in the middle. Returns how many were cut off."""
    with rooms_at(where) as rooms:
        code, key = await asyncio.to_thread(rooms.create)
        learners = [Learner(address, code) for _ in range(LEARNERS)]
        await asyncio.gather(*(one.join() for one in learners))
        await asyncio.to_thread(rooms.ask, code, key, WILL)
        await asyncio.gather(*(one.until(lambda r: r["phase"] == "open") for one in learners))
        half = learners[: LEARNERS // 2]
        await asyncio.gather(*(one.answer(1, 0, 1) for one in half))
        await asyncio.to_thread(in_the_middle)
        # everybody answers, those of the first half anew and with a late retry of the old one
        done = [one.answer(1, i % 3, 2) for i, one in enumerate(learners)]
        await asyncio.gather(*done, *(one.answer(1, 0, 1) for one in half[:2]))
        assert (await asyncio.to_thread(rooms.read, code)).counts == (8, 8, 8)
        await asyncio.to_thread(rooms.reveal, code, key, 1, "Because.")
        shown = (one.until(lambda r: r["phase"] == "revealed") for one in learners)
        await asyncio.wait_for(asyncio.gather(*shown), 30)
        assert all(one.room["counts"] == [8, 8, 8] for one in learners)
        assert all(one.room["reason"] == "Because." for one in learners)
        await asyncio.gather(*(one.leave() for one in learners))
        return sum(bool(one.back) for one in learners)


def test_redis_is_killed_and_comes_back(house):
    redis, _, address = house

    def disaster():
        redis.kill()
        redis.start()

    coroutines.run(through(address, redis.address, disaster))


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_process_ends_in_mid_question(house, end):
    redis, servers, address = house
    victim = servers.pop()

    def disaster():
        getattr(victim.process, end)()
        victim.process.wait(10)

    cut = coroutines.run(through(address, redis.address, disaster))
    assert 0 < cut < LEARNERS, "each process had some of them"
