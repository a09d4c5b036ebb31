"""Code to read, to copy and to take home."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.code.files import as_notebook, as_script
from core.code.script import Script

LONG_LINES = 60  # lines; longer code scrolls in its box, and says so
DEVICE_NOTE = (  # below code with `register()`, a part of a longer file
    "With a GPU, the code uses `cuda`. Without one, `register()` makes `sim`, a simulated device; "
    "its source is in the longer file."
)


def take_home(script: Script, name: str, csv: str | None = None) -> None:
    """A Script to read and to take home: the experiment first, then all of it, folded away.

    All of it is one text to copy, a file and a notebook to download; csv is one more file. The text
    comes when it is unfolded: its colours are 14,000 elements, with which each click is slower.
    """
    parts = script.parts()
    text = as_script(parts)
    if len(parts) == 1:
        st.markdown(f"**{parts[0].title}**, which runs as pasted wherever PyTorch is installed")
        st.code(parts[0].text, wrap_lines=True)
    else:
        for part in parts:
            if part.shown_first:
                lines = part.text.count("\n")
                long = lines > LONG_LINES
                more = f"; {lines} lines, scroll in the box" if long else ""
                st.markdown(f"**{part.title}**, a part of a longer file{more}")
                st.code(part.text, wrap_lines=True, height=420 if long else "content")
        key = f"all of {name}"
        with st.expander("What it needs, all in one file", key=key, on_change="rerun") as opened:
            if opened.open:
                st.markdown(
                    "**All of it**, which runs as pasted wherever PyTorch is installed: "
                    f"{text.count(chr(10)):,} lines; scroll in the box"
                )
                st.code(text, wrap_lines=True, height=420)
    files = [
        ("Script (.py)", text, f"{name}.py", "text/x-python"),
        ("Notebook (.ipynb)", as_notebook(parts), f"{name}.ipynb", "application/x-ipynb+json"),
    ]
    if csv:
        files.append(("Values (.csv)", csv, f"{name}.csv", "text/csv"))
    with st.container(horizontal=True):
        for label, data, file, mime in files:
            download(label, data, file, mime)


def download(label: str, data: str, file: str, mime: str) -> None:
    """A button that hands over a file without running the page again."""
    st.download_button(
        label,
        data,
        file,
        mime,
        key=f"download {file}",
        icon=":material/download:",
        on_click="ignore",
    )


def beside_code(question: float, code: float) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Places for a question and the code that it is about, with their shares of the width.

    On a phone the code is below, and a line says so: the button stays on the first screen.
    """
    left, right = st.columns([question, code], gap="medium")
    with left.container(key="code is below"):
        st.caption("The code is below the question. Read it first.")
    return left, right
