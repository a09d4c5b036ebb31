"""Addresses besides pages: a folder of pages may have a module `routes` that answers them.

It has a list ROUTES, and `running()`, a context manager of asyncio, for as long as the server runs.
They are answered before Streamlit's own middlewares see them, which packing, sessions and static
files concern: for a room's short answers those would be most of the work.
"""

import contextlib
import importlib
from collections.abc import AsyncGenerator
from pathlib import Path
from types import ModuleType

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

PAGES = Path(__file__).parents[1]
OWN = Path(__file__)


def modules() -> list[ModuleType]:
    """The modules `routes` of the folders of pages."""
    folders = sorted(path.parent.name for path in PAGES.glob("*/routes.py") if path != OWN)
    return [importlib.import_module(f"pages.{folder}.routes") for folder in folders]


def answer_routes(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: the routes of the folders; the application for everything else.

    An address that a folder has for other methods gets the answer of a Router: 405.
    """
    found: list[BaseRoute] = [route for module in modules() for route in module.ROUTES]
    own = ExceptionMiddleware(Router(found))

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = False
        for route in found:
            match, more = route.matches(scope)
            if match is Match.FULL:
                return await route.handle({**scope, **more}, receive, send)
            is_ours = is_ours or match is Match.PARTIAL
        return await (own if is_ours else app)(scope, receive, send)

    return answer


@contextlib.asynccontextmanager
async def running() -> AsyncGenerator[None]:
    """While the server runs."""
    async with contextlib.AsyncExitStack() as stack:
        for module in modules():
            await stack.enter_async_context(module.running())
        yield
