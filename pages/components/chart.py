"""Charts that live on: what changes about one stands beside it in words, not in its name.

Streamlit's front end makes a chart anew whenever its alternative text changes, for the text is in
the spec that the view was made of, and whenever numbers in the spec change. So the text of a chart
says which chart it is, and stays; what the chart shows is in words beside it, for screen readers;
and its numbers are in tables, which have names of their own.
"""

import html
from collections.abc import Iterable
from typing import Any

import streamlit as st

from core.charts.vega_spec import Spec, as_spec, with_tables

BESIDE = "What it shows is in words after it."


def chart(drawing: Spec | Any, name: str, shows: str = "", key: str | None = None) -> None:
    """Draw a Vega-Lite dict or an Altair chart. name: which chart it is; it must not change.

    shows: what it shows, in words. Without it, they have to come later on the page.
    """
    alt = f"{name}. {BESIDE}"
    spec = drawing if isinstance(drawing, dict) else with_tables(as_spec(drawing))
    st.vega_lite_chart(spec=spec, alt=alt, key=key)
    if shows:
        read_out(shows)


def in_words(texts: Iterable[str]) -> str:
    """What charts show, as HTML that is read out and not seen."""
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
    return f'<div class="read-out">{paragraphs}</div>'


def read_out(*texts: str) -> None:
    """Say to screen readers what the charts above show."""
    st.html(in_words(texts))
