"""The parts of the page that checks modules: the guess, the choice, the report, and the rest."""

import streamlit as st

from core.check.reasons import CASE, CI, COMMAND, NOT_REPORTED, PYTEST, kinds_as_markdown
from core.check.report import Report
from core.check.settings import CHECK, LEFT, MOVES, QUESTION, STAYS
from core.check.shipped import PREDICTED, TORCH, fates, script, source
from core.check.single_file import NAME, single_file
from core.check.takeaway import takeaway
from pages.check.report import draw, report_of
from pages.components import prediction, room_hook, state
from pages.components.code import download, take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, sections, widget


def predict(ask: bool) -> bool:
    """The module in question and the guesses; True once the page may show results."""
    if not ask:
        return True
    guesses, code = st.columns([1, 1.1], gap="medium")  # on a phone, Run is on the first screen
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
    show(f"**{right} of {len(lines)} right.** What happened, and why:")
    st.markdown("\n".join(lines))


def choose() -> str:
    """Which module to check."""
    st.header("Check a module", anchor=False)
    return widget(CHECK["module"])


def show(name: str, report: Report) -> None:
    """The report on a module, beside its source."""
    if source(name):
        left, right = st.columns([1, 1.35], gap="large")
        with left:
            st.markdown("**The module**, a part of the file below")
            st.code(source(name), wrap_lines=True)
        with right:
            draw(report)
    else:
        st.caption(f"{name} is {TORCH}.")
        draw(report)
    show_takeaway(takeaway(report))
    with section(CHECK["code"]) as opened:
        if opened.open:
            take_home(script(name), "check")


def more() -> None:
    """What is looked for, and how to run it at home."""
    sections(CHECK, {"kinds": _kinds, "home": _at_home})


def _kinds() -> None:
    st.markdown(kinds_as_markdown())
    st.markdown(
        "A finding is reported when a run shows it and a repair was tried. Not reported, since it "
        "would be noise:\n\n" + "\n".join(f"- {what}" for what in NOT_REPORTED)
    )


def _at_home() -> None:
    st.markdown(
        "Your code never runs on this server. **One file** does it on your machine: it holds the "
        "checks and the simulated device, and needs only PyTorch."
    )
    download(f"Download {NAME}", single_file(), NAME, "text/x-python")
    st.markdown("Write a function that says what to check:")
    st.code(CASE, wrap_lines=True)
    st.markdown(
        "Then name it. A report is printed; the exit code is 1 with an error, 2 where nothing "
        "could be checked. `--json` prints JSON, `--seconds` and `--gigabytes` are limits:"
    )
    st.code(COMMAND, language="bash", wrap_lines=True)
    st.markdown("The same as a test for pytest:")
    st.code(PYTEST, wrap_lines=True)
    st.markdown("The same as steps in CI, without a GPU:")
    st.code(CI, language="yaml", wrap_lines=True)
