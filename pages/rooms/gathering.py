"""Gathering: answers that come at about the same time are given to the store together.

A class answers within seconds. One transaction of many costs little more than one of a single
answer, and the threads change places once.
"""

import asyncio
from collections.abc import Awaitable, Callable

from core.rooms.room import Receipt, Sent

GATHER_SECONDS = 0.03  # that an answer waits for others; nobody sees it


class Gathering:
    """Those who wait for what became of their answers. take is called with many at a time."""

    def __init__(self, take: Callable[[list[Sent]], Awaitable[list[Receipt]]]) -> None:
        self.take = take
        self.waiting: list[tuple[Sent, asyncio.Future[Receipt]]] = []
        self.next: asyncio.Task[None] | None = None

    async def add(self, sent: Sent) -> Receipt:
        """What became of an answer. Raises what take raises."""
        receipt = asyncio.get_running_loop().create_future()
        self.waiting.append((sent, receipt))
        if self.next is None:
            self.next = asyncio.create_task(self.hand_over())
        return await receipt

    async def hand_over(self) -> None:
        """Wait for others, then give all to the store."""
        await asyncio.sleep(GATHER_SECONDS)
        gathered, self.waiting, self.next = self.waiting, [], None
        try:
            receipts = await self.take([sent for sent, _ in gathered])
        except Exception as error:  # each of them gets it
            receipts = [error] * len(gathered)
        for (_, future), receipt in zip(gathered, receipts, strict=True):
            if future.done():  # it was given up
                continue
            if isinstance(receipt, Exception):
                future.set_exception(receipt)
            else:
                future.set_result(receipt)
