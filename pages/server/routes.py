"""Addresses besides pages: a folder of pages may have a module `routes` that answers them.

It has a list ROUTES, and `running()`, a context manager of asyncio, for as long as the server runs.
"""

import contextlib
import importlib
from collections.abc import AsyncGenerator
from pathlib import Path
from types import ModuleType

from starlette.routing import BaseRoute

PAGES = Path(__file__).parents[1]
OWN = Path(__file__)


def modules() -> list[ModuleType]:
    """The modules `routes` of the folders of pages."""
    folders = sorted(path.parent.name for path in PAGES.glob("*/routes.py") if path != OWN)
    return [importlib.import_module(f"pages.{folder}.routes") for folder in folders]


def routes() -> list[BaseRoute]:
    """What `st.App` answers besides pages."""
    return [route for module in modules() for route in module.ROUTES]


@contextlib.asynccontextmanager
async def running() -> AsyncGenerator[None]:
    """While the server runs."""
    async with contextlib.AsyncExitStack() as stack:
        for module in modules():
            await stack.enter_async_context(module.running())
        yield
