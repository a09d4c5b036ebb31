"""A room for pages to control; and quiets a warning that Streamlit's test driver causes."""

import importlib
import logging
from pathlib import Path

import pytest
from room_pages import controlled_room

logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True

# All at once, before a test puts a fake into one of them: whoever imports the fake by its name
# keeps it when the test is over.
for _path in sorted(Path(__file__).parents[2].glob("pages/*/*.py")):
    importlib.import_module(f"pages.{_path.parent.name}.{_path.stem}".removesuffix(".__init__"))


@pytest.fixture
def room(tmp_path, monkeypatch):
    """(the rooms of a new file, the code of one, its key): this browser has the key."""
    with controlled_room(tmp_path, monkeypatch) as found:
        yield found
