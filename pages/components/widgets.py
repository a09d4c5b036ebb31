"""Every kind of widget, bound to the URL: name, default, limits and help come from its Setting."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from core.settings.setting import (
    Choice,
    Decimal,
    Listed,
    Setting,
    SettingError,
    Several,
    Switch,
    Text,
    Whole,
)
from pages.components import state
from pages.server.internals import take_forged


def widget(
    setting: Setting,
    captions: Sequence[str] | None = None,
    disabled: bool = False,
    on_change: Callable[[], None] | None = None,
) -> Any:
    """The widget of a Setting; returns its value. What is typed outlives its being hidden.

    captions: a line below each option of a Choice. on_change: called before the page runs again.
    """
    value = draw(setting, captions, disabled, on_change)
    for sent in take_forged(setting.name):
        error = SettingError(setting.name, sent, setting.limit)
        st.warning(f"{error} The default is used instead.")
    return value


def draw(
    setting: Setting,
    captions: Sequence[str] | None,
    disabled: bool,
    on_change: Callable[[], None] | None,
) -> Any:
    name = setting.name
    if not state.is_drawn(name) and state.typed(name).known:
        state.set_value(setting, state.typed(name).get())
    common: dict[str, Any] = {
        "key": name,
        "help": setting.help or None,
        "bind": "query-params",
        "disabled": disabled,
        "on_change": on_change,
    }
    if isinstance(setting, Switch):
        return st.toggle(setting.label, setting.default, wrap=True, **common)
    if isinstance(setting, Whole):
        return st.number_input(setting.label, setting.low, setting.high, setting.default, **common)
    if isinstance(setting, Decimal):
        return st.number_input(
            setting.label, setting.low, setting.high, setting.default, 0.1, "%.2f", **common
        )
    if isinstance(setting, Text):
        # Streamlit takes a default or a value of ours, not both
        default = {} if state.SET_BY_US.get().pop(name, False) else {"value": setting.default}
        text = st.text_input(setting.label, **default, **common)
        state.typed(name).set(text)
        return text
    if isinstance(setting, Several):
        return tuple(st.multiselect(setting.label, setting.options, placeholder="all", **common))
    if not isinstance(setting, Choice):
        raise TypeError(f"there is no widget for a {type(setting).__name__}")
    index = None if setting.default is None else setting.options.index(str(setting.default))
    if isinstance(setting, Listed):
        return st.selectbox(setting.label, setting.options, index, **common)
    return st.radio(
        setting.label, setting.options, index, captions=captions, horizontal=True, **common
    )


def in_link(setting: Setting) -> Any:
    """The value of a control that is not drawn: what the (mended) link says, or its default."""
    text = st.query_params.get(setting.name)
    return setting.default if text is None else setting.parse(text)


def put_in_link(name: str, text: str, default: object) -> None:
    """Keep what no widget binds in the link, as bound widgets do: the default is left out."""
    if text != default:
        if st.query_params.get(name) != text:
            st.query_params[name] = text
    else:
        st.query_params.pop(name, None)


def section(setting: Setting, label: str = "") -> ExpanderContainer:
    """An expander whose being open is in the URL. `.open` says whether its contents are wanted.

    label: Markdown, instead of the Setting's.
    """
    return st.expander(
        label or setting.label,
        setting.default,
        key=setting.name,
        on_change="rerun",
        bind="query-params",
    )


def one_of(
    label: str,
    key: str,
    titles: Mapping[str, str],
    chosen: str | None,
    take: Callable[[str], None],
) -> None:
    """Buttons side by side: the chosen one says so to eyes and to screen readers.

    label: what they choose, for screen readers; titles: {name: the button's text}; chosen: a name,
    or None; take: called with the name of the button that was pressed, before the page runs again.
    """
    pressed = state.Slot[str | None](key, state.nothing)

    def press() -> None:
        if name := pressed.get():
            take(name)

    pressed.set(chosen)
    st.pills(label, list(titles), required=True, format_func=titles.__getitem__, key=key,
             on_change=press, label_visibility="collapsed")  # fmt: skip


def control_box(name: str) -> DeltaGenerator:
    """A container for controls that are not all widgets of this file, such as buttons and tables.

    Where a link hides the controls, all of it goes. name: one of its own on the page.
    """
    return st.container(key=f"controls {name}")


def sections(
    catalogue: Mapping[str, Setting], panels: Mapping[str, Callable[..., None]], *args: Any
) -> None:
    """Sections of a catalogue, one below the other: panels maps their names to functions.

    A function is called with args, and only while its section is open.
    """
    for name, panel in panels.items():
        with section(catalogue[name]) as opened:
            if opened.open:
                panel(*args)


def token_asked(setting: Setting, count: int) -> tuple[int, int]:
    """(the position that stands in the control or the link, the one that is meant), from 1.

    They differ after the input's length has changed: a position that was brought back to the last
    token is meant again with a longer input, and a default stays the default.
    """
    name, default = setting.name, min(setting.default, count)
    memory = state.token_memory(name).get() or {"default": default, "wish": None}
    here = int(state.value_in_session(name) or st.query_params.get(name) or default)
    if memory["wish"] and here == memory["wish"][1]:
        return here, memory["wish"][0]
    if state.is_drawn(name) and here == memory["default"]:
        return here, default
    return here, here


def token_choice(setting: Setting, tokens: Sequence[str]) -> int:
    """Pick one of the tokens by its position in the URL (from 1); returns it counted from 0.

    A position beyond a shorter input is brought back to its last token, and returns with a longer.
    """
    name, count = setting.name, len(tokens)
    here, asked = token_asked(setting, count)
    default = min(setting.default, count)
    memory: dict[str, Any] = {"default": default, "wish": None}
    state.token_memory(name).set(memory)
    value: dict[str, Any] = {"value": default}
    if asked > count:
        error = SettingError(name, asked, f"a token of this input, 1 to {count}")
        st.warning(f"{error} `{count}` is used instead.")
        memory["wish"] = (asked, count)
    if min(asked, count) != here:
        state.set_value(setting, min(asked, count))
        value = {}  # Streamlit takes a default or a value of ours, not both
    position = st.number_input(
        f"{setting.label} (1 to {count})",
        1,
        count,
        key=name,
        bind="query-params",
        width=260,
        **value,
    )
    st.caption(f"Token {position} is “{plain(tokens[position - 1])}”.")
    return position - 1


def plain(text: str) -> str:
    """Text of a visitor's for Markdown: every character that could mean something is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
