"""The attention lab's controls, in the order of the page."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from core.attention.causality import RowChange
from core.charts.pooling import WHOLE_TOKENS
from core.inputs.embeddings import numbers_to_text, text_to_numbers
from core.lab.experiment import Experiment
from core.lab.run import Observation
from core.lab.settings import LAB, LabSettings, input_embeddings, lab_settings
from core.lab.take_home import held_by
from core.lab.view import (
    MAX_TOKENS_IN_PLACE,
    ViewRequest,
    check_memory,
    compute_view,
    probe,
    probe_cached,
    view_cached,
)
from core.settings.setting import SettingError
from pages.components import state
from pages.components.progress import work
from pages.components.table_editor import edit_table
from pages.components.widgets import control_box, in_link, section, widget
from pages.server.run_lock import release

MOVES = ("move_model", "move_mask", "compare")
INPUTS = (*MOVES, "input", "sentence", "x", "tokens", "context_length", "d_out", "dropout", "seed",
          "qkv_bias", "weights")  # fmt: skip
LOOK_SECONDS = 0.4  # another window of tensors that a worker has is there sooner
NO_EFFECT = "*Persistent* has no effect: only a buffer is persistent or not."
OTHER_ONE = "*Persistent* changes only the other module."
# Both variants on one screen: small tables, and columns of their own only where there is room.
STYLE = """<style>
.st-key-variants [data-testid=stVerticalBlock] { gap: 0.25rem; }
.st-key-variants [data-testid=stMarkdownContainer] { margin: 0; }
.st-key-variants .stMarkdown :is(h2, p) { padding: 0; margin: 0; }
.st-key-variants table { font-size: 0.8rem; margin: 0; }
.st-key-variants :is(td, th) { padding: 0 0.5rem !important; line-height: 1.35; }
.st-key-variants :is(pre, pre code) { font-size: 0.72rem; line-height: 1.4; }
.st-key-variants pre { padding: 0.25rem 0.4rem; margin: 0; }
.st-key-variants :is(pre, pre code) { white-space: pre-wrap !important; overflow-wrap: anywhere; }
.st-key-device .stRadio { display: flex; align-items: center; gap: 0.75rem; }
.st-key-device [data-testid=stWidgetLabel] { margin: 0; }
.st-key-asked [class*="st-key-prediction"] { gap: 0.5rem; }
.st-key-device { margin-right: 1rem; }
pre.marked.short { font-size: 0.7rem; padding: 0.3rem 0.5rem; }
@media (max-width: 1099px) {
  .st-key-asked .stHorizontalBlock { flex-direction: column; }
  .st-key-asked .stColumn { width: 100%; flex: auto; }
  .st-key-variants > .stLayoutWrapper > .stHorizontalBlock { flex-direction: column; }
  .st-key-variants > .stLayoutWrapper > .stHorizontalBlock > .stColumn { width: 100%; flex: auto; }
}
@media (max-width: 640px) { .st-key-variants :is(td, th) { padding: 0 0.2rem !important; } }
</style>"""


@dataclass(frozen=True)
class Places:
    """Where the page writes: above the controls, and below them two places side by side."""

    introduction: DeltaGenerator
    question: DeltaGenerator
    verdict: DeltaGenerator


def large(experiment: Experiment) -> bool:
    """Whether an experiment is a worker's job."""
    return max(len(experiment.rows), experiment.context_length) > MAX_TOKENS_IN_PLACE


def observation_of(wanted: ViewRequest) -> Observation | None:
    """The Observation of a ViewRequest; None while a worker makes it, or after saying why it can't.

    While a worker looks elsewhere in the same experiment, what is known of it stays.
    """
    try:
        if not large(wanted.experiment):
            if len(wanted.experiment.tokens) > WHOLE_TOKENS:
                release()
            return view_cached(wanted)
        check_memory(wanted.experiment)
    except SettingError as error:
        st.error(f"{error} Change it above, and the lab goes on.")
        return None
    release()
    observation = work("look", compute_view, wanted, patience=LOOK_SECONDS)
    if observation:
        state.LAST_OBSERVATION.set(observation)
    seen = state.LAST_OBSERVATION.get()
    return seen if seen and seen.experiment == wanted.experiment else None


def probe_of(settings: LabSettings, changed: int) -> tuple[RowChange, ...] | None:
    """What the causality probe finds; None while a worker is at it, or where it found nothing."""
    if large(settings.experiment):
        return work("probe", probe, settings.experiment, changed, settings.buffer)
    return probe_cached(settings.experiment, changed, settings.buffer)


def lab_controls() -> tuple[LabSettings | None, Places]:
    """Draw the controls; return (LabSettings, or None after saying what does not fit; Places)."""
    introduction = st.container()
    values = {}
    first, code = st.columns([1, 1.25], gap="small")
    with control_box("input"), section(LAB["inputs"]) as opened:
        values |= (
            input_controls() if to_draw(opened) else {name: in_link(LAB[name]) for name in INPUTS}
        )
    with st.container(key="asked"):
        places = Places(introduction, *st.columns([1.25, 1], gap="small"))
    with first.container(horizontal=True, gap="small", vertical_alignment="center"):
        values["buffer"] = widget(LAB["buffer"])
        # it matters as long as a variant with a buffer is on the screen
        unused = not values["buffer"] and not values["compare"]
        values["persistent"] = widget(LAB["persistent"], disabled=unused)
        values["device"] = widget(LAB["device"])
        values["predict"] = widget(LAB["predict"])
    code.html(differing(values["buffer"], values["persistent"]))
    if not values["buffer"]:
        code.caption(NO_EFFECT if unused else OTHER_ONE)
    st.html(STYLE)
    try:
        settings = lab_settings(values)
    except SettingError as error:
        st.error(f"{error} Change it above, and the lab goes on.")
        return None, places
    return settings, places


def differing(buffer: bool, persistent: bool) -> str:
    """The one line in which the two classes differ, of each, as HTML: the chosen one is marked."""
    shown = []
    for held, text in zip((False, True), held_by(persistent), strict=True):
        line = html.escape(text)
        shown.append(f"<mark>{line}</mark>" if held == buffer else line)
    return f'<pre class="marked short" tabindex="0">{"<br>".join(shown)}</pre>'


def to_draw(opened: ExpanderContainer) -> bool:
    """Whether to draw the input's controls: once they were opened, they stay.

    Until then the link has their values, and a page without them is there sooner.
    """
    if opened.open:
        state.INPUTS_WERE_OPEN.set(True)
    return state.INPUTS_WERE_OPEN.get()


def input_controls() -> dict[str, Any]:
    """Draw the controls of the moves, the input, the sizes and the seed; their values by name."""
    values = {}
    with st.container(horizontal=True, gap="medium"):
        for name in MOVES:
            values[name] = widget(LAB[name])
    source, sizes, seed = st.columns([2, 1, 1], gap="medium")
    with source:
        values["input"] = widget(
            LAB["input"],
            captions=["six tokens", "your words", "your numbers", "many tokens"],
        )
        values |= dict.fromkeys(("sentence", "x", "tokens"))
        if values["input"] == "sentence":
            values["sentence"] = widget(LAB["sentence"])
            st.caption(
                "Each word, and each punctuation mark, gets three numbers from a hash of the seed "
                "and itself."
            )
        elif values["input"] == "numbers":
            number_table()
            values["x"] = widget(LAB["x"])
        elif values["input"] == "text":
            values["tokens"] = tokens_of_text()
    with sizes:
        values["context_length"] = widget(LAB["context_length"])
        used = context_length_in_use(values)
        st.caption(
            f"The mask has {used:,} rows and columns." if used else "No mask, until the input fits."
        )
        values["d_out"] = widget(LAB["d_out"])
        values["dropout"] = widget(LAB["dropout"])
    with seed:
        values["seed"] = widget(LAB["seed"])
        values["qkv_bias"] = widget(LAB["qkv_bias"])
        values["weights"] = widget(LAB["weights"], ["in both", "one after the other"])
    return values


def tokens_of_text() -> int:
    """How many tokens of the text, and what follows from it."""
    tokens = widget(LAB["tokens"])
    more = ""
    if tokens > MAX_TOKENS_IN_PLACE:
        more = (
            f"More than {MAX_TOKENS_IN_PLACE:,} tokens are computed by a worker process, so that "
            "nobody else's page has to wait."
        )
    if more:
        st.caption(more)
    return tokens


def context_length_in_use(values: Mapping[str, Any]) -> int | None:
    """The context length that the controls stand for; None where the input is not fit for use."""
    seed = in_link(LAB["seed"])
    try:
        return values["context_length"] or len(input_embeddings({**values, "seed": seed})[0])
    except SettingError:
        return None


def number_table() -> None:
    """A table to edit the embeddings in; what is typed goes into the text below it, and back."""
    typed = state.typed("x")  # asking for what is not there would put an empty text there
    text = state.value_in_session("x") or (typed.known and typed.get()) or LAB["x"].default
    try:
        rows = text_to_numbers(LAB["x"].check(text))
    except SettingError:
        return  # the text is being edited by hand; its message stands below
    edit_table(
        "table",
        LAB["x"],
        text,
        pd.DataFrame(rows, columns=["x1", "x2", "x3"]),
        numbers_to_text,
        num_rows="dynamic",
        column_config={x: st.column_config.NumberColumn(default=0.0) for x in ("x1", "x2", "x3")},
        height=260,
        alt="The input embeddings, a row for each token; the text below holds the same numbers",
    )
