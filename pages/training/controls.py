"""The lesson on training: its controls, its five questions, and what became of the guesses."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.device.available import available_devices
from core.settings.setting import SettingError
from core.training import charts as draw
from core.training.experiment import Training
from core.training.reasons import outcome, reason
from core.training.run import TrainingRun
from core.training.settings import QUESTIONS, TRAINING, training_settings
from pages.components import room_hook, state
from pages.components.chart import chart
from pages.components.widgets import control_box, section, widget

ASKED = "Which of these tensors will training change?"


def controls() -> tuple[Training | None, bool, DeltaGenerator]:
    """Draw the controls; return (Training, or None after saying what is wrong; whether to ask; a
    place for the question and what came of it, above the controls).
    """
    place = st.container()
    with control_box("training"), section(TRAINING["settings"]):
        settings = settings_of_controls()
    return settings, widget(TRAINING["predict"]), place


def settings_of_controls() -> Training | None:
    """Draw what decides what runs; return it, or None after saying what is wrong."""
    values = {}
    task, optimizer, mask, more = st.columns([0.95, 1.45, 1.15, 0.75], gap="medium")
    with task:
        values["text"] = widget(TRAINING["text"])
        descriptions = [device.description for device in available_devices()]
        values["device"] = widget(TRAINING["device"], captions=descriptions)
    with optimizer:
        values["optimizer"] = widget(TRAINING["optimizer"])
        values["learning_rate"] = widget(TRAINING["learning_rate"])
    with mask:
        values["mask_start"] = widget(TRAINING["mask_start"])
        values["weight_decay"] = widget(TRAINING["weight_decay"])
    with more:
        values["steps"] = widget(TRAINING["steps"])
        values["seed"] = widget(TRAINING["seed"])
    try:
        return training_settings(values)
    except SettingError as error:
        st.error(f"{error} Change it above, and the lesson goes on.")
        return None


def losses_so_far(note: Mapping[str, Sequence[float]]) -> None:
    """The loss curve of a run that goes on, or that was stopped."""
    title = "Loss so far"
    chart(draw.losses(note), title, draw.describe_series(note, title), key="losses so far")
    say_gaps(note)


def say_gaps(series: Mapping[str, Sequence[float]]) -> None:
    """Say below a chart which of its lines end before the last step, or never start."""
    if said := draw.gaps(series):
        st.caption(said)


def verdict(run: TrainingRun, ask: bool) -> None:
    """What became of each tensor in question, what was guessed, and why."""
    asked = {name: state.value_of(TRAINING[name]) for name in QUESTIONS} if ask else {}
    right = sum(asked.get(name) == outcome(run, q) for name, q in QUESTIONS.items())
    if ask:
        say = st.success if right == len(QUESTIONS) else st.warning
        say(f"**{right} of {len(QUESTIONS)} right.** What happened, and why:")
    lines = []
    for name, question in QUESTIONS.items():
        happened = outcome(run, question)
        said = ""
        if ask:
            hit = asked[name] == happened
            badge = "green-badge[:material/check:" if hit else "orange-badge[:material/close:"
            who = room_hook.host().who_said(name, asked[name])
            said = f" :{badge} {who} {asked[name]}]"
        room_hook.host().happened(name, happened, reason(run, question))
        lines.append(
            f"- {question.words}{question.where}: **{happened}**.{said} {reason(run, question)}"
        )
    st.markdown("\n".join(lines))
