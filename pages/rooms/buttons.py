"""The buttons of a room's instructor, on /Workshop and at the gates of lessons."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.rooms.room import CLOSED, OPEN, REVEALED
from core.rooms.rooms import rooms
from pages.rooms.control import Controlled


def button(
    label: str,
    key: str,
    action: Callable[..., None],
    *args: Any,
    primary: bool = False,
    why_not: str = "",
    help: str = "",
    icon: str | None = None,
) -> None:
    """A button that does something to a room; why_not: why it cannot be pressed."""
    st.button(
        label,
        key=f"room {key}",
        type="primary" if primary else "secondary",
        on_click=action,
        args=args,
        disabled=bool(why_not),
        help=why_not or help or None,
        icon=icon,
    )


def round_buttons(room: Controlled, phase: str, where: str) -> None:
    """Close, reopen, ask again, reset: those that the phase allows. where: a place on the page."""
    if phase == OPEN:
        button("Close", f"close {where}", room.do, rooms().close, primary=True)
    if phase == CLOSED:
        button("Reopen", f"reopen {where}", room.do, rooms().reopen)
    if phase in (CLOSED, REVEALED):
        button("Ask again", f"again {where}", room.do, rooms().ask_again)
    if phase in (OPEN, CLOSED):
        button("Reset", f"reset {where}", room.do, rooms().reset)
