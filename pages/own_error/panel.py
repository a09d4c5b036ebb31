"""Paste an error, or take an example: the kind, what it says, why, how to fix it, one like it."""

import streamlit as st

from core.cases.catalogue import for_message
from core.charts.markdown_table import markdown_table
from core.lessons import lesson
from core.own_error.catalogue import KINDS
from core.own_error.kind import Cause, Kind
from core.own_error.observe import observe, script, shown
from core.own_error.read import Reading, read
from core.own_error.settings import CAUSE, OWN_ERROR, PASTED_LIMIT, SCENES, cause_verdict
from core.own_error.takeaway import takeaway
from pages.components.code import DEVICE_NOTE, take_home
from pages.components.links import page_link
from pages.components.prediction import gate, guess_of
from pages.components.prediction import show as show_verdict
from pages.components.takeaway import show_takeaway
from pages.components.widgets import plain, section, widget


def show() -> None:
    """The box for the text, the examples, and what one of the two means."""
    st.markdown(
        "Paste the message of your error, if you can with the whole traceback. This page looks for "
        f"known messages in it, of {len(KINDS)} kinds, and never runs any of it. Your text goes to "
        "this server only and is forgotten when you close the page. It is **not in the link**, "
        "because a traceback can contain private names."
    )
    pasted = st.text_area(
        "The error", key="pasted error", max_chars=PASTED_LIMIT, height=150,
        placeholder="RuntimeError: Expected all tensors to be on the same device, but …",
    )  # fmt: skip
    scene = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Read it", type="primary")
        if not pasted.strip():
            with st.container(width=300):
                scene = widget(OWN_ERROR["example"])
        else:
            st.caption("To choose an example instead, empty the box above.")
    if pasted.strip():
        explain(read(pasted), pasted=True)
    elif scene:
        example(scene)


def example(scene: str) -> None:
    """An error that is raised now; asks for its cause first."""
    ask = widget(OWN_ERROR["predict"])
    kind = KINDS[SCENES[scene]]
    text = observe(kind.slug).fails
    st.markdown("**The error**, raised just now")
    # without the frames: the example's name would give the answer away
    lines = [line.strip() for line in text.split("\n") if not line.startswith("  File ")]
    error = "\n".join(lines) or "This example raises no error on this machine."
    st.code(error, language=None, wrap_lines=True)
    question = "What is the cause of this error?"
    if not gate(CAUSE, question, scene.replace(" ", "-"), ask, code=error):
        return
    if ask:
        show_verdict(cause_verdict(guess_of(CAUSE), kind))
    explain(read(text))


def explain(reading: Reading, pasted: bool = False) -> None:
    """What was read in a text; beside it an error of its kind, if it was pasted."""
    if reading.cut:
        st.caption(f"The text is too long: {reading.cut:,} characters in its middle were left out.")
    if reading.kind is None:
        unknown(reading)
        return
    kind = reading.kind
    st.header(kind.title, anchor=False)
    st.markdown(f":blue-badge[{kind.cause}]")
    rows = [(label, plain(value)) for label, value in reading.facts]
    if reading.where:
        rows.append(("Raised in your line" if pasted else "Raised in", plain(reading.where)))
    if rows:
        st.markdown(markdown_table(("From the message", "Value"), rows))
    if reading.in_backward:
        st.markdown(
            "The fault is **not** in this line: `backward` only meets what an earlier line did. "
            "Look for that line in the code that ran before."
        )
    st.markdown(f"**Why.** {kind.why}")
    st.markdown(f"**How to fix it.** {kind.fix}")
    show_takeaway(takeaway(kind))
    if kind.fails:
        one_like_it(kind, reading.recognised if pasted else "")
    else:
        st.caption("An example of this error needs two processes: the case below runs them.")
    elsewhere(kind)
    for other in reading.also:
        st.markdown(f"The text also contains another error. **{other.title}.** {other.fix}")
    if kind.fails:
        with section(OWN_ERROR["home"]) as opened:
            if opened.open:
                take_home(script(kind.slug), "own-error")


def unknown(reading: Reading) -> None:
    """No kind fits: say so, and what to look at."""
    st.warning(
        f"This is not one of the {len(KINDS)} kinds of error that this page knows. It knows errors "
        "about the tensors that a module holds: on another device, of another dtype, or not as "
        "the file has them. It knows nothing about memory, or about the shapes of your data."
    )
    if reading.where:
        st.markdown(f"Raised in your line: {plain(reading.where)}")
    if reading.broken_off:
        st.markdown(
            "The **last line** of the traceback is missing in your text. It has the error's type "
            "and message: paste it too."
        )
    st.markdown("**The kinds of error that this page knows**")
    of_cause = ((c, [kind.title for kind in KINDS.values() if kind.cause == c]) for c in Cause)
    st.markdown("\n".join(f"- **{cause}**: {'; '.join(titles)}" for cause, titles in of_cause))
    there = lesson("pages/7_Check_your_module.py")
    page_link(there.page, label=f"Or have a module checked: {there.title}", icon=there.icon)


def one_like_it(kind: Kind, yours: str) -> None:
    """The kind's smallest example and its corrected form, side by side, with what came out.

    yours: the recognised words of a pasted text, to stand beside those that are raised here.
    """
    seen = observe(kind.slug)
    if yours and seen.fails:
        here = read(seen.fails).recognised
        for title, words, column in zip(
            ("Your message", "The same kind of error, raised here just now"),
            (yours, here),
            st.columns(2, gap="medium"),
            strict=True,
        ):
            with column:
                st.markdown(f"**{title}**")
                st.code(words, language=None, wrap_lines=True)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True):
        st.markdown("**The smallest example**, a part of a longer file")
        st.code(shown(kind.slug), wrap_lines=True)
        st.markdown(f":red-badge[{'raises' if seen.fails else 'runs here without an error'}]")
        if seen.fails:
            st.code(seen.fails, language=None, wrap_lines=True)
    with right.container(border=True):
        st.markdown("**The same, corrected**, a part of a longer file")
        st.code(shown(kind.slug, works=True), wrap_lines=True)
        st.markdown(f":green-badge[{'raises' if seen.works else 'runs without an error'}]")
        if seen.works:
            st.code(seen.works, language=None, wrap_lines=True)
    if "register()" in shown(kind.slug):
        st.caption(DEVICE_NOTE)


def elsewhere(kind: Kind) -> None:
    """The experiment with such settings, and cases with such an error."""
    there = lesson(kind.page)
    st.markdown("**Try it yourself**")
    page_link(
        there.page,
        label=f"To the experiment: {there.title}",
        icon=there.icon,
        settings=kind.link,
    )
    cases = for_message(observe(kind.slug).fails) if kind.fails else ()
    for case in cases[:3]:
        if ("case", case.slug) not in kind.link:
            label = f"A case: **{case.title}**"
            page = "pages/6_Failure_cases.py"
            page_link(page, label=label, settings={"case": case.slug})
