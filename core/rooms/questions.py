"""Questions for a room, made from the predictions of lessons, and the screens that they are about.

A screen is a page with its settings: what a link of the lab shows.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from core.lessons import page_name
from core.rooms.room import (
    CODE_CHARS,
    CONTEXT_CHARS,
    PROMPT_CHARS,
    QUERY_CHARS,
    Question,
    Screen,
)
from core.settings.setting import SettingError

SCREEN = f"the link of a page of this lab, with at most {QUERY_CHARS:,} characters of settings"


def plain(markdown: str) -> str:
    """Markdown as one line of plain text: back quotes stay, as marks of code.

    Bold and italic lose their stars, a link keeps its words, an icon goes.
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"\*\*?|:material/\w+:", "", part) for part in parts[::2]]
    return " ".join("".join(parts).split())


def screen_of(page: str, settings: Mapping[str, str | Sequence[str]]) -> Screen:
    """The screen of a page's file with settings by name; of a Several, the list of its words.

    SettingError where a link would be too long.
    """
    return screen_at(f"{page_name(page)}?{urlencode(settings, doseq=True)}")


def screen_at(link: str) -> Screen:
    """The screen of a link that somebody typed or pasted, whichever address it begins with.

    SettingError where it cannot be one of ours: nothing of it leads to another server.
    """
    try:
        parts = urlsplit(link.strip())
        if parts.scheme not in ("", "http", "https"):
            raise ValueError
        query = urlencode(parse_qsl(parts.query, keep_blank_values=True))
        return Screen(parts.path.rpartition("/")[2], query)
    except ValueError:
        raise SettingError("screen", link, SCREEN) from None


def settings_of_screen(screen: Screen) -> dict[str, list[str]]:
    """The settings of a screen: the values of each name, in their order."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(screen.query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def question_id(page: str, answered: str, about: str, guess: str) -> str:
    """The id of a lesson's question: the same wherever it is asked.

    answered, guess: the names of the Prediction's Settings; about: what it is about, see `gate`.
    """
    digest = hashlib.blake2s("\0".join((answered, about, guess)).encode(), digest_size=8)
    return f"{page_name(page)[:30] or 'home'}.{digest.hexdigest()}"


def question_for(
    id: str,
    prompt: str,
    options: Sequence[str],
    screen: Screen,
    context: str = "",
    code: str = "",
) -> Question:
    """The question that a lesson asks (Markdown), for a room.

    context (Markdown) and code: what stands beside it on the page. Too much of it is cut.
    """
    lines = "\n".join(plain(line.removeprefix("- ")) for line in context.strip().split("\n"))
    return Question(
        id,
        plain(prompt)[:PROMPT_CHARS],
        tuple(options),
        screen,
        cut(lines, CONTEXT_CHARS),
        cut(code.rstrip(), CODE_CHARS),
    )


def cut(text: str, chars: int) -> str:
    """A text of at most so many characters; where some were left out, it ends with …"""
    return text if len(text) <= chars else text[: chars - 1] + "…"
