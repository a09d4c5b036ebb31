"""The plan on the instructor's page: its screens, their order, how it is saved and used again."""

from collections.abc import Callable

import streamlit as st

from core.lessons import lesson
from core.rooms.plan import (
    FILE_BYTES,
    as_file,
    entry,
    from_file,
    length_in_words,
    moved,
    note_of,
    with_screen,
    without,
)
from core.rooms.questions import screen_at, settings_of_screen
from core.rooms.settings import PLAN, WORKSHOP
from core.settings.setting import SettingError
from pages.components import state
from pages.components.code import download
from pages.components.links import page_link
from pages.components.widgets import plain, section
from pages.rooms.bar import keep_plan
from pages.rooms.buttons import button
from pages.rooms.control import Controlled
from pages.rooms.visit import page_of

Change = Callable[[], tuple[str, ...]]


def plan_of(room: Controlled | None, kept: tuple[str, ...]) -> tuple[str, ...]:
    """The plan: the room's if it has one, else the link's; then both have it.

    A link with another plan than the room's was opened for that plan: it is offered.
    """
    in_link = tuple(st.query_params.get_all(PLAN.name))
    if not kept:
        if in_link:
            keep_plan(room, in_link)
        return in_link
    if not in_link:
        st.query_params[PLAN.name] = list(kept)
    elif in_link != kept:
        offer(room, kept, in_link)
    return kept


def offer(room: Controlled | None, kept: tuple[str, ...], in_link: tuple[str, ...]) -> None:
    """Let the instructor choose between the room's plan and the link's."""
    with st.container(border=True, key="room plan of the link"):
        st.markdown(
            f"This link holds a plan of {length_in_words(in_link)}. The room has another one, of "
            f"{length_in_words(kept)}. Which one do you want?"
        )
        with st.container(horizontal=True, gap="small"):
            button("Use the link's plan", "use plan", change, room, lambda: in_link, primary=True)
            button("Keep the room's plan", "keep plan", change, room, lambda: kept)


def change(room: Controlled | None, make: Change) -> None:
    """Replace the plan by what make returns; what it refuses is said."""
    try:
        plan = make()
    except SettingError as error:
        state.ROOM_TROUBLE.set(str(error))
        return
    keep_plan(room, plan)
    if plan:
        st.query_params[PLAN.name] = list(plan)
    else:
        st.query_params.pop(PLAN.name, None)


def plan_section(room: Controlled | None, plan: tuple[str, ...]) -> None:
    """The section with the plan, which a visitor may open."""
    with section(WORKSHOP["prepare"]) as opened:
        if opened.open:
            show_plan(room, plan)


def show_plan(room: Controlled | None, plan: tuple[str, ...]) -> None:
    """The screens in their order, and the ways to add, save and load."""
    st.markdown(
        "A plan is a list of screens: pages with their settings. While this section is open, every "
        "lesson has the button *Add this screen to the plan*. With a room, the button is in the "
        "menu *Room*, and *Next* and *Previous* lead from screen to screen. The plan is in this "
        "page's link: keep the link, and the plan is kept."
    )
    for index, link in enumerate(plan):
        row(room, plan, index, link)
    if not plan:
        st.markdown("The plan has no screen yet.")
    add_by_link(room, plan)
    if plan:
        with st.container(horizontal=True, gap="small"):
            download("Save as a file (.json)", as_file(plan), "plan.json", "application/json")
            button("Clear the plan", "clear plan", change, room, tuple)
    load(room)


def row(room: Controlled | None, plan: tuple[str, ...], index: int, link: str) -> None:
    """One screen of the plan: where it leads, up, down, away."""
    screen = screen_at(link)
    page = page_of(screen)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        with st.container(width="stretch"):
            if page is None:
                st.markdown(f"{index + 1}. There is no page `{screen.page}`. Take it out.")
            else:
                note = note_of(link)
                title = f"{index + 1}. {lesson(page).title}" + (
                    f": {plain(note.replace('`', ''))}" if note else ""
                )
                settings = settings_of_screen(screen)
                page_link(page, label=title, icon=lesson(page).icon, settings=settings)
                words = ", ".join(f"{name}: {' '.join(v)}" for name, v in settings.items())
                st.caption(plain(words) or "as it opens")
        number = f"screen {index + 1}"
        for label, icon, make in (
            ("Up", "arrow_upward", lambda: moved(plan, index, -1)),
            ("Down", "arrow_downward", lambda: moved(plan, index, 1)),
            ("Remove", "close", lambda: without(plan, index)),
        ):
            st.button(
                f"{label}",
                key=f"room {label} {number}",
                icon=f":material/{icon}:",
                on_click=change,
                args=(room, make),
                help=f"{label}, {number}",
            )


def add_by_link(room: Controlled | None, plan: tuple[str, ...]) -> None:
    """A box for a screen's link."""
    with (
        st.form("room add by link", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        link = st.text_input("Add a screen by its link", max_chars=2_000)
        if st.form_submit_button("Add") and link:
            change(room, lambda: with_screen(plan, entry(screen_at(link), note_of(link.strip()))))
            st.rerun()


def load(room: Controlled | None) -> None:
    """Read a plan from a file; it replaces the one that is there."""
    file = st.file_uploader(
        "Load a plan from a file; it replaces the one above",
        type="json",
        key="plan file",
        max_upload_size=1,
    )
    if file is None:
        state.ROOM_FILE.set("")
    elif state.ROOM_FILE.get() != file.file_id:
        state.ROOM_FILE.set(file.file_id)
        change(room, lambda: from_file(file.getvalue()[: FILE_BYTES + 1]))
        st.rerun()
