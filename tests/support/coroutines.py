"""Runs coroutines in tests: in a thread, for Playwright keeps an event loop in the main one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def run(coroutine):
    """The result of a coroutine, from an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
