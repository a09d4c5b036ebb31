"""The plan of a workshop, on the instructor's page and at the lessons."""

import pytest
from page_driver import open_page, text
from room_pages import labels, press

from core.rooms.plan import as_file
from pages.components import state
from pages.rooms import control

A, B, C = "State_dict?edit=true", "Attention_lab?seed=3#the `mask`", "Training"


def workshop(code="", *plan, **parameters):
    """The page with a room and a plan in its link, the plan's section open."""
    found = {"room": code} if code else {}
    found |= {"plan": list(plan)} if plan else {}
    return open_page("11_Workshop.py", **found, prepare="true", **parameters)


def plan_in_link(app):
    value = app.query_params.get("plan", [])
    return [value] if isinstance(value, str) else list(value)


def key(app, name):
    """The button of that key."""
    (found,) = [one for one in app.button if one.key == name]
    return found


def test_a_plan_in_a_link_becomes_that_of_a_room_without_one(room):
    ours, code, _key = room
    app = workshop(code, A, B)
    assert ours.read(code).room.plan == (A, B)
    assert "The room has another one" not in text(app)
    app = workshop(code)  # and comes back from the room
    assert plan_in_link(app) == [A, B] and len(app.caption) == 2
    titles = [link.proto.label for link in app.get("page_link")]
    assert "2. Attention lab: the mask" in titles  # a link's words are no Markdown


def test_a_link_with_another_plan_is_offered_and_not_lost(room):
    ours, code, key_ = room
    ours.keep_plan(code, key_, (A,))
    app = workshop(code, B, C)
    assert "This link holds a plan of 2 screens. The room has another one, of 1 screen." in text(
        app
    )
    assert ours.read(code).room.plan == (A,) and plan_in_link(app) == [B, C]
    press(app, "Use the link's plan")
    assert ours.read(code).room.plan == (B, C) and plan_in_link(app) == [B, C]
    assert "This link holds a plan" not in text(app)
    app = press(workshop(code, A), "Keep the room's plan")
    assert ours.read(code).room.plan == (B, C) and plan_in_link(app) == [B, C]
    assert "This link holds a plan" not in text(app)
    # a closed section does not hide the question
    app = open_page("11_Workshop.py", room=code, plan=[A])
    assert "Use the link's plan" in labels(app)


def test_the_way_from_a_plan_to_a_room_that_is_open_takes_the_plan_along(room):
    _ours, code, _key = room
    app = workshop("", A, B)
    (back,) = [one for one in app.get("page_link") if code[:3] in one.proto.label]
    plan = "plan=State_dict%3Fedit%3Dtrue&plan=Attention_lab%3Fseed%3D3%23the+%60mask%60"
    assert back.proto.query_string == f"room={code}&{plan}"


def test_screens_are_moved_removed_and_cleared(room):
    ours, code, _key = room
    app = workshop(code, A, B, C)
    key(app, "room Down screen 1").click().run()
    assert ours.read(code).room.plan == (B, A, C)
    key(app, "room Up screen 3").click().run()
    assert ours.read(code).room.plan == (B, C, A)
    key(app, "room Remove screen 2").click().run()
    assert ours.read(code).room.plan == (B, A) and plan_in_link(app) == [B, A]
    press(app, "Clear the plan")
    assert ours.read(code).room.plan == () and plan_in_link(app) == []
    assert "The plan has no screen yet." in text(app)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("http://127.0.0.1:8501/Recap?at=2", None),
        (A, "one that the plan does not have yet"),
        ("javascript:alert(1)", "the link of a page of this lab"),
    ],
)
def test_a_screen_is_added_by_its_link_or_refused_with_the_reason(room, link, said):
    ours, code, _key = room
    app = workshop(code, A)
    app.text_input[0].set_value(link)
    press(app, "Add")
    if said:
        assert said in app.warning[0].value and ours.read(code).room.plan == (A,)
    else:
        assert ours.read(code).room.plan == (A, "Recap?at=2")
        assert not any("must be" in one.value for one in app.warning)


def test_a_plan_comes_out_of_a_file_and_goes_into_one(room):
    ours, code, _key = room
    app = workshop(code, A)
    app.file_uploader[0].upload("plan.json", as_file((B, C)).encode(), "application/json").run()
    assert ours.read(code).room.plan == (B, C) and plan_in_link(app) == [B, C]
    app.file_uploader[0].upload("plan.json", b"[]", "application/json").run()
    assert "a list of links of screens" in app.warning[0].value
    assert ours.read(code).room.plan == (B, C)


def test_lessons_add_their_screen_and_lead_back_and_on(room):
    ours, code, key_ = room
    ours.keep_plan(code, key_, ("Recap",))
    assert "1 screen" in [one.value for one in open_page("3_State_dict.py").caption]
    app = press(open_page("3_State_dict.py", present="true"), "Add this screen to the plan")
    plan = ours.read(code).room.plan
    assert plan[0] == "Recap" and plan[1].startswith("State_dict#How many of the four")
    press(app, "Add this screen to the plan")
    assert "does not have yet" in app.warning[0].value and ours.read(code).room.plan == plan
    assert "Previous" in labels(app) and "Next" not in labels(app)
    ours.keep_plan(code, key_, (A, "State_dict", C))
    app = open_page("3_State_dict.py")
    assert "2 of 3" in "".join(one.value for one in app.caption)
    press(app, "Next")
    assert app.session_state[state.PAGE.key] == "pages/5_Training.py"


def test_a_plan_goes_on_from_a_screen_that_was_answered_or_had_an_old_link(room):
    ours, code, key_ = room
    here = "3_State_dict.py"
    ours.keep_plan(
        code, key_, ("State_dict", "State_dict?keys=false&gone=1", "State_dict?edit=true")
    )
    app = press(open_page(here), "Next")
    assert "2 of 3" in [one.value for one in app.caption]
    assert "gone" not in app.query_params  # it is no setting any more, and the page said so
    press(app, "Next")
    assert "3 of 3" in [one.value for one in app.caption] and app.query_params["edit"] == "true"


def test_a_screen_joins_the_plan_without_the_guess_that_was_made_on_it(room):
    ours, code, _key = room
    link = {"device": "sim", "guess": "it works", "ran": "plain-sim-moved-a-device-error"}
    app = press(open_page("1_Attention_lab.py", seed="3", **link), "Add this screen to the plan")
    (screen,) = ours.read(code).room.plan
    assert screen.startswith("Attention_lab?") and "seed=3" in screen
    assert "ran=" not in screen and "guess=" not in screen
    assert "1 of 1" in [one.value for one in app.caption]  # and the guess does not lead away


def test_a_plan_is_prepared_without_a_room(monkeypatch):
    monkeypatch.setattr(control, "cookies", dict)
    app = workshop("", A)
    assert plan_in_link(app) == [A] and "The plan has no screen yet." not in text(app)
    press(app, "Clear the plan")
    assert plan_in_link(app) == []
