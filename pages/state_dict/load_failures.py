"""The load-failure lab: provoke what goes wrong, read PyTorch's words, run the fix."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.charts.markdown_table import markdown_table
from core.state_dict.load_failures import LoadResult, cures, run
from core.state_dict.loading import (
    FIELDS,
    FIXES,
    PRESETS,
    LoadExperiment,
    LoadOutcome,
    fix_lines,
    fix_text,
)
from core.state_dict.reasons import load_reason, load_verdict
from core.state_dict.settings import LOADS, STATE_DICT
from core.state_dict.take_home import load_script
from core.state_dict.takeaway import load_takeaway
from pages.components import prediction, state
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import control_box, one_of, section, widget

INTRODUCTION = (
    "A **source** module gives its `state_dict`: `state = source.state_dict()`. A **target**, "
    "built separately, loads it. `strict=True` raises an error unless both have the same keys. "
    "`assign=False` copies the loaded values into the target's own tensors; `assign=True` puts "
    "the loaded tensors in their place."
)
COLOURS = {LoadOutcome.LOADS: "green", LoadOutcome.RAISES: "red", LoadOutcome.WRONG: "orange"}


@st.cache_resource(max_entries=128, show_spinner=False)
def load_and_cures(loading: LoadExperiment) -> tuple[LoadResult, tuple[str, ...]]:
    """A LoadResult and the fixes that cure it, each found by running it."""
    loaded = run(loading)
    return loaded, () if loaded.outcome is LoadOutcome.LOADS else cures(loaded)


def show_load_failures(ask: bool) -> None:
    """Source, target, what happened, and the way out; asks for a guess first if ask."""
    st.markdown(INTRODUCTION)
    loading, place = controls()
    failing = replace(loading, fix="none")
    # A link that has a fix shows it at once: whoever chose it had seen the failure.
    answered = LOADS.answered.name
    seen = answered in st.query_params or state.question_of(state.PAGE.get(), answered).known
    asks = ask and (loading.fix == "none" or seen)
    question = "What will `target.load_state_dict(…)` do, and is the target right afterwards?"
    with place:
        words = in_words(failing)
        st.markdown(words)
        if not prediction.gate(LOADS, question, failing.name, asks, context=words):
            return
        loaded, cured_by = load_and_cures(failing)
        if asks:
            prediction.show(load_verdict(prediction.guess_of(LOADS), loaded))
    show_result(loaded, explain=not asks)
    show_takeaway(load_takeaway(loaded))
    if loaded.outcome is not LoadOutcome.LOADS:
        show_fixes(failing, cured_by, loading.fix)
    if loading.fix != "none":
        show_fixed(loading)
    with section(STATE_DICT["load_code"]) as opened:
        if opened.open:
            take_home(load_script(loading), "loading")


def show_result(loaded: LoadResult, explain: bool) -> None:
    """What PyTorch said, and what the target is like; explain: say why, the verdict has not."""
    st.markdown(f":{COLOURS[loaded.outcome]}-badge[{loaded.outcome}]")
    if explain:
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


def show_fixes(failing: LoadExperiment, cured_by: Sequence[str], chosen: str) -> None:
    """The fixes that cure a failing LoadExperiment, each with its button; one may be chosen."""
    if not cured_by:
        st.info("None of the fixes here cures this one. Change the source or the target.")
        return
    st.markdown("**What repairs it.** Each of these was run just now, and worked.")
    for fix in cured_by:
        with st.container(horizontal=True, vertical_alignment="center"):
            label = "Shown below" if fix == chosen else "Run this fix"
            st.button(label, key=f"run {fix}", on_click=set_fix, args=(fix,),
                      disabled=fix == chosen)  # fmt: skip
            st.markdown(fix_text(replace(failing, fix=fix)))


def show_fixed(loading: LoadExperiment) -> None:
    """The same loading with its fix: the lines that it adds, and what came of it."""
    fixed, _ = load_and_cures(loading)
    with st.container(border=True, key="fixed"):
        st.markdown(f"**With the fix.** {fix_text(loading)}.")
        for where, lines in zip(("before", "after"), fix_lines(loading), strict=True):
            if lines:
                st.markdown(f"These lines come {where} `load_state_dict`, a part of a longer file")
                st.code(lines, wrap_lines=True)
        show_result(fixed, explain=False)
        st.button("Take the fix back", on_click=set_fix, args=("none",))


def copied_all_the_same(loaded: LoadResult) -> str:
    """What was loaded before the error was raised; Markdown."""
    names = [f"`{name}`" for name in loaded.copied_all_the_same]
    if not names:
        return "**Nothing was copied**: no key of the target was in the state with its shape."
    return (
        f"**It raised, and has still copied what matched**: {', '.join(names)}. The error comes "
        "last. If you catch it and go on, only a part of the module is loaded."
    )


def set_fix(fix: str) -> None:
    state.set_value(FIELDS["fix"], fix)


def take_preset(title: str) -> None:
    for name, setting in FIELDS.items():
        state.set_value(setting, getattr(PRESETS[title], name))


def controls() -> tuple[LoadExperiment, DeltaGenerator]:
    """The widgets of a LoadExperiment, and a place for the question, above those that few need."""
    with control_box("situations"):
        st.markdown(
            f"**Choose a situation.** Begin with the first three. Most of the other "
            f"{len(PRESETS) - 3} add `strict=False`, `assign=True`, a wrapper, or another dtype or "
            "device. *Words*, at the top, explains the names."
        )
        situations = st.container()
    place = st.container()
    values = {}
    groups = (
        ("source", "source_length", "source_dtype", "source_device", "wrapped"),
        ("target", "target_length", "target_device"),
        ("strict", "assign", "fix"),
    )
    with control_box("loading"), section(STATE_DICT["load_settings"]):
        columns = st.columns(3, gap="medium")
        for column, names in zip(columns, groups, strict=True):
            with column:
                for name in names:
                    captions = [fix.text for fix in FIXES.values()] if name == "fix" else None
                    values[name] = widget(FIELDS[name], captions)
    loading = LoadExperiment(**values)
    with situations:
        bare = replace(loading, fix="none")
        chosen = next((title for title, preset in PRESETS.items() if preset == bare), None)
        one_of("A situation", "situation", {title: title for title in PRESETS}, chosen, take_preset)
    return loading, place


def in_words(loading: LoadExperiment) -> str:
    """What is loaded into what, as Markdown: a line for the source, the target, the loading."""
    held = {
        "buffer": "a persistent buffer",
        "non-persistent": "a buffer with `persistent=False`",
        "plain": "a plain attribute",
    }
    wrapped = "" if loading.wrapped == "nothing" else f", wrapped by `{loading.wrapped}`"
    return (
        f"- **Source**: its mask is {held[loading.source]}; context length "
        f"{loading.source_length}, {loading.source_dtype}, on `{loading.source_device}`{wrapped}\n"
        f"- **Target**: its mask is {held[loading.target]}; context length "
        f"{loading.target_length}, float32, on `{loading.target_device}`\n"
        f"- **Loading**: `target.load_state_dict(state, strict={loading.strict}, "
        f"assign={loading.assign})`"
    )


def changes_table(loaded: LoadResult) -> str:
    """The target's tensors before and after; those with the same story share a row."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for change in loaded.changes:
        before, after = (f"`{place}` {dtype}" for place, dtype in (change.before, change.after))
        names.setdefault((before, after, change.holds), []).append(f"`{change.name}`")
    rows = [(", ".join(same), *cells) for cells, same in names.items()]
    return markdown_table(("target's tensor", "before", "after", "holds the source's values"), rows)
