"""The room on every page: its code and address, the plan's way on, and how the page is shown."""

from urllib.parse import urlsplit

import streamlit as st

from core.rooms.codes import spaced
from core.rooms.follow import screen_to_show
from core.rooms.plan import entry, length_in_words, place_in, with_screen
from core.rooms.questions import plain, screen_at, settings_of_screen
from core.rooms.room import Screen, Snapshot
from core.rooms.rooms import rooms
from core.rooms.settings import CONTROLS, PLAN
from core.settings.setting import SettingError
from pages.components import state
from pages.components.links import page_link, shown_so
from pages.components.room_hook import Catalogue
from pages.components.widgets import in_link
from pages.rooms.addresses import join_address
from pages.rooms.buttons import button
from pages.rooms.control import Controlled, say_trouble, tried
from pages.rooms.lead import lead_switches, show_button
from pages.rooms.presenter import controls_switch, present_switch, presenting
from pages.rooms.visit import link_here, page_of, visit

WORKSHOP_PAGE = "pages/11_Workshop.py"


def bar(room: Controlled, here: Snapshot, page: str, catalogue: Catalogue) -> None:
    """One line above every page but the room's own."""
    plan = here.room.plan
    with st.container(horizontal=True, key="room bar", vertical_alignment="center", gap="small"):
        where_to_join(room.code)
        if plan:
            way_on(plan, page, catalogue)
        show_button(room, here, page, catalogue)
        # another name is another menu: closed, after the page is shown in another way
        name = f"room menu {presenting()} {in_link(CONTROLS)}"
        with st.popover("Room", icon=":material/more_horiz:", key=name):
            present_switch()
            controls_switch()
            lead_switches(room, here)
            add_to_plan(room, plan, page, catalogue)
            page_link(WORKSHOP_PAGE, label="To the room", settings={"room": room.code})
    say_trouble()


def where_to_join(code: str) -> None:
    """The code, and the address without its scheme."""
    address = urlsplit(join_address(st.context.url or "", code))
    st.markdown(
        f":material/groups: **{spaced(code)}** &nbsp; `{address.netloc}{address.path}`",
        width="content",
    )


def bar_of_workshop(code: str) -> None:
    """On the room's own page on a projector: what stays in sight, and the way back."""
    with st.container(horizontal=True, key="room bar", vertical_alignment="center", gap="small"):
        where_to_join(code)
        present_switch()


def way_on(plan: tuple[str, ...], page: str, catalogue: Catalogue) -> None:
    """Back and on in the plan."""
    try:
        at = place_in(plan, screen_to_show(page, link_here(), catalogue), state.ROOM_PLACE.get())
    except SettingError:
        at = None
    if at is not None:
        state.ROOM_PLACE.set(plan[at])
    before = at - 1 if at else None
    after = 0 if at is None else at + 1 if at + 1 < len(plan) else None
    where = f"{at + 1} of {len(plan)}" if at is not None else length_in_words(plan)
    for key, label, icon, index in (
        ("room go back", "Previous", ":material/arrow_back:", before),
        ("room go on", "Next", ":material/arrow_forward:", after),
    ):
        if st.button(label, key=key, icon=icon, disabled=index is None) and index is not None:
            state.ROOM_PLACE.set(plan[index])
            go_to(screen_at(plan[index]))
    st.caption(where, width="content")


def go_to(screen: Screen) -> None:
    """Open a screen, shown as this page is."""
    page = page_of(screen)
    if page is None:
        state.ROOM_TROUBLE.set(f"There is no page `{screen.page}`. Take it out of the plan.")
        st.rerun()
        return
    visit(page, {**shown_so(), **settings_of_screen(screen)})


def note_here() -> str:
    """The question of the gate that this page drew last, as a note."""
    return state.ROOM_QUESTION.get()


def add_to_plan(
    room: Controlled | None, plan: tuple[str, ...], page: str, catalogue: Catalogue
) -> None:
    """Add the screen that is shown to the plan."""
    button("Add this screen to the plan", "add to plan", add, room, plan, page, catalogue)


def add(room: Controlled | None, plan: tuple[str, ...], page: str, catalogue: Catalogue) -> None:
    """Add it as it asks: without a guess, which would answer the question that it is there for."""
    try:
        screen = screen_to_show(page, link_here(), catalogue)
        more = with_screen(plan, entry(screen, plain(note_here())))
    except SettingError as error:
        state.ROOM_TROUBLE.set(str(error))
        return
    keep_plan(room, more)


def keep_plan(room: Controlled | None, plan: tuple[str, ...]) -> None:
    """Keep a plan with the room, if there is one, and in the link of /Workshop."""
    if room:
        tried(lambda: rooms().keep_plan(room.code, room.key, plan))
    link = dict(state.link_to(WORKSHOP_PAGE).get())
    link.pop(PLAN.name, None)
    state.link_to(WORKSHOP_PAGE).set(link | ({PLAN.name: list(plan)} if plan else {}))


def prepare(page: str, catalogue: Catalogue) -> None:
    """Before there is a room: add screens to the plan that is open on /Workshop."""
    kept = state.link_to(WORKSHOP_PAGE).get().get(PLAN.name, ())
    plan = (kept,) if isinstance(kept, str) else tuple(kept)
    with st.container(horizontal=True, key="room bar", vertical_alignment="center", gap="small"):
        add_to_plan(None, plan, page, catalogue)
        st.caption(length_in_words(plan), width="content")
        page_link(WORKSHOP_PAGE, label="To the plan", settings=state.link_to(WORKSHOP_PAGE).get())
    say_trouble()
