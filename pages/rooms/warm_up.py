"""Before the first visitor: the gates of lessons learn that there are rooms."""

from pages.components import room_hook
from pages.rooms.strip import Strip


def before_visitors() -> None:
    """From now on a gate offers its question to the room that a browser controls."""
    room_hook.HOST[:] = [Strip()]


def after_first_page() -> None:
    """Nothing to do."""
