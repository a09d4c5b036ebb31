"""Server-sent events: what a room tells its listeners. Their texts are data, never markup."""

import json
import random
from typing import Any

from core.glossary.on_pages import words_in
from core.lessons import lesson_at
from core.rooms.room import Answer, Question, Screen, Snapshot

BEAT = b"event: beat\ndata:\n\n"
GONE = b"event: gone\ndata:\n\n"
RETRY = 400, 1300  # milliseconds after which a browser comes back, so that not all do at once


def event(data: object, kind: str = "", number: str = "") -> bytes:
    """One event. JSON has no line breaks of its own."""
    lines = [f"event: {kind}"] * bool(kind) + [f"id: {number}"] * bool(number)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return "\n".join([*lines, f"data: {text}", "", ""]).encode()


def greeting() -> bytes:
    """The first line of a stream: when to come back."""
    return f"retry: {random.randint(*RETRY)}\n".encode()


def own_answer(number: int, answer: Answer) -> bytes:
    """What stands as the listener's own answer."""
    return event({"asking": number, "choice": answer.choice, "attempt": answer.attempt}, "mine")


def go_there(screen: Screen) -> bytes:
    """Tells a page that follows where to go."""
    return event({"screen": screen.link}, "go")


def title_of(screen: Screen) -> str:
    """The title of a screen's page."""
    lesson = lesson_at(screen.page)
    return lesson.title if lesson else screen.page


def words_for(question: Question) -> str:
    """What words of a question mean, a line each."""
    lesson = lesson_at(question.screen.page)
    text = "\n".join((question.context, question.code, question.prompt, *question.options))
    words = words_in(text, lesson.page) if lesson else {}
    return "\n".join(f"**{word.replace('`', '')}**: {meaning}" for word, meaning in words.items())


def shown(snapshot: Snapshot, counts: bool) -> dict[str, Any]:
    """A room as its listeners draw it."""
    room, asking = snapshot.room, snapshot.room.asking
    data: dict[str, Any] = {
        "version": room.version,
        "seq": snapshot.seq,
        "phase": room.phase,
        "screen": room.screen.link if room.screen else None,
        "screen_title": title_of(room.screen) if room.screen else None,
    }
    if asking:
        reveal = asking.reveal
        data |= {
            "asking": asking.number,
            "round": asking.round,
            "lesson": title_of(asking.question.screen),
            "context": asking.question.context,
            "code": asking.question.code,
            "words": words_for(asking.question),
            "prompt": asking.question.prompt,
            "options": asking.question.options,
            "link": asking.question.screen.link,
            "counts": snapshot.counts if counts else None,
            "happened": reveal.happened if reveal else None,
            "reason": reveal.reason if reveal else None,
        }
    return data


def for_learners(snapshot: Snapshot) -> bytes:
    """The event for learners: counts only where they are public. seq would tell of answers."""
    public = snapshot.room.counts_are_public
    data = shown(snapshot, public)
    if not public:
        data["seq"] = 0
    return event(data, number=f"{data['version']}.{data['seq']}")


def for_instructors(snapshot: Snapshot) -> bytes:
    """The event for instructors: also what is not shown yet."""
    data = shown(snapshot, counts=True)
    return event(data, number=f"{data['version']}.{data['seq']}")
