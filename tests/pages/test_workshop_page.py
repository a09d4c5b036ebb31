"""The instructor's page and the room at a lesson's gate, in Streamlit's test driver."""

import contextlib
import sqlite3

import pytest
from page_driver import open_page, text
from room_answers import send_answer
from room_pages import labels, press

from core.rooms.questions import plain
from core.rooms.room import NoRoom
from pages.rooms import control
from pages.rooms.identity import key_cookie


def test_without_a_room_the_page_offers_to_open_one(monkeypatch):
    monkeypatch.setattr(control, "cookies", dict)
    app = open_page("11_Workshop.py")
    assert "Learners join with a code" in text(app)
    assert "Ask the room" not in labels(open_page("3_State_dict.py"))


def test_of_several_networks_the_page_says_which_one_phones_are_told_of(monkeypatch):
    monkeypatch.setattr(control, "cookies", dict)
    found = ["http://192.168.1.20:8501", "http://10.8.0.3:8501"]
    monkeypatch.setattr("pages.rooms.instructor.server_addresses", lambda seen: found)
    said = text(open_page("11_Workshop.py", plan=["State_dict?edit=true"]))
    assert "told the address http://192.168.1.20:8501." in said
    assert "(http://10.8.0.3:8501/Workshop?plan=State_dict%3Fedit%3Dtrue)" in said
    monkeypatch.setattr("pages.rooms.instructor.server_addresses", lambda seen: found[:1])
    assert "network" not in text(open_page("11_Workshop.py"))


def test_a_link_with_a_silly_code_says_what_a_code_is(room):
    app = open_page("11_Workshop.py", room="AAAA")
    assert "`AAAA` is no code of a room" in app.warning[0].value


def test_another_browser_does_not_control_the_room(room, monkeypatch):
    monkeypatch.setattr(control, "cookies", lambda: {key_cookie(room[1]): "wrong"})
    app = open_page("11_Workshop.py", room=room[1])
    assert "does not control room" in app.info[0].value
    assert not {"End it now", "Close", "Reset"} & labels(app)
    assert "Ask the room" not in labels(open_page("3_State_dict.py"))


def test_the_page_shows_the_code_and_never_the_key(room):
    _ours, code, key = room
    app = open_page("11_Workshop.py", room=code)
    shown = "\n".join(str(element.proto) for element in app.get("html"))
    assert f"{code[:3]} {code[3:]}" in shown and f"/r/{code}/qr.svg" in shown
    assert key not in str(app)
    app.toggle(key="room secret").set_value(True).run()
    assert [one.value.endswith(f"/r/{code}/key#{key}") for one in app.code] == [True]


def test_a_question_from_its_asking_to_its_reveal(room):
    ours, code, _key = room
    app = press(open_page("3_State_dict.py"), "Ask the room")
    asking = ours.read(code).room.asking
    assert asking.question.prompt == "How many of the four have `mask` in their `state_dict`?"
    assert asking.question.options == ("none", "one", "two", "three", "all four")
    assert asking.question.screen.page == "State_dict"
    assert "a plain attribute, a persistent buffer" in asking.question.context
    held = asking.question.code.split("\n")
    assert len(held) == 4 and held[0] == "self.mask = causal_mask(context_length)"
    assert held[2] == 'self.register_buffer("mask", causal_mask(context_length), persistent=False)'
    assert ours.read(code).room.phase == "open"
    press(app, "Reveal")
    assert "Nobody has answered yet" in app.warning[0].value
    assert ours.read(code).room.phase == "open"
    for learner, choice in (("a", 3), ("b", 3), ("c", 2)):
        send_answer(ours, code, learner, asking.number, choice, 1)
    press(app, "Close")
    assert ours.read(code).room.phase == "closed"
    assert "That is what happened" not in text(app)
    press(app, "Reveal")
    shown = ours.read(code).room
    # two: a persistent buffer and an nn.Buffer are saved; the other two are not
    assert (shown.phase, shown.asking.reveal.happened) == ("revealed", 2)
    assert "**" not in shown.asking.reveal.reason and shown.asking.reveal.reason
    # the whole reason, also where the room's guess was wrong
    (said,) = (one.value for one in app.warning)
    assert plain(said).partition("two. ")[2].startswith(shown.asking.reveal.reason[:40])
    assert app.warning[0].value.startswith("**Counted: two")
    assert app.warning[0].value.endswith("**2 of 3 in the room said: three.**")
    press(app, "Ask again")
    again = ours.read(code).room.asking
    assert (again.round, again.after_reveal, ours.read(code).counts) == (2, True, (0,) * 5)
    send_answer(ours, code, "a", again.number, 2, 1)
    for _ in range(2):  # what the first round said stays while the second is open, and after it
        app.run()
        assert app.warning[0].value.endswith("**2 of 3 in the room said: three.**")
        if ours.read(code).room.phase == "open":
            press(app, "Close")


def test_a_learners_own_guess_and_the_instructors_are_you(room):
    ours, code, _key = room
    app = press(open_page("3_State_dict.py"), "Ask the room")
    for learner, choice in (("a", 3), ("b", 3), ("c", 2)):
        send_answer(ours, code, learner, 1, choice, 1)
    link = {"in_state": "three", "keys_ran": "four-three"}
    # an open question says nothing of its counts, and a guess that few made is one's own
    assert open_page("3_State_dict.py", **link).warning[0].value.endswith("**You said: three.**")
    press(app, "Close")
    again = open_page("3_State_dict.py", **link)  # a reload, after which no session remembers
    assert again.warning[0].value.endswith("**2 of 3 in the room said: three.**")
    other = open_page("3_State_dict.py", in_state="two", keys_ran="four-two")
    assert other.success[0].value.startswith("**You said: two.")
    # the next question is up; this one's screen still says who guessed
    press(open_page("1_Attention_lab.py"), "Ask the room")
    again = open_page("3_State_dict.py", **link)
    assert again.warning[0].value.endswith("**2 of 3 in the room said: three.**")


def test_a_learner_without_the_key_is_you(room, monkeypatch):
    ours, code, _key = room
    press(open_page("3_State_dict.py"), "Ask the room")
    send_answer(ours, code, "a", 1, 3, 1)
    press(open_page("3_State_dict.py"), "Close")
    monkeypatch.setattr(control, "cookies", dict)
    app = open_page("3_State_dict.py", in_state="three", keys_ran="four-three")
    assert app.warning[0].value.endswith("**You said: three.**")


def test_reset_drops_the_answers_and_another_question_replaces(room):
    ours, code, key = room
    app = press(open_page("3_State_dict.py"), "Ask the room")
    send_answer(ours, code, "a", ours.read(code).room.asking.number, 1, 1)
    press(app, "Reset")
    assert ours.read(code).counts == (0,) * 5 and ours.read(code).room.phase == "open"
    press(open_page("1_Attention_lab.py"), "Ask the room")
    assert ours.read(code).room.question.screen.page == "Attention_lab"
    assert len(ours.summary(code, key)) == 2


def test_the_chart_is_hidden_until_closed_unless_switched_on(room):
    ours, code, _key = room
    press(open_page("3_State_dict.py"), "Ask the room")
    app = open_page("11_Workshop.py", room=code)
    assert not ours.read(code).room.show_counts
    app.toggle(key=f"room chart {code}").set_value(True).run()
    assert ours.read(code).room.show_counts


def test_the_end_of_a_room_leaves_its_summary(room):
    ours, code, _key = room
    press(open_page("3_State_dict.py"), "Ask the room")
    send_answer(ours, code, "a", 1, 2, 1)
    app = press(open_page("11_Workshop.py", room=code), "End it now")
    assert ours.read(code).room.phase == "ended"
    assert "How many of the four have `mask`" in text(app)
    assert [one.label for one in app.get("download_button")] == ["Summary (.csv)", "Summary (.md)"]


@pytest.mark.parametrize("ended", [False, True])
def test_a_room_is_deleted_with_all_its_answers_after_a_second_look(room, ended):
    ours, code, key = room
    press(open_page("3_State_dict.py"), "Ask the room")
    send_answer(ours, code, "a", 1, 2, 1)
    if ended:
        ours.end(code, key)
    app = open_page("11_Workshop.py", room=code, plan=["State_dict"])
    assert "This cannot be undone." in text(app)
    press(app, "Delete it now")
    assert app.success[0].value == f"Room {code[:3]} {code[3:]} and all its answers are deleted."
    assert "room" not in app.query_params and app.query_params["plan"] == "State_dict"
    with pytest.raises(NoRoom):
        ours.read(code)
    with contextlib.closing(sqlite3.connect(ours.store.path)) as file:
        for table in ("room", "asking", "answer"):
            assert file.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert not app.run().success, "it is said once"


LESSONS_ASK = {  # a screen with a question: what of its code, or of its words, a phone shows
    "../dashboard.py": ({}, "self.mask = causal_mask(context_length)\n", "differ in one line"),
    "1_Attention_lab.py": (
        {"device": "cpu", "move_mask": "true", "buffer": "true"},
        '# CausalAttentionWithBuffer\nself.register_buffer("mask", causal_mask(context_length), '
        "persistent=True)\nmodel.to(device)\nmodel.mask = model.mask.to(device)",
        "hides later tokens",
    ),
    "2_Moving_devices.py": ({}, "", 'plain attribute → `to("sim")` → `forward`'),
    "4_What_is_state.py": ({}, 'self.register_buffer("mask", tensor)\nmodule.half()', ""),
    "5_Training.py": ({}, "", "Five modules learn"),
    "6_Failure_cases.py": ({"case": "mask-left-behind"}, "def ", ""),
    "7_Check_your_module.py": ({}, "self.shifts = [torch.full((8,), 0.5)]", ""),
    "9_Decision_card.py": ({"view": "the case machine"}, "class ", "."),
    "10_Recap.py": ({}, "\n", ""),
}


@pytest.mark.parametrize("page", LESSONS_ASK)
def test_a_question_comes_with_what_its_page_shows_beside_it(room, page):
    ours, code, _key = room
    settings, lines, words = LESSONS_ASK[page]
    app = press(open_page(page, **settings), "Ask the room")
    asked = ours.read(code).room.question
    assert lines in asked.code and words in asked.context
    assert asked.code or asked.context
    shown = text(app) + "".join(one.value for one in app.code)
    if page not in ("../dashboard.py", "1_Attention_lab.py", "4_What_is_state.py"):  # drawn as HTML
        for line in asked.code.split("\n"):
            assert line in shown, line
