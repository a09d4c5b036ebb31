"""The one sentence to keep of a result; it stands after what was observed."""

import streamlit as st


def show_takeaway(sentence: str) -> None:
    """Draw a take-away (Markdown); nothing where there is none."""
    if sentence:
        st.markdown(f"> **Take-away.** {sentence}")
