"""A plan: screens in the order in which a workshop shows them, as links and as a file.

A screen of a plan is a link such as `State_dict?keys=true`, with a note behind a `#`.
"""

import json
from collections.abc import Sequence
from urllib.parse import quote, unquote, urlsplit

from core.rooms.questions import screen_at, settings_of_screen
from core.rooms.room import Screen
from core.rooms.settings import MOST_SCREENS, PLAN
from core.settings.setting import SettingError

KIND = "buffer lab plan"
FILE_BYTES = 100_000
NOTE_CHARS = 120


def entry(screen: Screen, note: str) -> str:
    """A screen of a plan: its link, and a note of at most NOTE_CHARS characters."""
    words = quote(" ".join(note.split())[:NOTE_CHARS], safe=" ?!,.:;()'=`")
    return screen.link.removeprefix("/") + (f"#{words}" if words else "")


def note_of(link: str) -> str:
    """The note of a screen of a plan."""
    return unquote(urlsplit(link).fragment)


def length_in_words(plan: Sequence[str]) -> str:
    """How many screens a plan has, such as `1 screen`."""
    return f"{len(plan)} screen{'' if len(plan) == 1 else 's'}"


def place_in(plan: Sequence[str], screen: Screen, last: str = "") -> int | None:
    """Where in a plan a screen is: the same settings, or else the likeliest of the same page.

    last: the screen of the plan that was there before, which a guess or a click has changed since.
    Where that is another page's, the screen counts with which most settings are shared.
    """
    screens = [screen_at(link) for link in plan]
    if screen in screens:
        return screens.index(screen)
    same_page = [index for index, other in enumerate(screens) if other.page == screen.page]
    for index in same_page:
        if plan[index] == last:
            return index
    here = settings_of_screen(screen).items()
    shared = [
        sum(pair in here for pair in settings_of_screen(screens[i]).items()) for i in same_page
    ]
    return same_page[shared.index(max(shared))] if same_page else None


def with_screen(plan: Sequence[str], link: str) -> tuple[str, ...]:
    """A plan with one more screen at its end; SettingError where it is full or has it."""
    PLAN.check((link,))
    if len(plan) >= MOST_SCREENS:
        raise SettingError("plan", f"{len(plan)} screens", f"at most {MOST_SCREENS} screens long")
    if screen_at(link) in map(screen_at, plan):
        raise SettingError("screen", link, "one that the plan does not have yet")
    return (*plan, link)


def moved(plan: Sequence[str], index: int, by: int) -> tuple[str, ...]:
    """A plan with one screen moved by some places, as far as there is room."""
    rest = list(plan)
    link = rest.pop(index)
    rest.insert(max(0, min(len(rest), index + by)), link)
    return tuple(rest)


def without(plan: Sequence[str], index: int) -> tuple[str, ...]:
    """A plan without one of its screens."""
    return (*plan[:index], *plan[index + 1 :])


def as_file(plan: Sequence[str]) -> str:
    """A plan as JSON, which `from_file` reads."""
    return json.dumps({"kind": KIND, "screens": list(plan)}, indent=1, ensure_ascii=False) + "\n"


def from_file(data: bytes) -> tuple[str, ...]:
    """The plan of a file. SettingError, which names the value and the limit, for anything else."""
    if len(data) > FILE_BYTES:
        size = f"{len(data):,} bytes"
        raise SettingError("file", size, f"a plan of at most {FILE_BYTES:,} bytes")
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        start = data[:40].decode("utf-8", "replace")
        raise SettingError("file", start, "JSON, as *Save as a file* writes it") from None
    screens = read.get("screens") if isinstance(read, dict) else None
    if not isinstance(screens, list) or not all(isinstance(link, str) for link in screens):
        raise SettingError("screens", screens, "a list of links of screens")
    for number, link in enumerate(screens, 1):
        if not PLAN.accepts((link,)):
            limit = f"{PLAN.limit}. Correct it in the file, or leave it out"
            raise SettingError(f"screen {number}", link, limit)
    if len(screens) > MOST_SCREENS:
        size = f"{len(screens)} screens"
        raise SettingError("screens", size, f"at most {MOST_SCREENS}; leave some out")
    return tuple(dict.fromkeys(screens))
