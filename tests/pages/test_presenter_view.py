"""How a link says that a page is shown: large for a projector, without controls for learners."""

import inspect
import re

import pytest
import streamlit
from imports import python_files
from page_driver import open_page
from room_pages import labels, press

from pages.components import state
from pages.rooms.presenter import NO_CONTROLS, WIDGETS

LARGE, BARE = "font-size: clamp(", ".stSlider"


def styles(app):
    return "".join(one.proto.body for one in app.get("html"))


@pytest.mark.parametrize("page", ["3_State_dict.py", "1_Attention_lab.py", "11_Workshop.py"])
def test_the_link_decides_and_either_flag_stands_alone(room, page):
    assert LARGE not in styles(open_page(page)) and BARE not in styles(open_page(page))
    large = styles(open_page(page, present="true"))
    assert LARGE in large and BARE not in large
    bare = styles(open_page(page, controls="hidden"))
    assert BARE in bare and LARGE not in bare


def test_every_kind_of_control_that_pages_use_can_be_hidden():
    def is_control(name):
        made = getattr(streamlit, name, None)
        return callable(made) and "on_change" in inspect.signature(made).parameters

    texts = [path.read_text("utf-8") for path in python_files("pages")]
    used = {name for text in texts for name in re.findall(r"\bst\.(\w+)\(", text)}
    kinds = set(filter(is_control, used)) - {"expander", "popover"}  # they open and close
    assert len(kinds) > 8
    hidden = set(WIDGETS.lower().replace(".st", "").split(", "))
    called = {"toggle": "checkbox", "pills": "buttongroup"}  # in the page, other than in Python
    made = {called.get(kind, kind.replace("_", "")) for kind in kinds}
    assert made == hidden | {"dataeditor"}
    # a table that is edited looks to CSS as one that is read, so it stands in a box
    assert '[class*="st-key-controls"]' in NO_CONTROLS
    edited = [text for text in texts if "import edit_table" in text]
    assert len(edited) == 2 and all("control_box(" in text for text in edited)
    assert sum("st.data_editor(" in text for text in texts) == 1, "in edit_table alone"


def test_the_switches_write_the_link_and_take_it_back(room):
    app = press(open_page("3_State_dict.py", edit="true"), "Presenter view")
    assert dict(app.query_params) == {"edit": "true", "present": "true"}
    press(app, "Hide the controls")
    assert app.query_params["controls"] == "hidden"
    press(app, "Leave the presenter view")
    press(app, "Show the controls")
    assert dict(app.query_params) == {"edit": "true"}


def test_the_menu_is_another_one_and_so_closed_once_the_page_is_shown_in_another_way(room):
    def menu(app):
        (found,) = [one.proto for one in app.get("popover") if one.proto.popover.label == "Room"]
        return found.id

    app = open_page("3_State_dict.py")
    seen = [menu(app)]
    for label in ("Presenter view", "Hide the controls", "Leave the presenter view"):
        press(app, label)
        seen.append(menu(app))
    assert len(set(seen)) == 4


def test_learners_links_hide_controls_without_the_key(room, monkeypatch):
    monkeypatch.setattr("pages.rooms.control.cookies", dict)
    app = open_page("3_State_dict.py", controls="hidden")
    assert BARE in styles(app) and "Hide the controls" not in labels(app)


def test_a_silly_flag_is_named_and_the_page_works():
    app = open_page("3_State_dict.py", present="maybe", controls="none")
    said = "".join(one.value for one in app.warning)
    assert "maybe" in said and "none" in said and "shown" in said and "hidden" in said
    assert LARGE not in styles(app)


def test_the_plans_next_screen_is_shown_as_this_one(room):
    ours, code, key = room
    ours.keep_plan(code, key, ("State_dict", "Training?steps=7"))
    app = press(open_page("3_State_dict.py", present="true", controls="hidden"), "Next")
    assert app.session_state[state.PAGE.key] == "pages/5_Training.py"
    wanted = {"present": "true", "controls": "hidden", "steps": "7"}
    assert {name: app.query_params[name] for name in wanted} == wanted
