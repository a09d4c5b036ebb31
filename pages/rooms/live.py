"""How many have answered, and the chart: drawn in the browser, which hears of each answer.

The page does not run again for an answer: the browser listens to the room's events.
"""

from pathlib import Path

import streamlit as st

from core.rooms.room import CLOSED, REVEALED, Snapshot
from pages.rooms.presenter import presenting

HERE = Path(__file__).parent
_component = st.components.v2.component(
    "buffer_lab_room",
    html="<div class='room' role='group' aria-label='Answers of the room'></div>",
    css=(HERE / "live.css").read_text("utf-8"),
    js=(HERE / "live.js").read_text("utf-8"),
    isolate_styles=True,
)


def answers(here: Snapshot, key: str, gate: str = "") -> None:
    """The room's answers to its present question.

    gate: the key of the container with the question, on a lesson. A reveal brings what came of it
    into sight. On a page that is presented, each other question and phase is brought there too.
    """
    room, asking = here.room, here.room.asking
    if asking is None:
        return
    _component(
        key=key,
        data={
            "code": room.code,
            "number": asking.number,
            "phase": room.phase,
            "chart": room.show_counts or room.phase in (CLOSED, REVEALED),
            "options": list(asking.question.options),
            "counts": list(here.counts),
            "seq": here.seq,
            "version": room.version,
            "happened": asking.reveal.happened if asking.reveal else None,
            "gate": gate,
            "present": presenting(),
        },
    )
