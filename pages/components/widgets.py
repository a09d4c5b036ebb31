"""Every kind of widget, bound to the URL: name, default, limits and help come from its Setting."""

import re

import streamlit as st

from core.settings.setting import Decimal, Listed, SettingError, Several, Switch, Text, Whole


def widget(setting, asks_anew=False, captions=None, disabled=False):
    """The widget of a Setting; returns its value. What is typed outlives its being hidden.

    asks_anew: a change decides the outcome, so that the guess is forgotten; where a page asks
    more than one question, the name of the guess; or a function to call on a change.
    """
    name = setting.name
    if name not in st.session_state and f"kept {name}" in st.session_state:
        st.session_state[name] = st.session_state[f"kept {name}"]
    common = {
        "key": name,
        "help": setting.help or None,
        "bind": "query-params",
        "disabled": disabled,
    }
    if callable(asks_anew):
        common["on_change"] = asks_anew
    elif asks_anew:
        common |= {
            "on_change": forget_guess,
            "args": ("guess" if asks_anew is True else asks_anew,),
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
        text = st.text_input(setting.label, setting.default, **common)
        st.session_state[f"kept {name}"] = text
        return text
    if isinstance(setting, Several):
        return tuple(st.multiselect(setting.label, setting.options, placeholder="all", **common))
    index = None if setting.default is None else setting.options.index(setting.default)
    if isinstance(setting, Listed):
        return st.selectbox(setting.label, setting.options, index, **common)
    return st.radio(
        setting.label, setting.options, index, captions=captions, horizontal=True, **common
    )


def forget_guess(name="guess"):
    """A control that decides the outcome has changed: the old guess answers another question."""
    st.session_state[name] = None


def in_link(setting):
    """The value of a control that is not drawn: what the (mended) link says, or its default."""
    text = st.query_params.get(setting.name)
    return setting.default if text is None else setting.parse(text)


def put_in_link(name, text, default):
    """Keep what no widget binds in the link, as bound widgets do: the default is left out."""
    if text != default:
        if st.query_params.get(name) != text:
            st.query_params[name] = text
    else:
        st.query_params.pop(name, None)


def section(setting):
    """An expander whose being open is in the URL. `.open` says whether its contents are wanted."""
    return st.expander(
        setting.label, setting.default, key=setting.name, on_change="rerun", bind="query-params"
    )


def sections(catalogue, panels, *args):
    """Sections of a catalogue, one below the other: panels maps their names to functions.

    A function is called with args, and only while its section is open.
    """
    for name, panel in panels.items():
        with section(catalogue[name]) as opened:
            if opened.open:
                panel(*args)


def token_asked(setting, count):
    """(the position that stands in the control or the link, the one that is meant), from 1.

    They differ after the input's length has changed: a position that was brought back to the last
    token is meant again with a longer input, and a default stays the default.
    """
    name, default = setting.name, min(setting.default, count)
    memory = st.session_state.get(f"choice of {name}", {"default": default, "wish": None})
    here = int(st.session_state.get(name) or st.query_params.get(name) or default)
    if memory["wish"] and here == memory["wish"][1]:
        return here, memory["wish"][0]
    if name in st.session_state and here == memory["default"]:
        return here, default
    return here, here


def token_choice(setting, tokens):
    """Pick one of the tokens by its position in the URL (from 1); returns it counted from 0.

    A position beyond a shorter input is brought back to its last token, and returns with a longer.
    """
    name, count = setting.name, len(tokens)
    here, asked = token_asked(setting, count)
    default = min(setting.default, count)
    memory = st.session_state[f"choice of {name}"] = {"default": default, "wish": None}
    value = {"value": default}
    if asked > count:
        error = SettingError(name, asked, f"a token of this input, 1 to {count}")
        st.warning(f"{error} `{count}` is used instead.")
        memory["wish"] = (asked, count)
    if min(asked, count) != here:
        st.session_state[name] = min(asked, count)
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


def plain(text):
    """Text of a visitor's for Markdown: every character that could mean something is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
