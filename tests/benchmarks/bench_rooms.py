"""Workshop rooms under load: learners who listen and answer, on one process and behind nginx."""

import asyncio
import contextlib
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from figures import Row, p50, p95, spread
from load import load
from redis_server import running_redis
from room_learners import Learner
from room_servers import nginx, port_of, rooms_at, several
from servers import Server

from core.rooms.room import Question

WILL = Question("will", "Will it work?", ("yes", "no", "maybe"))


@contextlib.contextmanager
def server_with_rooms(house):
    """(a Server, its rooms), at rest."""
    with house.lab() as server, rooms_at(server.log.with_name("rooms.sqlite3")) as rooms:
        yield server, rooms


async def join(address, code, number):
    """So many learners who listen, at most 50 at a time on their way in.

    address: of a server, or a list of them among which they are dealt out.
    """
    addresses = [address] if isinstance(address, str) else address
    learners = [Learner(addresses[one % len(addresses)], code) for one in range(number)]
    gate = asyncio.Semaphore(50)

    async def one(learner):
        async with gate:
            await learner.join()

    await asyncio.gather(*map(one, learners))
    return learners


async def seen(learners, call, *arguments):
    """The seconds until each learner saw a change of the instructor's."""
    began = perf_counter()
    room = await asyncio.to_thread(call, *arguments)
    await asyncio.gather(*(one.until(lambda r: r["version"] >= room.version) for one in learners))
    return [one.seen[room.version] - began for one in learners]


async def burst(learners, asking, length):
    """Everybody answers within so many seconds: how long each answer took."""

    async def one(index, learner):
        await asyncio.sleep(length * index / len(learners))
        return await learner.answer(asking, index % 3, 1)

    done = await asyncio.gather(*(one(*pair) for pair in enumerate(learners)))
    return [seconds for _, seconds in done]


def exact(counts, number):
    """How many answers were lost or doubled, where learner i chose i % 3."""
    wanted = [len(range(option, number, 3)) for option in range(3)]
    return sum(abs(a - b) for a, b in zip(counts, wanted, strict=True))


async def workshop(server, rooms, size):
    """Figures of a whole workshop on one process."""
    number, questions, idle = size.room_learners, size.room_questions, size.room_idle
    code, key = await asyncio.to_thread(rooms.create)
    before = server.processor()
    learners = await join(server.address, code, number)
    joined = (server.processor() - before) / number
    before = server.processor()
    await asyncio.sleep(idle)
    resting = (server.processor() - before) / idle
    changes, answers, wrong = [], [], 0
    before = server.processor()
    for asking in range(1, questions + 1):
        changes += await seen(learners, rooms.ask, code, key, WILL)
        answers += await burst(learners, asking, size.burst)
        changes += await seen(learners, rooms.close, code, key)
        counts = (await asyncio.to_thread(rooms.read, code)).counts
        wrong += exact(counts, number)
        changes += await seen(learners, rooms.reveal, code, key, 1, "Because.")
    each = (server.processor() - before) / number / questions
    await asyncio.gather(*(one.leave() for one in learners))
    return joined, resting, changes, answers, wrong, each


def one_process(size, house):
    """Rows of one process: a whole workshop, more streams, and a light session beside it."""
    number, many = size.room_learners, size.room_streams
    with server_with_rooms(house) as (server, rooms):
        joined, resting, changes, answers, wrong, each = asyncio.run(workshop(server, rooms, size))
        crowd = asyncio.run(streams(server, rooms, many))
        alone, beside = light_session(server, rooms, size)
    who = f"Rooms: {number} learners on one process"
    return [
        Row(f"{who}: change to seen, p95", "under 250 ms", 250, p95(changes) * 1e3,
            spread(changes), "ms", errors=wrong),
        Row(f"{who}: answers in a burst of {size.burst:g} s, p95", "under 100 ms", 100,
            p95(answers) * 1e3, f"{spread(answers)}; {wrong} answers lost or doubled", "ms",
            errors=wrong),
        Row(f"{who}, idle", "under 3 % of a core", 3, resting * 100, "", "%"),
        Row(f"{who}: processor time to join, a learner", "at most 2 ms", 2, joined * 1e3, "", "ms"),
        Row(f"{who}: processor time a learner and question", "at most 2 ms", 2, each * 1e3,
            "asked, answered, closed, revealed", "ms"),
        Row(f"Rooms: {many} streams on one process: change to seen, p95", "under 1,000 ms", 1000,
            p95(crowd) * 1e3, spread(crowd), "ms"),
        Row(f"p95 of a light lab session beside a room of {number}, against alone", "at most 1.5 ×",
            1.5, p95(beside) / p95(alone), f"alone: {spread(alone)}; beside: {spread(beside)}"),
    ]  # fmt: skip


async def streams(server, rooms, number):
    """How long so many streams take to see a change."""
    code, key = await asyncio.to_thread(rooms.create)
    learners = await join(server.address, code, number)
    found = await seen(learners, rooms.ask, code, key, WILL)
    found += await seen(learners, rooms.close, code, key)
    await asyncio.gather(*(one.leave() for one in learners))
    return found


def light_session(server, rooms, size):
    """(seconds of actions alone, beside a room that answers all the time), in turns."""

    def session(first):
        found = load(server.address, "learner", pace=0.2, seconds=size.turn, first=first)
        assert not found.errors, found.errors[:3]
        return found.seconds

    alone, beside = [], []
    for turn in range(size.turns):
        alone += session(2 * turn)
        with busy_room(server, rooms, size):
            beside += session(2 * turn + 1)
    return alone, beside


@contextlib.contextmanager
def busy_room(server, rooms, size):
    """A room whose learners answer one question after the other.

    Their phones would be other machines: the thread that plays them gives way to everything else.
    """
    full, over = threading.Event(), threading.Event()

    async def answer():
        code, key = rooms.create()
        learners, asking = await join(server.address, code, size.room_learners), 0
        full.set()
        while not over.is_set():
            asking += 1
            await seen(learners, rooms.ask, code, key, WILL)
            await burst(learners, asking, size.burst)
        await asyncio.gather(*(one.leave() for one in learners))

    def play():
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        asyncio.run(answer())

    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(play)
        while not full.wait(0.1):
            assert not playing.done(), playing.exception()
        yield
        over.set()
        playing.result()


async def disaster(address, where, number, length, end):
    """(seconds back, answers lost or doubled) where something dies in mid-question."""
    with rooms_at(where) as rooms:
        code, key = await asyncio.to_thread(rooms.create)
        learners = await join(address, code, number)
        await seen(learners, rooms.ask, code, key, WILL)
        answering = asyncio.create_task(burst(learners, 1, length))
        await asyncio.sleep(length / 2)
        await asyncio.to_thread(end)
        await answering
        await seen(learners, rooms.reveal, code, key, 1, "Because.")
        wrong = exact((await asyncio.to_thread(rooms.read, code)).counts, number)
        wrong += sum(one.room["phase"] != "revealed" for one in learners)
        await asyncio.gather(*(one.leave() for one in learners))
        return [seconds for one in learners for seconds in one.back], wrong


async def capacity(servers, where, number, attempts):
    """What these servers do together for so many learners, each of whom changes their mind."""

    async def answers(index, learner):
        for attempt in range(1, attempts + 1):
            await learner.answer(1, index % 3, attempt)

    with rooms_at(where) as rooms:
        code, key = await asyncio.to_thread(rooms.create)
        learners = await join([one.address for one in servers], code, number)
        changes = await seen(learners, rooms.ask, code, key, WILL)
        before, own, began = sum(one.processor() for one in servers), process_time(), perf_counter()
        await asyncio.gather(*(answers(*pair) for pair in enumerate(learners)))
        lasted = perf_counter() - began
        used = sum(one.processor() for one in servers) - before
        changes += await seen(learners, rooms.close, code, key)
        wrong = exact((await asyncio.to_thread(rooms.read, code)).counts, number)
        changes += await seen(learners, rooms.reveal, code, key, 1, "Because.")
        await asyncio.gather(*(one.leave() for one in learners))
    sent = number * attempts
    return Capacity(sent / lasted, used / sent, (process_time() - own) / lasted, changes, wrong)


@dataclass(frozen=True)
class Capacity:
    """rate: answers a second; each: processor seconds an answer; load: cores that learners took."""

    rate: float
    each: float
    load: float
    changes: list
    wrong: int

    def figures(self):
        return (
            f"{self.rate:,.0f} answers a second, {self.each * 1e3:.2f} ms of processor time each, "
            f"change to seen {spread(self.changes)}"
        )


def processes(servers, where, size, store):
    """Rows on how rooms grow with the number of processes, which share a store at a place."""
    number, found = size.room_learners, {}
    for many in size.room_processes:
        found[many] = asyncio.run(capacity(servers[:many], where, number, size.room_attempts))
    one, most = found[min(found)], found[max(found)]
    wrong, cores = sum(each.wrong for each in found.values()), len(os.sched_getaffinity(0))
    figures = "; ".join(f"{many}: {each.figures()}" for many, each in found.items())
    shows = (
        f"{cores} cores for learners, store and servers together; the learners took "
        f"{max(each.load for each in found.values()):.1f} of them"
    )
    who = f"Rooms in {store}, {number} learners"
    against = f"{max(found)} processes against {min(found)}"
    return [
        Row(f"{who} on one process: change to seen, p95", "under 250 ms", 250,
            p95(one.changes) * 1e3, spread(one.changes), "ms", errors=wrong),
        Row(f"{who}, {against}: answers a second as fast as they come", "–", None,
            most.rate / one.rate, f"by processes, {figures}; {shows}", errors=wrong),
        Row(f"{who}, {against}: processor time an answer", "–", None, most.each / one.each,
            "what sharing costs: with a core for each process, the rate grows by the number of "
            "processes divided by this, as long as the store keeps up", errors=wrong),
    ]  # fmt: skip


def one_file(size):
    """Rows on processes that share a file of SQLite."""
    with (
        tempfile.TemporaryDirectory() as folder,
        several(max(size.room_processes), where := Path(folder, "rooms"), Server) as servers,
    ):
        for server in servers:
            server.come_to_rest()
        return processes(servers, where, size, "SQLite")


def failures(size):
    """Rows of processes that share a Redis: how they grow; one dies behind nginx; Redis dies."""
    number, rows = size.room_learners, []
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as site,
        running_redis(Path(folder)) as redis,
        several(max(3, *size.room_processes), redis.address, Server) as servers,
        nginx(Path(site), [port_of(one) for one in servers[:3]]) as address,
    ):
        for server in servers:
            server.come_to_rest()
        rows += processes(servers, redis.address, size, "Redis")

        def restart():
            redis.kill()
            redis.start()

        ends = {
            "Redis killed and started again": restart,
            "a process ended (SIGTERM)": lambda: servers[2].process.terminate(),
            "a process killed": lambda: servers[1].process.kill(),
        }
        for what, end in ends.items():
            back, wrong = asyncio.run(disaster(address, redis.address, number, size.burst, end))
            figures = f"{len(back)} cut off, {wrong} answers lost or doubled"
            if back:
                figures += f"; back p50 {p50(back):.2f}, p95 {p95(back):.2f} s"
            longest = max(back, default=0.0)
            rows.append(
                Row(f"Rooms behind nginx, {number} learners: {what}, the last one back",
                    "within 2 s, every answer exact", 2, longest, figures, "s", errors=wrong)
            )  # fmt: skip
    return rows
