"""Pages in Streamlit's test driver, in a browser that controls a room."""

import contextlib

from core.rooms.rooms import Rooms
from core.rooms.sqlite_store import SqliteStore
from pages.components import room_hook
from pages.rooms import control
from pages.rooms.identity import key_cookie
from pages.rooms.strip import Strip

READERS = (
    "asking",
    "bar",
    "buttons",
    "control",
    "instructor",
    "lead",
    "strip",
)  # modules that ask rooms()


@contextlib.contextmanager
def controlled_room(folder, monkeypatch):
    """(the rooms of a new file, the code of one, its key): this browser has the key."""
    ours = Rooms(SqliteStore(folder / "rooms.sqlite3"))
    code, key = ours.create()
    for name in READERS:
        monkeypatch.setattr(f"pages.rooms.{name}.rooms", lambda: ours)
    monkeypatch.setattr(control, "cookies", lambda: {key_cookie(code): key})
    room_hook.HOST.append(Strip())
    try:
        yield ours, code, key
    finally:
        room_hook.HOST.pop()
        ours.store.close()


def labels(app):
    """The names of all buttons that can be pressed."""
    return {button.label for button in app.button if not button.disabled}


def press(app, label):
    """Press the button of that name."""
    (button,) = [one for one in app.button if one.label == label]
    assert not button.disabled, (label, button.help)
    button.click().run()
    assert not app.exception, app.exception
    return app
