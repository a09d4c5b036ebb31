"""Code to read, to copy and to take home."""

import streamlit as st

from core.export import as_notebook, as_script


def whole_file(parts):
    """The pieces of an export as one text to copy."""
    st.markdown("**All of it in one file**, which runs as pasted wherever PyTorch is installed")
    st.code(as_script(parts), wrap_lines=True, height=260)


def downloads(parts, name, csv=None):
    """Buttons that download an export as a script and a notebook, and values as CSV."""
    files = [
        ("Script (.py)", as_script(parts), f"{name}.py", "text/x-python"),
        ("Notebook (.ipynb)", as_notebook(parts), f"{name}.ipynb", "application/x-ipynb+json"),
    ]
    if csv:
        files.append(("Values (.csv)", csv, f"{name}.csv", "text/csv"))
    with st.container(horizontal=True):
        for label, data, file, mime in files:
            download(label, data, file, mime)


def download(label, data, file, mime):
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
