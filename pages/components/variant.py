"""The name of a variant of the attention module, with what its forward pass did."""

import streamlit as st

from core.attention.outcome import Outcome

BADGES = {
    Outcome.WORKS: "green",
    Outcome.DEVICE_ERROR: "red",
    Outcome.SOMETHING_ELSE: "orange",
}


def heading(class_name: str, outcome: Outcome, more: str = "") -> None:
    """The variant's class name, what its forward pass did, and more text beneath, Markdown."""
    icon = ":material/check:" if outcome is Outcome.WORKS else ":material/error:"
    badge = f":{BADGES[outcome]}-badge[{icon} {outcome}]"
    st.markdown(f"## `{class_name}` &nbsp; {badge}\n\n{more}", anchors=False)
