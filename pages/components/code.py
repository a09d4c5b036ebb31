"""Code to read, to copy and to take home."""

import streamlit as st

from core.code.export import as_notebook, as_script


def fragment(title, text, **options):
    """Code that does not run alone: a part, word for word, of what take_home shows below it."""
    st.markdown(f"**{title}**, a part of the file below")
    st.code(text, wrap_lines=True, **options)


def take_home(parts, name, csv=None, shown=False):
    """An export as one text to copy, as a script and a notebook to download, and values as CSV.

    shown: the page has the whole text already, just above.
    """
    script = as_script(parts)
    if not shown:
        st.markdown("**All of it in one file**, which runs as pasted wherever PyTorch is installed")
        st.code(script, wrap_lines=True, height=260)
    files = [
        ("Script (.py)", script, f"{name}.py", "text/x-python"),
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
