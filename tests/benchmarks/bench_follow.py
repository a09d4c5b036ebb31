"""Follow me under load: laptops with the lab open go where the instructor is, in waves."""

import asyncio
from time import perf_counter
from urllib.parse import urlencode

from bench_rooms import server_with_rooms
from figures import Row
from load import load
from room_learners import Learner
from session import Session

from core.rooms.room import Screen

WINDOW_SECONDS = 0.15  # in which 5 are told to go, and some of those before are still on their way
LINK = {"predict": "false", "device": "cpu", "inputs": "true"}


class Follower(Learner):
    """A laptop: it listens, and runs its page with the instructor's seed when it is told to.

    The seed is set as its control would be. In a browser the page's top runs once before, for the
    component that asks; so this is a little less work. began, ended: when each run did.
    """

    events = "events?follow=1"

    def __init__(self, address, code):
        super().__init__(address, code)
        self.page, self.began, self.ended, self.runs = Session(address), [], [], []

    async def open(self, number):
        await self.page.open("Attention_lab", urlencode(LINK | {"seed": number}))
        await self.join()

    def take(self, kind, text):
        super().take(kind, text)
        if kind == "go":
            seed = int(text.decode().partition("seed=")[2].split("&")[0].strip('"}\n '))
            self.runs.append(asyncio.create_task(self.go(seed)))

    async def go(self, seed):
        self.began.append(perf_counter())
        await self.page.set("seed", seed)
        self.ended.append(perf_counter())


async def opened(address, code, number):
    """So many followers, four at a time on their way in."""
    gate, followers = asyncio.Semaphore(4), [Follower(address, code) for _ in range(number)]

    async def one(index, follower):
        async with gate:
            await follower.open(1_000 + index)

    await asyncio.gather(*(one(*pair) for pair in enumerate(followers)))
    return followers


async def beside(address, act, first, seconds):
    """The seconds of a light session's actions while act() goes on, and a little before."""
    session = asyncio.create_task(
        asyncio.to_thread(load, address, "looker", pace=0.1, seconds=seconds, first=first)
    )
    await asyncio.sleep(seconds / 4)
    await act()
    found = await session
    assert not found.errors, found.errors[:3]
    return found.seconds


async def measured(server, rooms, number, seconds):
    """(followers, a light session's seconds: nobody else acts; in waves; all at once)."""
    code, key = await asyncio.to_thread(rooms.create)
    followers = await opened(server.address, code, number)

    async def show():
        await asyncio.to_thread(rooms.show_screen, code, key, Screen("Attention_lab", "seed=7"))
        while not all(one.ended for one in followers):
            await asyncio.sleep(0.02)

    async def at_once():
        await asyncio.gather(*(one.page.set("seed", 8) for one in followers))

    async def nothing():
        pass

    figures = [
        await beside(server.address, act, 10 + index, seconds)
        for index, act in enumerate((nothing, show, at_once))
    ]
    for one in followers:
        await one.leave()
        await one.page.close()
    return followers, *figures


def following(size, house):
    """Rows of followers on one process."""
    with server_with_rooms(house) as (server, rooms):
        followers, alone, waves, at_once = asyncio.run(
            measured(server, rooms, size.followers, size.follow)
        )
        wrong = server.tracebacks()
    began = sorted(time for one in followers for time in one.began)
    together = max(sum(0 <= time - start < WINDOW_SECONDS for time in began) for start in began)
    lost = sum(one.began == [] for one in followers) + len(began) - len(followers)
    last = max(one.ended[-1] for one in followers) - began[0]
    who = f"Follow me: {size.followers} laptops on the lab go to another screen"
    waits = (
        f"alone {max(alone) * 1e3:.0f}, in waves {max(waves) * 1e3:.0f}, all at once "
        f"{max(at_once) * 1e3:.0f} ms"
    )
    return [
        Row(f"{who}: pages that begin to run at a time", "at most 10", 10, together,
            f"the last one is there after {last:.1f} s; {lost} lost or doubled", "",
            errors=lost + wrong),
        Row(f"{who}: a light session's longest wait meanwhile, against all at once",
            "at most 0.5 ×", 0.5, max(waves) / max(at_once), waits, "×"),
    ]  # fmt: skip
