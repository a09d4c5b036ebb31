"""The lab's widgets. Each takes its name, default, limits and help from core.lab, once."""

import pandas as pd
import streamlit as st

from core.devices import available_devices
from core.examples import numbers_to_text, text_to_numbers
from core.experiment import Experiment, run
from core.lab import LAB, lab_settings
from core.settings import SettingError, Switch, Text, Whole


@st.cache_resource(max_entries=128, show_spinner=False)
def observe(experiment: Experiment):
    """The Observation of an Experiment. It is shared between sessions, and nobody changes it."""
    return run(experiment)


def lab_controls():
    """Draw the controls; return LabSettings, or None after saying what does not fit."""
    values = {}
    variant, device, moves, view = st.columns([1.25, 1, 1.25, 0.9], gap="medium")
    with variant:
        values["buffer"] = widget("buffer", asks_anew=True)
        values["persistent"] = widget("persistent", disabled=not values["buffer"])
    with device:
        descriptions = [device.description for device in available_devices()]
        values["device"] = widget("device", asks_anew=True, captions=descriptions)
    with moves:
        values["move_model"] = widget("move_model", asks_anew=True)
        values["move_mask"] = widget("move_mask", asks_anew=True)
    with view:
        values["compare"] = widget("compare")
        values["predict"] = widget("predict")
    with section("inputs"):
        values |= input_controls()
    try:
        return lab_settings(values)
    except SettingError as error:
        st.error(f"{error} Change it above, and the lab goes on.")
        return None


def input_controls():
    values = {}
    source, sizes, seed = st.columns([2, 1, 1], gap="medium")
    with source:
        values["input"] = widget(
            "input",
            asks_anew=True,
            captions=["six tokens of the book", "your own words", "your own numbers"],
        )
        values["sentence"] = values["x"] = None
        if values["input"] == "sentence":
            values["sentence"] = widget("sentence", asks_anew=True)
            st.caption("Each word gets three numbers from a hash of the seed and the word.")
        elif values["input"] == "numbers":
            number_table()
            values["x"] = widget("x", asks_anew=True)
    with sizes:
        values["context_length"] = widget("context_length", asks_anew=True)
        values["d_out"] = widget("d_out")
        values["dropout"] = widget("dropout")
    with seed:
        values["seed"] = widget("seed")
        values["qkv_bias"] = widget("qkv_bias")
        values["weights"] = widget("weights")
    return values


def number_table():
    """A table to edit the embeddings in; what is typed goes into the text below it, and back."""
    text = st.session_state.get("x", st.session_state.get("kept x", LAB["x"].default))
    try:
        rows = text_to_numbers(LAB["x"].check(text))
    except SettingError:
        return  # the text is being edited by hand; its message stands below
    state = st.session_state.setdefault("table", {"version": 0, "text": text, "rows": rows})
    if state["text"] != text:  # the text was edited: a fresh table, without old edits on top
        state |= {"version": state["version"] + 1, "text": text, "rows": rows}
    key = f"table {state['version']}"

    def take_over():
        frame = pd.DataFrame(state["rows"])
        edits = st.session_state[key]
        for row, cells in edits["edited_rows"].items():
            for column, number in cells.items():
                frame.iloc[row, int(column[1:]) - 1] = number or 0.0
        frame = frame.drop(index=edits["deleted_rows"])
        added = [[row.get(f"x{i}") or 0.0 for i in (1, 2, 3)] for row in edits["added_rows"]]
        state["text"] = numbers_to_text([*frame.itertuples(index=False), *added])
        st.session_state["x"] = state["text"]
        forget_guess()

    st.data_editor(
        pd.DataFrame(state["rows"], columns=["x1", "x2", "x3"]),
        num_rows="dynamic",
        column_config={x: st.column_config.NumberColumn(default=0.0) for x in ("x1", "x2", "x3")},
        key=key,
        on_change=take_over,
        height=260,
        alt="The input embeddings, a row for each token; the text below holds the same numbers",
    )


def forget_guess():
    """A control that decides the outcome has changed: the old guess answers another question."""
    st.session_state["guess"] = None


def widget(name, asks_anew=False, captions=None, disabled=False):
    """The widget of the setting `name`, bound to the URL; its value outlives being hidden."""
    setting = LAB[name]
    if name not in st.session_state and f"kept {name}" in st.session_state:
        st.session_state[name] = st.session_state[f"kept {name}"]
    common = {
        "key": name,
        "help": setting.help or None,
        "bind": "query-params",
        "disabled": disabled,
        "on_change": forget_guess if asks_anew else None,
    }
    if isinstance(setting, Switch):
        value = st.toggle(setting.label, setting.default, wrap=True, **common)
    elif isinstance(setting, Whole):
        value = st.number_input(setting.label, setting.low, setting.high, setting.default, **common)
    elif isinstance(setting, Text):
        value = st.text_input(setting.label, setting.default, **common)
    elif name == "dropout":
        value = st.number_input(
            setting.label, setting.low, setting.high, setting.default, 0.1, "%.2f", **common
        )
    else:
        index = None if setting.default is None else setting.options.index(setting.default)
        value = st.radio(
            setting.label, setting.options, index, captions=captions, horizontal=True, **common
        )
    if isinstance(setting, Text):
        st.session_state[f"kept {name}"] = value
    return value


def section(name):
    """An expander whose being open is in the URL. `.open` says whether its contents are wanted."""
    setting = LAB[name]
    return st.expander(setting.label, key=name, on_change="rerun", bind="query-params")


def token_choice(name, labels):
    """Pick one of the tokens by its position in the URL (from 1); returns it counted from 0."""
    count = len(labels)
    default = min(LAB[name].default, count)
    asked = int(st.session_state.get(name) or st.query_params.get(name) or default)
    if asked > count:
        error = SettingError(name, asked, f"a token of this input, 1 to {count}")
        st.warning(f"{error} `{count}` is used instead.")
        st.session_state[name] = count
    position = st.number_input(
        f"{LAB[name].label} (1 to {count})",
        1,
        count,
        default,
        key=name,
        bind="query-params",
        width=260,
    )
    st.caption(f"Token {position} is “{labels[position - 1]}”.".replace("`", "'"))
    return position - 1
