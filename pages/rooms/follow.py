"""A learner's room on a lesson's page: its question, and the instructor's screen to follow.

The browser draws it and listens to the room's events, with the script of the light page. The page
runs again only to go where the instructor is, when the hub says that it is this learner's turn.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.rooms.codes import read_code
from core.rooms.follow import followed, own_settings, screen_to_show
from core.rooms.questions import screen_at
from core.rooms.settings import FOLLOW, JOINED
from core.settings.setting import Setting, SettingError, shorten
from pages.components import state
from pages.components.widgets import in_link, put_in_link
from pages.rooms.documents import SCRIPT, STYLE, small
from pages.rooms.visit import link_here, page_of, visit

HERE = Path(__file__).parent
KEY = "joined room"
_component = st.components.v2.component(
    "buffer_lab_joined",
    html="<section class='room' aria-label='The room that you are in'></section>",
    css=small(STYLE) + (HERE / "joined.css").read_text("utf-8"),
    js=small(SCRIPT) + "\n" + (HERE / "joined.js").read_text("utf-8"),
    isolate_styles=True,
)


def joined_code() -> str | None:
    """The code of the room that the link says this learner is in."""
    return read_code(in_link(JOINED)) if in_link(JOINED) else None


def room_of_learner(page: str, catalogue: Mapping[str, Setting]) -> None:
    """Draw the room that the link names, and do what is asked there."""
    code = joined_code()
    if code is None:
        text = shorten(in_link(JOINED))
        st.warning(f"{text} is no code of a room: a code has 6 letters and digits.")
        return
    asked = _component(
        key=KEY,
        data={"code": code, "follow": in_link(FOLLOW), "went": state.ROOM_WENT.get()},
        on_go_change=went,
        on_open_change=lambda: None,
        on_follow_change=follow_or_not,
        on_leave_change=leave,
    )
    for link in (asked.go, asked.open):
        if isinstance(link, str):
            go(link, page, catalogue)


def went() -> None:
    """The page is asked to go to the instructor's screen: not again to the same."""
    state.ROOM_WENT.set(str(state.edits_of(KEY).get("go") or ""))


def follow_or_not() -> None:
    """The switch was turned: the link says so, and where the learner went before is forgotten."""
    wanted = state.edits_of(KEY).get("follow")
    put_in_link(FOLLOW.name, str(wanted is True).lower(), "false")
    state.ROOM_WENT.set("")


def leave() -> None:
    """Leave the room."""
    put_in_link(FOLLOW.name, "false", "false")
    put_in_link(JOINED.name, "", "")
    state.ROOM_WENT.set("")


def go(link: str, page: str, catalogue: Mapping[str, Setting]) -> None:
    """Go to a screen of the room; the learner's own guesses at the same questions stay."""
    try:
        screen = screen_at(link)
    except SettingError:
        return
    target, here = page_of(screen), link_here()
    if target is None or screen == screen_to_show(page, here, catalogue):
        return
    own = own_settings(here, catalogue) if target == page else state.ROOM_OWN.get().get(link, {})
    visit(target, followed(screen, here, own))


def remember_own(page: str, catalogue: Mapping[str, Setting]) -> None:
    """Keep what a learner has guessed on the screen that the instructor showed."""
    here = link_here()
    try:
        screen = screen_to_show(page, here, catalogue)
    except SettingError:
        return
    state.ROOM_OWN.set({**state.ROOM_OWN.get(), screen.link: own_settings(here, catalogue)})
