"""Rooms and askings as JSON, and back."""

import json
from dataclasses import asdict
from typing import Any

from core.rooms.room import Asking, Question, Reveal, Room, Screen


def to_json(thing: Room | Asking) -> str:
    """A room or an asking as JSON."""
    return json.dumps(asdict(thing), ensure_ascii=False, separators=(",", ":"))


def room_from(text: str | bytes) -> Room:
    """The room that to_json wrote."""
    fields = json.loads(text)
    asking, screen = fields.pop("asking"), fields.pop("screen")
    plan = tuple(fields.pop("plan", ()))
    return Room(
        **fields,
        asking=asking and make_asking(asking),
        screen=Screen(**screen) if screen else None,
        plan=plan,
    )


def asking_from(text: str | bytes) -> Asking:
    """The asking that to_json wrote."""
    return make_asking(json.loads(text))


def make_asking(fields: dict[str, Any]) -> Asking:
    """An asking from the dicts of its parts."""
    question, reveal = dict(fields.pop("question")), fields.pop("reveal")
    screen = Screen(**question.pop("screen"))
    options = tuple(question.pop("options"))
    return Asking(
        **fields,
        question=Question(**question, options=options, screen=screen),
        reveal=Reveal(**reveal) if reveal else None,
    )
