"""The load-failure lab: provoke what goes wrong, read PyTorch's words, run the fix."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.charts.markdown_table import markdown_table
from core.state_dict.fixes import FIXES
from core.state_dict.load_failures import (
    FIELDS,
    PRESETS,
    LoadExperiment,
    LoadOutcome,
    LoadResult,
    cures,
    run,
)
from core.state_dict.reasons import load_reason, load_verdict
from core.state_dict.settings import LOADS, STATE_DICT
from core.state_dict.take_home import load_script
from core.state_dict.takeaway import load_takeaway
from pages.components import prediction, state
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, widget

COLOURS = {LoadOutcome.LOADS: "green", LoadOutcome.RAISES: "red", LoadOutcome.WRONG: "orange"}


@st.cache_resource(max_entries=128, show_spinner=False)
def load_and_cures(loading: LoadExperiment) -> tuple[LoadResult, tuple[str, ...]]:
    """A LoadResult and the fixes that cure it, each found by running it."""
    loaded = run(loading)
    return loaded, () if loaded.outcome is LoadOutcome.LOADS else cures(loaded)


def show_load_failures(ask: bool) -> None:
    """Source, target, what happened, and the way out; asks for a guess first if ask."""
    loading, place = controls()
    # A fix is run at once: whoever clicks it has seen the failure.
    question = "What will `target.load_state_dict(state)` do, and is the target right afterwards?"
    asks = ask and loading.fix == "none"
    with place:
        st.markdown(in_words(loading))
        answered = prediction.gate(LOADS, question, loading.name, asks)
    if not answered:
        return
    loaded, cured_by = load_and_cures(loading)
    good = loaded.outcome is LoadOutcome.LOADS
    colour = COLOURS[loaded.outcome]
    if asks:
        prediction.show(load_verdict(prediction.guess_of(LOADS), loaded))
    st.markdown(f":{colour}-badge[{loaded.outcome}]")
    if not asks:
        st.markdown(load_reason(loaded))
    st.markdown("**What PyTorch said**")
    st.code(loaded.message, language=None, wrap_lines=True)
    for warning in loaded.warnings:
        st.code(f"UserWarning: {warning}", language=None, wrap_lines=True)
    if loaded.raised:
        st.markdown(copied_all_the_same(loaded))
    if loaded.faults:
        st.markdown("**What is wrong all the same**")
        for fault in loaded.faults:
            st.markdown(f"- {fault}")
    st.markdown(changes_table(loaded))
    show_takeaway(load_takeaway(loaded))
    if not good:
        st.markdown("**Fixes that cure it**, each of them run before it stands here")
        for fix in cured_by:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button("Run this fix", key=f"run {fix}", on_click=set_fix, args=(fix,),
                          type="primary")  # fmt: skip
                st.markdown(FIXES[fix][0])
        if not cured_by:
            st.info("None of the fixes here cures this one. Change the source or the target.")
    take_home(load_script(loading), "loading")


def copied_all_the_same(loaded: LoadResult) -> str:
    """What was loaded before the error was raised; Markdown."""
    names = [f"`{name}`" for name in loaded.copied_all_the_same]
    if not names:
        return "**Nothing was copied**: no key of the target was in the state with its shape."
    return (
        f"**It raised, and has still copied what matched**: {', '.join(names)}. The error comes "
        "last. Whoever catches it and goes on has a module that is loaded in part."
    )


def set_fix(fix: str) -> None:
    state.set_value(FIELDS["fix"], fix)


def take_preset(preset: LoadExperiment) -> None:
    for name, setting in FIELDS.items():
        state.set_value(setting, getattr(preset, name))


def controls() -> tuple[LoadExperiment, DeltaGenerator]:
    """The widgets of a LoadExperiment, and a place for the question, above those that few need."""
    st.markdown("**Failures to start from**")
    with st.container(horizontal=True, gap="small"):
        for title, preset in PRESETS.items():
            st.button(title, key=f"preset {title}", on_click=take_preset, args=(preset,))
    place = st.container()
    values = {}
    groups = (
        ("source", "source_length", "source_dtype", "source_device", "wrapped"),
        ("target", "target_length", "target_device"),
        ("strict", "assign", "fix"),
    )
    with section(STATE_DICT["load_settings"]):
        columns = st.columns(3, gap="medium")
        for column, names in zip(columns, groups, strict=True):
            with column:
                for name in names:
                    values[name] = widget(FIELDS[name])
    return LoadExperiment(**values), place


def in_words(loading: LoadExperiment) -> str:
    """What is loaded into what, in a line of Markdown."""
    wrapped = "" if loading.wrapped == "nothing" else f", wrapped by `{loading.wrapped}`"
    fix = "" if loading.fix == "none" else f", fix `{loading.fix}`"
    return (
        f"**Source**: mask as {loading.source}, context length {loading.source_length}, "
        f"{loading.source_dtype} on `{loading.source_device}`{wrapped}. **Target**: mask as "
        f"{loading.target}, context length {loading.target_length}, on "
        f"`{loading.target_device}`. `strict={loading.strict}`, `assign={loading.assign}`{fix}."
    )


def changes_table(loaded: LoadResult) -> str:
    rows = []
    for change in loaded.changes:
        before, after = (f"`{place}` {dtype}" for place, dtype in (change.before, change.after))
        rows.append((f"`{change.name}`", before, after, change.holds))
    return markdown_table(("target's tensor", "before", "after", "holds the source's values"), rows)
