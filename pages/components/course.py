"""The navigation, the end of every page and the map of the course, drawn in the browser.

What was answered stays in the browser, which draws the marks by itself: the page does not run again
for them, and the server learns nothing of them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.lessons import LESSONS, QUESTIONS, Lesson, lesson, page_name
from pages.components import state

HERE = Path(__file__).parent
_component = st.components.v2.component(
    "buffer_lab_course",
    html="<div class='course-part'></div>",
    css=(HERE / "course.css").read_text("utf-8"),
    js=(HERE / "course.js").read_text("utf-8"),
    isolate_styles=False,
)
Link = Callable[[str], Mapping[str, Any]]  # a page -> the parameters of the link to it


def entry(lesson: Lesson, link: Mapping[str, Any]) -> dict[str, Any]:
    """A Lesson as the browser needs it. The address is relative: the server may be in a folder."""
    query = f"?{urlencode(link, doseq=True)}" if link else ""
    return {
        "number": lesson.number,
        "title": lesson.title,
        "question": lesson.question,
        "minutes": lesson.minutes,
        "kind": lesson.kind,
        "questions": list(lesson.question_ids),
        "times": lesson.times,
        "unit": lesson.unit,
        "href": f"./{page_name(lesson.page)}{query}",
    }


def navigation(here: Lesson, link: Link) -> None:
    """All pages in one row, and the way to the one that was clicked."""
    # This page's own link changes with every control; without it, the message stays the same, and
    # Streamlit sends only its name.
    entries = [entry(one, {} if one is here else link(one.page)) for one in LESSONS]
    clicked = _component(
        key="pages",
        data={"part": "navigation", "here": here.number, "lessons": entries, "known": QUESTIONS},
        on_go_change=lambda: None,
    ).go
    for one in LESSONS:
        if one is not here and type(clicked) is int and one.number == clicked:
            state.unbind_link()
            st.switch_page(one.page, query_params=link(one.page))


def ways_on(here: Lesson, link: Link) -> None:
    """The page before and the page after, with their questions; keeps what was answered here."""
    place = LESSONS.index(here)
    around = [LESSONS[n] if 0 <= n < len(LESSONS) else None for n in (place - 1, place + 1)]
    before, after = (one and entry(one, link(one.page)) for one in around)
    answers = state.answered_on(here.page).get()
    answered = sorted({here.answer(name, about) for name, about in answers})
    _component(
        key="ways on",
        data={
            "part": "ways",
            "here": entry(here, {}),
            "before": before,
            "after": after,
            "answered": answered,
            "known": QUESTIONS,
        },
    )


def course_map(link: Link, brought: tuple[str, ...], end: Mapping[str, Any]) -> bool:
    """All lessons with what is done of them. brought: questions that a link has as answered.

    end: what stands there once all lessons are done: its title, what a learner can do, and next
    (page, words). True once those that were brought were taken up.
    """
    entries = [entry(one, link(one.page)) for one in LESSONS]
    ways = [{"number": lesson(page).number, "words": words} for page, words in end["next"]]
    data = {
        "part": "map",
        "lessons": entries,
        "known": QUESTIONS,
        "brought": list(brought),
        "end": {**end, "next": ways},
    }
    return bool(_component(key="map", data=data, on_taken_change=lambda: None).taken)
