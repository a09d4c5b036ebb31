"""The timeline: what it is built from, and the ledger of what each step did."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.moving.questions import Asked, asked_of, preset_of
from core.moving.settings import MOVING, split_steps
from core.moving.steps import MAX_STEPS, PRESETS, STARTS, STEPS, Timeline
from core.moving.table import ledger as table_of
from core.moving.timeline import TimelineResult, run_timeline
from core.settings.setting import SettingError
from pages.components import quiz, state
from pages.components.widgets import control_box, one_of, put_in_link, section, widget


@st.cache_resource(max_entries=128, show_spinner=False)
def cached_timeline(timeline: Timeline) -> TimelineResult:
    """The TimelineResult of a Timeline. It is shared between sessions, and nobody changes it."""
    return run_timeline(timeline)


def question_of(timeline: Timeline | None) -> Asked | None:
    """What is asked about a Timeline; None where there is none."""
    return asked_of(timeline) if timeline else None


@dataclass(frozen=True)
class Places:
    """Where the page writes, from above: the stories, the question, its results."""

    stories: DeltaGenerator
    question: DeltaGenerator
    results: DeltaGenerator


def builder() -> tuple[Timeline | None, bool, Places]:
    """Draw what builds a timeline; return (Timeline, or None after saying what is wrong; whether to
    ask; Places above it).
    """
    with control_box("stories"):
        stories = st.container()
    question, results = st.container(), st.container()
    with control_box("steps"), section(MOVING["build"]):
        built = steps_and_start()
    return built, widget(MOVING["predict"]), Places(stories, question, results)


def show_stories(built: Timeline | None) -> None:
    """All stories to choose from; those that were run after a guess have a mark."""
    chosen = preset_of(built) if built else None
    run = state.STORY_GUESSES.get()
    titles = {
        name: preset.title + " ✓" * (story(name).name in run) for name, preset in PRESETS.items()
    }
    one_of("A story", "story", titles, chosen[0] if chosen else None, set_story)


def story(name: str) -> Timeline:
    """The Timeline of a preset."""
    return Timeline(PRESETS[name].start, PRESETS[name].steps)


def in_one_line(timeline: Timeline) -> str:
    """A timeline as Markdown: its story if it is one, how it begins, and its steps."""
    chosen = preset_of(timeline)
    title = f"**{chosen[1].title}.** " if chosen else ""
    labels = [STEPS[name].marked for name in timeline.steps]
    return title + " → ".join((f"The mask is {STARTS[timeline.start][1]}", *labels))


def steps_and_start() -> Timeline | None:
    """Draw what a timeline is built from; return it, or None after saying what is wrong."""
    start = widget(
        MOVING["start"],
        captions=[description for _, description in STARTS.values()],
    )
    # Clicks make a new text box: what a browser still says of the old one may be a click behind.
    box = text_box()
    if not state.is_drawn(box):
        kept = state.STEPS_TEXT.get() if state.STEPS_TEXT.known else MOVING["steps"].default
        clicked = state.STEPS_CLICKED.take()
        state.STEPS_TEXT.set(kept if clicked else st.query_params.get("steps", kept))
    text = str(state.STEPS_TEXT.get())
    steps = split_steps(text)
    st.markdown("**Add a step**")
    with st.container(horizontal=True):
        for name, step in STEPS.items():
            st.button(
                step.label,
                key=f"add {name}",
                icon=":material/add:",
                on_click=add_step,
                args=(name,),
                disabled=len(steps) >= MAX_STEPS,
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            MOVING["steps"].label, text, key=box, help=MOVING["steps"].help,
            on_change=typed, args=(box,),
        )  # fmt: skip
        st.button("Take the last step back", on_click=take_back,
                  disabled=not steps)  # fmt: skip
        st.button("Start over", on_click=set_steps, args=((),), disabled=not steps)
    if len(steps) >= MAX_STEPS:
        st.caption(f"A timeline has at most {MAX_STEPS} steps. Take one back to add another.")
    try:
        MOVING["steps"].check(text)
        put_in_link("steps", text, MOVING["steps"].default)
        return Timeline(start, steps)
    except SettingError as error:
        st.error(f"{error} Change it above, and the timeline goes on.")
        return None


def set_steps(steps: Sequence[str], start: str | None = None) -> None:
    state.STEPS_TEXT.set(".".join(steps))
    state.STEPS_CLICKED.set(True)
    state.STEPS_BOX.set(state.STEPS_BOX.get() + 1)
    if start:
        state.set_value(MOVING["start"], start)


def set_story(name: str) -> None:
    """Show a story, as it was answered before."""
    set_steps(PRESETS[name].steps, PRESETS[name].start)
    chosen = story(name)
    if said := state.STORY_GUESSES.get().get(chosen.name):  # its guess and its results come back
        quiz.go_to(asked_of(chosen).prediction, chosen.name, said)


def add_step(name: str) -> None:
    set_steps((*split_steps(str(state.STEPS_TEXT.get())), name)[:MAX_STEPS])


def take_back() -> None:
    set_steps(split_steps(str(state.STEPS_TEXT.get()))[:-1])


def text_box() -> str:
    """The key of the text box that stands on the page now."""
    return f"steps {state.STEPS_BOX.get()}"


def typed(box: str) -> None:
    """Take over what was typed. A browser that is a click behind still tells of the box before."""
    if box == text_box():
        state.STEPS_TEXT.set(state.value_in_session(box))


def ledger(story: TimelineResult) -> None:
    """Every tensor's place after every step; what a step changed is marked."""
    table, note = table_of(story)
    st.markdown(table)
    st.caption(note)


def failure(story: TimelineResult) -> None:
    """The exception that ended the timeline, in full, with the line that raised it."""
    if story.error:
        st.markdown(f"**Step {len(story.columns) - 1} raised**")
        st.code(f"{story.error.type}: {story.error.message}", language=None, wrap_lines=True)
        st.markdown("in this line:")
        st.code(story.error.line, wrap_lines=True)
        left = len(story.timeline.steps) - (len(story.columns) - 1)
        if left:
            st.caption(f"It ended the timeline; {left} of its steps did not run.")
