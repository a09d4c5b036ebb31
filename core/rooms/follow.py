"""Following a screen: what of a page's link goes to others, and where it leads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.rooms.questions import screen_of, settings_of_screen
from core.rooms.room import Screen
from core.rooms.settings import FOLLOW, JOINED, NOT_SHOWN, PRESENT
from core.settings.setting import Setting

Parameters = Mapping[str, Sequence[str]]  # of a link: the values of each name


def own_settings(link: Parameters, catalogue: Mapping[str, Setting]) -> dict[str, list[str]]:
    """What a visitor has guessed and answered on a page, as its link says."""
    names = [name for name in link if name in catalogue and catalogue[name].own]
    return {name: list(link[name]) for name in names}


def screen_to_show(page: str, link: Parameters, catalogue: Mapping[str, Setting]) -> Screen:
    """The screen of a page's file, as others may see it.

    Only settings of the page's catalogue, and of these none that is a visitor's own: no guess, no
    answer, not the room, nothing about the projector. SettingError where the link is too long.
    """
    names = [
        name
        for name in link
        if name in catalogue and not catalogue[name].own and name not in NOT_SHOWN
    ]
    return screen_of(page, {name: list(link[name]) for name in names})


def followed(screen: Screen, here: Parameters, own: Parameters) -> dict[str, Any]:
    """The link that leads a learner to a screen.

    here: the learner's link: the room, following and the presenter's view stay. own: what the
    learner has guessed on that screen, which stays too.
    """
    kept = {name: list(here[name]) for name in (JOINED.name, FOLLOW.name, PRESENT.name)
            if name in here}  # fmt: skip
    return {**settings_of_screen(screen), **own, **kept}
