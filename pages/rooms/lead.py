"""The instructor's side of following: showing a screen to the room, once or all the time."""

from collections.abc import Mapping

import streamlit as st

from core.rooms.follow import screen_to_show
from core.rooms.room import Screen, Snapshot
from core.rooms.rooms import rooms
from core.rooms.settings import LEAD
from core.settings.setting import Setting, SettingError
from pages.components import state
from pages.components.widgets import in_link, put_in_link
from pages.rooms.buttons import button
from pages.rooms.control import Controlled, tried
from pages.rooms.visit import link_here

Catalogue = Mapping[str, Setting]


def show_button(room: Controlled, here: Snapshot, page: str, catalogue: Catalogue) -> None:
    """On the bar: show this screen, or that it is shown."""
    try:
        screen = screen_to_show(page, link_here(), catalogue)
    except SettingError:
        st.caption("This screen has too many settings to be shown to the room.", width="content")
        return
    if in_link(LEAD):
        st.caption(":material/cast: The room sees what you change", width="content")
    elif screen == here.room.screen:
        st.caption(":material/cast: Shown to the room", width="content")
    else:
        button("Show this screen", "show screen", show, room, screen,
               help="To learners who follow you; phones get a link. Guesses are not shown.",
               icon=":material/cast:")  # fmt: skip


def lead_switches(room: Controlled, here: Snapshot) -> None:
    """In the room's menu: show every change, or nothing more."""
    leads = in_link(LEAD)
    button(
        "Show a screen only when I ask" if leads else "Keep showing what I change",
        "lead",
        lambda: put_in_link(LEAD.name, str(not leads).lower(), "false"),
        help="Learners who follow you go where this window goes, with its settings.",
        icon=":material/cast:",
    )
    if here.room.screen:
        button(
            "Show no screen any more",
            "show nothing",
            stop,
            room,
            help="Learners stay where they are.",
            icon=":material/cancel_presentation:",
        )


def show(room: Controlled, screen: Screen | None) -> None:
    """Show a screen to who follows."""
    tried(lambda: rooms().show_screen(room.code, room.key, screen))


def stop(room: Controlled) -> None:
    """Show nothing more, whatever changes."""
    put_in_link(LEAD.name, "false", "false")
    show(room, None)


def lead(room: Controlled, here: Snapshot, page: str, catalogue: Catalogue) -> None:
    """At the end of a page of an instructor who keeps showing: show it, if it is another screen."""
    if not in_link(LEAD):
        return
    try:
        screen = screen_to_show(page, link_here(), catalogue)
    except SettingError as error:
        state.ROOM_TROUBLE.set(f"Learners still see the screen before. {error}")
        return
    if screen != here.room.screen:
        show(room, screen)
