"""The instructor's page: open a room, show how to join, run its question, end it, take it home."""

from urllib.parse import urlencode

import streamlit as st

from core.lessons import LESSONS, lesson_at
from core.rooms.codes import read_code, spaced
from core.rooms.questions import settings_of_screen
from core.rooms.room import ENDED, LOBBY, REVEALED, Asking, NoRoom, Screen, Snapshot
from core.rooms.rooms import rooms
from core.rooms.settings import PLAN, WORKSHOP
from core.rooms.summary import as_csv, as_markdown
from core.settings.setting import shorten
from pages.components import state
from pages.components.code import download
from pages.components.links import page_link
from pages.components.widgets import in_link, plain, section
from pages.rooms.addresses import join_address, join_path, key_path, server_addresses
from pages.rooms.bar import bar_of_workshop
from pages.rooms.buttons import button, round_buttons
from pages.rooms.control import Controlled, controlled, live_rooms, say_trouble, tried
from pages.rooms.live import answers
from pages.rooms.opening import open_button
from pages.rooms.plan import plan_of, plan_section
from pages.rooms.presenter import present_switch, presenting
from pages.rooms.visit import link_here

INTRO = (
    "A room lets everybody in a workshop predict before an experiment runs. Learners join with a "
    "code on their phones: no account, no name. You put a question of any lesson to them, see how "
    "many have answered, close it, and reveal what happens on the screen that it was about."
)


def workshop() -> None:
    """The page without a room, or the room that the link names."""
    asked = in_link(WORKSHOP["room"])
    code = read_code(asked) if asked else None
    if asked and code is None:
        st.warning(f"{shorten(asked)} is no code of a room: a code has 6 letters and digits.")
    if code is None:
        return lobby()
    room = controlled(code)
    if room is None:
        return stranger(code)
    state.ROOM_CODE.set(code)
    return run_room(room)


def lobby() -> None:
    """How it goes, a button to open a room, the rooms that are open, and the plan."""
    if deleted := state.ROOM_DELETED.take():
        st.success(f"Room {spaced(deleted)} and all its answers are deleted.")
    st.markdown(INTRO)
    networks()
    open_button()
    say_trouble()
    here, plan = live_rooms(), plan_of(None, ())
    if here:
        st.markdown("**Your rooms that are open**")
        for one in here:
            page_link(
                "pages/11_Workshop.py",
                label=f"Back to room {spaced(one.room.code)}",
                icon=":material/groups:",
                settings={"room": one.room.code, PLAN.name: list(plan)},
            )
    address = f"{server_addresses(st.context.url or '')[0]}/r"
    st.markdown(f"Learners open [{address}]({address}) and type the room's code.")
    plan_section(None, plan)


def networks() -> None:
    """Where the machine is in several networks: which one the phones are told of."""
    first, *others = server_addresses(st.context.url or "")
    if others:
        query = urlencode(link_here(), True)
        page = "/Workshop" + (f"?{query}" if query else "")
        links = ", ".join(f"[{address}]({address}{page})" for address in others)
        st.markdown(
            f"Phones will be told the address {first}. If they are in another network of this "
            f"machine, open this page by its address first: {links}."
        )


def stranger(code: str) -> None:
    """A link to a room that this browser has no key of."""
    try:
        rooms().read(code)
    except NoRoom as error:
        st.warning(f"{error} Open a new one:")
        open_button()
        return
    st.info(
        f"This browser does not control room {spaced(code)}. To answer as a learner, "
        f"[join it]({join_path(code)}). Whoever opened it can take it to this device with the "
        "secret link."
    )


def run_room(room: Controlled) -> None:
    """Everything about a room of one's own."""
    here = room.read()
    if presenting():
        bar_of_workshop(room.code)
    say_trouble()
    if here.room.phase == ENDED:
        st.success("This room has ended. Its summary can be had for an hour, then it is deleted.")
        summary(room)
        delete_button(room)
        open_button()
        return
    plan = plan_of(room, here.room.plan)
    left, right = st.columns([1, 1.4], gap="large")
    with left:
        how_to_join(room)
    with right:
        question(room, here)
        if here.room.phase == LOBBY:
            where_to_ask()
    plan_section(room, plan)
    with section(WORKSHOP["summary"]) as opened:
        if opened.open:
            summary(room)
    end_of_room(room)


def how_to_join(room: Controlled) -> None:
    """The code in large type, the address as text, and the picture of it."""
    address = join_address(st.context.url or "", room.code)
    path = join_path(room.code)
    # to be read from the last row
    size = "min(100%, 52vh)" if presenting() else "max(13.75rem, 32vh)"
    st.html(
        f'<p class="room-code" style="font-size:3.2rem;font-weight:700;letter-spacing:0.08em;'
        f'line-height:1.1;margin:0;white-space:nowrap">{spaced(room.code)}</p>'
        f'<p style="font-size:1.25rem;margin:0.5rem 0;overflow-wrap:anywhere">{address}</p>'
        f'<img src="{path}/qr.svg" alt="QR code of {address}" class="room-picture" '
        f'style="background:#fff;width:{size};aspect-ratio:1">'
    )


def question(room: Controlled, here: Snapshot) -> None:
    """The present question, its answers, and what can be done with it."""
    st.header("The question", anchor=False)
    asking = here.room.asking
    if asking is None:
        st.markdown("No question is open.")
    else:
        present(room, here, asking)
    st.toggle(
        "Show the chart while the question is open",
        here.room.show_counts,
        key=f"room chart {room.code}",
        help="People follow the crowd: off, the chart is shown once the question is closed.",
        on_change=show_chart,
        args=(room, not here.room.show_counts),
    )


def present(room: Controlled, here: Snapshot, asking: Asking) -> None:
    """A question that was asked: which, how it stands, and its buttons."""
    round = f" Round {asking.round}." if asking.round > 1 else ""
    st.markdown(f"**{plain_but_code(asking.question.prompt)}**{round}")
    answers(here, key="room answers here")
    with st.container(horizontal=True, gap="small"):
        round_buttons(room, here.room.phase, "here")
        button("Take it off the phones", "off here", room.do, rooms().to_lobby)
    to_screen(asking.question.screen)
    if here.room.phase != REVEALED:
        st.caption("*Reveal* is on that screen: the experiment runs there before everybody.")


def plain_but_code(text: str) -> str:
    """Text of a question as Markdown in which only back quotes mean something."""
    parts = text.split("`")
    return "`".join(part if index % 2 else plain(part) for index, part in enumerate(parts))


def show_chart(room: Controlled, show: bool) -> None:
    tried(lambda: rooms().show_counts(room.code, room.key, show))


def to_screen(screen: Screen) -> None:
    """A link to a screen, by its lesson's title."""
    if lesson := lesson_at(screen.page):
        page_link(
            lesson.page,
            label=f"To the screen: {lesson.title}",
            icon=lesson.icon,
            settings=settings_of_screen(screen),
        )


def where_to_ask() -> None:
    """The lessons, whose gates ask the room."""
    st.markdown("Open a lesson. Every prediction there has the button *Ask the room*.")
    with st.container(horizontal=True):
        for lesson in LESSONS[1:]:
            if lesson.kind == "lesson":
                page_link(lesson.page, label=lesson.title, icon=lesson.icon)


def summary(room: Controlled) -> None:
    """The counts of every question, to look at and to take home."""
    results = room.results()
    text = as_markdown(results)
    st.markdown(text.partition("\n")[2])
    with st.container(horizontal=True):
        download("Summary (.csv)", as_csv(results), "workshop.csv", "text/csv")
        download("Summary (.md)", text, "workshop.md", "text/markdown")


def end_of_room(room: Controlled) -> None:
    """The secret link on demand, and the end."""
    with st.container(horizontal=True, gap="small"):
        if not presenting():
            present_switch()
        with st.popover("Take this room to another device", icon=":material/key:"):
            st.warning(
                "Whoever has this link controls the room. Take the picture off the projector, or "
                "blank it, before you show the link."
            )
            if st.toggle("Show the secret link", key="room secret"):
                address = join_address(st.context.url or "", room.code)
                origin = address.removesuffix(join_path(room.code))
                st.code(origin + key_path(room.code, room.key), language=None, wrap_lines=True)
        with st.popover("End the room", icon=":material/logout:"):
            st.markdown("Learners' pages say that it has ended. This cannot be undone.")
            button("End it now", "end", room.do, rooms().end, primary=True)
        delete_button(room)


def delete_button(room: Controlled) -> None:
    """Delete the room at once, after a second look."""
    with st.popover("Delete the room and all answers", icon=":material/delete:"):
        st.markdown(
            "Its questions and all answers are deleted at once, and the summary with them. "
            "Download that first if you want it. This cannot be undone."
        )
        button("Delete it now", "delete", delete, room, primary=True)


def delete(room: Controlled) -> None:
    """Delete the room, and go back to the page without one."""
    if tried(lambda: rooms().delete(room.code, room.key)):
        state.ROOM_DELETED.set(room.code)
        st.query_params.pop(WORKSHOP["room"].name, None)
