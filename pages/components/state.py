"""What a visitor's session remembers: every name of it stands here, with its type.

A Slot is one thing that is remembered. The values of widgets are in the session too, under the name
of their Setting: `value_of`, `set_value` and `forget` read and write those. No other file of ours
touches `st.session_state`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.settings.setting import Setting
from pages.server.internals import unbind_parameters

T = TypeVar("T")


@dataclass(frozen=True)
class Slot(Generic[T]):
    """One thing that a session remembers: its key, and what it is as long as nothing was put in."""

    key: str
    default: Callable[[], T]

    @property
    def known(self) -> bool:
        """Whether something was put in."""
        return self.key in st.session_state

    def get(self) -> T:
        """What was put in last, or else the default, which is then kept."""
        if self.key not in st.session_state:
            st.session_state[self.key] = self.default()
        return st.session_state[self.key]

    def set(self, value: T) -> None:
        st.session_state[self.key] = value

    def take(self) -> T:
        """What get gives; afterwards nothing is kept."""
        value = self.get()
        del st.session_state[self.key]
        return value


def nothing() -> None:
    """The default of a Slot that holds nothing at first."""


# --------------------------------------------------------------------------- the frame

PAGE: Slot[str | None] = Slot("page", nothing)  # the page that the visitor is on


def link_to(page: str) -> Slot[dict[str, Any]]:
    """The parameters of a page's last link, so that the navigation leads back to its screen."""
    return Slot(f"link to {page}", dict)


def complaints_of(page: str) -> Slot[list[str]]:
    """What was wrong with the link by which a page was opened, in sentences."""
    return Slot(f"complaints of {page}", list)


def question_of(page: str | None, answered: str) -> Slot[str | None]:
    """What a page's Prediction asked about when it was drawn last."""
    return Slot(f"question {answered} of {page}", nothing)


def pressed_on(page: str) -> Slot[set[tuple[str, str]]]:
    """The questions of a page that were run in this session: (name, what it was about)."""
    return Slot(f"pressed on {page}", set)


def answered_on(page: str) -> Slot[set[tuple[str, str]]]:
    """The questions of a page that were answered in this session: (name, what it was about)."""
    return Slot(f"answered on {page}", set)


# --------------------------------------------------------------------------- widgets


def typed(name: str) -> Slot[str | None]:
    """The text that was typed into a text box, which outlives its being hidden."""
    return Slot(f"kept {name}", nothing)


SET_BY_US: Slot[dict[str, bool]] = Slot("set by us", dict)


def token_memory(name: str) -> Slot[dict[str, Any]]:
    """Of a choice of a token: its default, and the position that an input was too short for."""
    return Slot(f"choice of {name}", dict)


WORK_PREFIX = "work: "


def work_at(place: str) -> Slot[dict[str, Any]]:
    """The job of a worker that a place on the page shows."""
    return Slot(WORK_PREFIX + place, dict)


def places_of_work() -> list[str]:
    """The places that show a job of a worker."""
    names = (str(name) for name in st.session_state)
    return [name.removeprefix(WORK_PREFIX) for name in names if name.startswith(WORK_PREFIX)]


@dataclass
class EditedTable:
    """A table beside a text box: its key, the text as it is now, the rows as they were drawn."""

    version: int = 0
    key: str = ""
    text: str = ""
    rows: Any = None


def edited_table(name: str) -> Slot[EditedTable]:
    """The table of that name that is drawn now."""
    return Slot(f"edited {name}", EditedTable)


# --------------------------------------------------------------------------- the lessons

LAST_OBSERVATION: Slot[Any] = Slot("seen", nothing)  # of the lab, while a worker looks elsewhere
INPUTS_WERE_OPEN: Slot[bool] = Slot("inputs were open", bool)
COST_ATTEMPT: Slot[int] = Slot("cost attempt", int)  # how often "Measure again" was pressed
STORY_GUESSES: Slot[dict[str, str]] = Slot("guesses at stories", dict)  # by the timeline's name
STEPS_BOX: Slot[int] = Slot("steps box", int)  # the number of the timeline's text box
STEPS_TEXT: Slot[str | None] = Slot("built", nothing)  # the timeline's steps, as text
STEPS_CLICKED: Slot[bool] = Slot("clicked", bool)  # whether a click changed them last
FILES_READ: Slot[dict[Any, Any]] = Slot("files read", dict)  # of uploads: what came of reading
QUIZ_SCORE: Slot[dict[str, dict[str, bool]]] = Slot("quiz score", dict)  # row: {column: right}
QUIZ_FIRST: Slot[dict[str, dict[str, str | None]]] = Slot("quiz first", dict)  # first answers
CASE_SHOWN: Slot[str | None] = Slot("case that was shown", nothing)
CASE_SEARCH: Slot[tuple[str, tuple[str, ...]]] = Slot("search for cases", lambda: ("", ()))


# --------------------------------------------------------------------------- a workshop's room

ROOM_CODE: Slot[str] = Slot("room of this session", str)  # the room that this visitor controls
ROOM_GATE: Slot[Any] = Slot("gate that is open", nothing)  # the one whose outcome is drawn next
ROOM_REVEALS: Slot[str] = Slot("question that is revealed", str)  # its id, once asked to reveal
ROOM_QUESTION: Slot[str] = Slot("question of a page's first gate", str)
ROOM_FILE: Slot[str] = Slot("plan file that was read", str)  # its id
ROOM_GATE_TROUBLE: Slot[str] = Slot("what cannot be done at a gate", str)
# page, link and tries, until the page is there
ON_THE_WAY: Slot[tuple[str, dict[str, Any], int] | None] = Slot("where a visit leads", nothing)
ROOM_WENT: Slot[str] = Slot("screen that was followed", str)  # its link
ROOM_PLACE: Slot[str] = Slot("screen of the plan", str)  # where one is in it, as it has it
ROOM_OWN: Slot[dict[str, dict[str, list[str]]]] = Slot("own guesses of screens", dict)  # by link
ROOM_DELETED: Slot[str] = Slot("room that was deleted", str)  # its code, until that is said
ROOM_TROUBLE: Slot[str] = Slot("what a room refused", str)


# --------------------------------------------------------------------------- values of widgets


def is_drawn(name: str) -> bool:
    """Whether the session knows a widget of that name."""
    return name in st.session_state


def value_of(setting: Setting) -> Any:
    """The value of a Setting's widget, or its default where there is none."""
    return st.session_state.get(setting.name, setting.default)


def value_in_session(name: str) -> Any:
    """The value of the widget of that name, or None where there is none."""
    return st.session_state.get(name)


def set_value(setting: Setting, value: Any) -> None:
    """Give a Setting's widget another value; before it is drawn, or in a callback."""
    SET_BY_US.get()[setting.name] = True
    st.session_state[setting.name] = value


def forget(setting: Setting) -> None:
    """Take the guess back: it answers another question."""
    st.session_state[setting.name] = None


def unbind_link() -> None:
    """Give back the names in the link that this page's widgets have: another page comes."""
    context = get_script_run_ctx()
    if context:
        with context.session_state.query_params() as parameters:
            unbind_parameters(parameters)


def edits_of(key: str) -> Mapping[str, Any]:
    """What was edited or selected in the table of that key."""
    return st.session_state[key]


def leave_behind(names: set[str]) -> None:
    """Forget the values of widgets: they belong to the page that the visitor came from."""
    for name in names & {str(key) for key in st.session_state}:
        del st.session_state[name]
