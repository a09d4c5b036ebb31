"""Follow me in Streamlit's test driver: what an instructor shows, and what a learner's page has."""

import pytest
from page_driver import open_page
from room_pages import labels, press

from core.rooms.room import NotYours, Screen
from pages.components import state
from pages.rooms import control, follow
from pages.rooms.identity import key_cookie

PAGE = "3_State_dict.py"
ANSWERED = {"in_state": "two", "keys_ran": "four-two", "edit": "true", "present": "true"}


def shown(room):
    ours, code, _key = room
    return ours.read(code).room.screen


def link_of(app):
    """Each name of the page's link with its value."""
    return {
        name: [*values][-1] if isinstance(values, list) else values
        for name, values in app.query_params.items()
    }


def captions(app):
    return [one.value for one in app.caption]


def test_a_screen_is_shown_once_with_its_settings_and_no_guess(room):
    app = open_page(PAGE, **ANSWERED)
    assert shown(room) is None
    press(app, "Show this screen")
    assert shown(room) == Screen("State_dict", "edit=true")
    assert any("Shown to the room" in one for one in captions(app))
    assert "Show this screen" not in labels(app)
    assert link_of(app)["keys_ran"] == "four-two", "the instructor's own page stays"
    press(app, "Show no screen any more")
    assert shown(room) is None


def test_what_changes_is_shown_only_while_the_instructor_keeps_showing(room):
    """The browser writes a control's value into the link; here the test opens the link."""
    press(open_page("5_Training.py"), "Show this screen")
    app = open_page("5_Training.py", predict="false")
    assert shown(room) == Screen("Training"), "shown once"
    press(app, "Keep showing what I change")
    assert shown(room) == Screen("Training", "predict=false")
    app = open_page(PAGE, lead="true", **ANSWERED)
    assert shown(room) == Screen("State_dict", "edit=true")
    press(app, "Show a screen only when I ask")
    open_page("5_Training.py")
    assert shown(room) == Screen("State_dict", "edit=true")


def test_only_the_rooms_key_shows_a_screen(room, monkeypatch):
    ours, code, _key = room
    monkeypatch.setattr(control, "cookies", lambda: {key_cookie(code): "wrong"})
    app = open_page(PAGE, lead="true", joined=code)
    assert shown(room) is None
    assert not {"Show this screen", "Keep showing what I change"} & labels(app)
    with pytest.raises(NotYours):
        ours.show_screen(code, "wrong", Screen("Training"))
    assert shown(room) is None


def test_an_ended_room_shows_nothing(room):
    ours, code, key = room
    press(open_page(PAGE), "Show this screen")
    ours.end(code, key)
    assert shown(room) is None
    assert "Show this screen" not in labels(open_page(PAGE, lead="true"))


class Asked:
    """What a learner's browser asks for, as the component hands it on."""

    def __init__(self, go=None, open=None):
        self.go, self.open, self.seen = go, open, []

    def __call__(self, data, **rest):
        self.seen.append(data)
        once = Asked(self.go, self.open)
        self.go = self.open = None
        return once


def learner(monkeypatch, asked, page=PAGE, **link):
    monkeypatch.setattr(control, "cookies", dict)
    monkeypatch.setattr(follow, "_component", asked)
    return open_page(page, joined="BCDFGH", **link)


def test_a_learner_goes_to_the_same_page_with_other_settings(room, monkeypatch):
    asked = Asked()
    app = learner(monkeypatch, asked, follow="true", edit="true", keys="false")
    assert asked.seen[-1] == {"code": "BCDFGH", "follow": True, "went": ""}
    asked.go = "/State_dict?edit=true&predict=false"
    app.run()
    assert not app.exception
    assert link_of(app) == {
        "edit": "true",
        "predict": "false",
        "joined": "BCDFGH",
        "follow": "true",
    }
    assert app.toggle(key="predict").value is False
    asked.go = "/State_dict"
    app.run()
    assert app.toggle(key="predict").value is True, "what a link does not name has its default"


@pytest.mark.parametrize(("tries", "arrives"), [(1, True), (2, True), (3, False)])
def test_who_clicks_on_the_way_gets_there_all_the_same(room, monkeypatch, tries, arrives):
    """The run that a click asked for came in between, with the controls as they were."""
    app = learner(monkeypatch, Asked(), edit="true")
    app.session_state[state.ON_THE_WAY.key] = (f"pages/{PAGE}", {"predict": "false"}, tries)
    app.toggle(key="predict").set_value(True).run()
    assert not app.exception
    assert (link_of(app) == {"predict": "false"}) is arrives
    assert app.toggle(key="predict").value is not arrives
    app.toggle(key="predict").set_value(True).run()
    assert app.toggle(key="predict").value is True, "the way is done: a control is free again"


def test_a_learners_own_guess_stays_on_the_same_page(room, monkeypatch):
    asked = Asked()
    app = learner(monkeypatch, asked, in_state="two", keys_ran="four-two")
    asked.go = "/State_dict?edit=true"
    app.run()
    found = link_of(app)
    assert (found["keys_ran"], found["in_state"], found["edit"]) == ("four-two", "two", "true")


def test_what_leads_to_no_page_of_ours_leads_nowhere(room, monkeypatch):
    asked = Asked()
    app = learner(monkeypatch, asked, follow="true")
    before = link_of(app)
    hostile = ["javascript:alert(1)", "https://evil.example/No_such_page", "//evil.example/x",
               "/r/BCDFGH/key", "/No_such_page", "x" * 3000, 7, ["/Training"], None]  # fmt: skip
    for link in hostile:
        for what in ("go", "open"):
            setattr(asked, what, link)
            app.run()
            assert not app.exception, (link, app.exception)
            assert link_of(app) == before, link


def test_a_link_with_a_silly_room_says_what_a_code_is(monkeypatch, room):
    monkeypatch.setattr(control, "cookies", dict)
    app = open_page(PAGE, joined="AAAA")
    assert "`AAAA` is no code of a room" in app.warning[0].value


def test_an_instructor_who_opens_a_learners_link_is_no_learner(room, monkeypatch):
    _ours, code, _key = room
    asked = Asked()
    monkeypatch.setattr(follow, "_component", asked)
    app = open_page(PAGE, joined=code, follow="true")
    assert asked.seen == [] and "Show this screen" in labels(app)


def test_a_plan_leads_to_the_same_page_with_what_the_next_screen_says(room):
    ours, code, key = room
    ours.keep_plan(code, key, ("Training?predict=false&code=true", "Training?norm=true"))
    app = open_page("5_Training.py", predict="false", code="true")
    press(app, "Next")
    assert link_of(app) == {"norm": "true"}
    assert app.toggle(key="predict").value is True


def test_an_old_link_to_the_quiz_shows_others_the_quiz_that_it_opens(room):
    """The quiz of all cells came before the one of twelve; old links do not name it."""
    old = {"view": "the quiz", "says_InDict": "no", "revealed": ["dict"]}
    app = open_page("4_What_is_state.py", lead="true", **old)
    assert app.radio(key="cells").value == "all of them"
    assert shown(room) == Screen("What_is_state", "view=the+quiz&cells=all+of+them")
