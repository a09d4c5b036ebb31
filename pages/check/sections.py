"""The parts of the page that checks modules: the guess, the choice, the report, and the rest."""

import streamlit as st

from core.check.reasons import CASE, CI, COMMAND, LINES, NOT_REPORTED, PYTEST, kinds_as_markdown
from core.check.report import Report
from core.check.settings import CHECK, LEFT, MOVES, QUESTION, STAYS
from core.check.shipped import PREDICTED, TORCH, fates, script, source
from core.check.single_file import NAME, single_file
from core.check.takeaway import takeaway
from pages.check.report import draw, report_of
from pages.components import prediction, room_hook, state
from pages.components.code import beside_code, download, take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, sections, widget


def predict(ask: bool) -> bool:
    """The module in question and the guesses; True once the page may show results."""
    if not ask:
        return True
    guesses, code = beside_code(1, 1.1)
    with code:
        st.code(source(PREDICTED), wrap_lines=True)
    with guesses:
        answered = prediction.gate(LEFT, QUESTION, "", ask, code=source(PREDICTED))
    if not answered:
        return False
    report = report_of(PREDICTED)
    if report is None:
        return False
    _verdict(report)
    return True


def _verdict(report: Report) -> None:
    lines, right = [], 0
    for fate, guess in zip(fates(report), LEFT.guesses, strict=True):
        said, happened = state.value_of(guess), STAYS if fate.left_behind else MOVES
        right += said == happened
        room_hook.host().happened(guess.name, happened, fate.reason)
        who = room_hook.host().who_said(guess.name, said)
        hit = said == happened
        badge = "green-badge[:material/check:" if hit else "orange-badge[:material/close:"
        lines.append(
            f"- `{guess.label}`, {fate.held}: **{happened}**. :{badge} {who}: {said}] {fate.reason}"
        )
    show = st.success if right == len(lines) else st.warning
    show(f"**{right} of {len(lines)} right.** What happened, and why:\n\n" + "\n".join(lines))


def choose(answered: bool) -> str:
    """Which module to check; before the guess it stands there, and waits."""
    return widget(CHECK["module"], disabled=not answered)


def show(name: str, report: Report, ask: bool) -> None:
    """The report on a module, beside its source where that is not beside the guesses already."""
    if source(name) and not (ask and name == PREDICTED):
        left, right = st.columns([1, 1.35], gap="large")
        with left:
            st.markdown("**The module**, a part of a longer file")
            st.code(source(name), wrap_lines=True)
        with right:
            draw(report, name)
    else:
        if not source(name):
            st.caption(f"{name} is {TORCH}.")
        draw(report, name)
    show_takeaway(takeaway(report))
    with section(CHECK["code"]) as opened:
        if opened.open:
            take_home(script(name), "check")


def more() -> None:
    """Which faults are looked for, and further ways to check a module of one's own."""
    sections(CHECK, {"kinds": _kinds, "home": _other_ways})


def _kinds() -> None:
    st.markdown(kinds_as_markdown())
    st.markdown(
        "**Error**: the module fails or loses state where PyTorch says that it works. **Warning**: "
        "it works, but slowly, or it fails after a cast or after another way of loading. "
        "**Information**: nothing is wrong. A fault is reported only if a run shows it. Not "
        "reported, because they do no harm:\n\n" + "\n".join(f"- {what}" for what in NOT_REPORTED)
    )


def at_home() -> None:
    """How to check a module of one's own: one file and three lines."""
    left, right = st.columns([1, 1.1], gap="medium", vertical_alignment="center")
    with left:
        st.markdown(
            "**To check your own module, download one file and run three lines beside your code**; "
            "here you can try it on examples. Each fault is proven: a run with the fault, and the "
            "same run without it."
        )
        download(f"Download {NAME}", single_file(), NAME, "text/x-python")
    right.code(LINES, wrap_lines=True)


def _other_ways() -> None:
    st.markdown("**In the terminal.** Write a function that returns what to check:")
    st.code(CASE, wrap_lines=True)
    st.markdown(
        "Give its name to the command. It prints the report. The exit code is 0 without an error, "
        "1 with an error, and 2 if nothing could be checked. `--json` prints JSON; `--seconds` and "
        "`--gigabytes` set limits."
    )
    st.code(COMMAND, language="bash", wrap_lines=True)
    st.markdown("**As a test** for pytest:")
    st.code(PYTEST, wrap_lines=True)
    st.markdown("**In CI**, without a GPU:")
    st.code(CI, language="yaml", wrap_lines=True)
