"""A room for pages to control; and quiets a warning that Streamlit's test driver causes."""

import logging

import pytest
from room_pages import controlled_room

logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True


@pytest.fixture
def room(tmp_path, monkeypatch):
    """(the rooms of a new file, the code of one, its key): this browser has the key."""
    with controlled_room(tmp_path, monkeypatch) as found:
        yield found
