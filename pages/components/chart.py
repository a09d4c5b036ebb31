"""Charts that live on: what changes about one stands beside it in words, not in its name.

Streamlit's front end makes a chart anew whenever its alternative text changes, for the text is in
the spec that the view was made of. So the text of a chart says which chart it is, and stays; what
the chart shows is in words beside it, for screen readers.
"""

import html
from collections.abc import Iterable
from typing import Any

import streamlit as st

from core.charts.vega_spec import Spec

BESIDE = "What it shows is in words after it."


def chart(drawing: Spec | Any, name: str, key: str | None = None) -> None:
    """Draw a Vega-Lite dict or an Altair chart. name: which chart it is; it must not change."""
    alt = f"{name}. {BESIDE}"
    if isinstance(drawing, dict):
        st.vega_lite_chart(spec=drawing, alt=alt, key=key)
    else:
        st.altair_chart(drawing, alt=alt, key=key)


def in_words(texts: Iterable[str]) -> str:
    """What charts show, as HTML that is read out and not seen."""
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
    return f'<div class="read-out">{paragraphs}</div>'


def read_out(*texts: str) -> None:
    """Say to screen readers what the charts above show."""
    st.html(in_words(texts))
