"""A room at a screen with five guesses: asked one after the other, revealed together."""

import pytest
from page_driver import open_page, text
from room_answers import send_answer
from room_pages import labels, press

from core.training.run import train
from core.training.settings import QUESTIONS
from pages.components import progress

NEXT = ["`mask`, a plain attribute", "`mask`, a buffer", "`mask`, an `nn.Parameter`",
        "`running_mean` of a BatchNorm, a buffer"]  # fmt: skip
CHANGES, STAYS = 0, 1


@pytest.fixture
def at_once(monkeypatch):
    """The work is done by the page itself, without a worker."""
    monkeypatch.setattr(
        progress, "work", lambda key, work, training, live: train(lambda *_: None, training)
    )


def name(label):
    return label.replace("`", "")


def answer(ours, code, *choices):
    for learner, choice in enumerate(choices):
        number = ours.read(code).room.asking.number
        assert send_answer(ours, code, f"learner {learner}", number, choice, 1).status == "taken"


def primary(app):
    """The names of the room's buttons that are next."""
    found = [one for one in app.button if one.proto.type == "primary" and one.key]
    return [one.label for one in found if one.key.startswith("room ")]


def test_five_guesses_one_at_a_time_then_revealed_and_shown_one_by_one(room, at_once):
    ours, code, key = room
    app = press(open_page("5_Training.py", steps="5"), "Ask the room")
    # most say that everything changes, which is wrong of the plain attribute and of the buffer
    for following in NEXT:
        assert primary(app) == ["Close"] and "Reveal" not in labels(app)
        answer(ours, code, CHANGES, CHANGES, STAYS)
        press(app, "Close")
        assert primary(app) == [f"Next guess: {name(following)}"]
        assert "for all 5 guesses at once" in "".join(one.value for one in app.caption)
        press(app, f"Next guess: {name(following)}")
        assert ours.read(code).room.question.prompt.endswith(following)
        assert ours.read(code).answered == 0
    assert "**Guess 5 of 5.**" in text(app)
    answer(ours, code, CHANGES)
    press(app, "Close")
    assert primary(app) == ["Reveal"]
    assert "What happened" not in "".join(one.value for one in app.warning)
    press(app, "Reveal")
    shown = text(app)
    assert "**3 of 5 right.**" in app.warning[0].value
    assert shown.count("2 of 3 in the room said changes") == 4
    assert shown.count("1 of 1 in the room said changes") == 1
    # the phones show the last one; the others follow when the instructor says so
    now = ours.read(code).room
    assert now.phase == "revealed" and now.question.prompt.endswith(NEXT[-1])
    # a weight and an nn.Parameter are trained; a plain attribute and a buffer of a mask are not
    asked = [QUESTIONS["weight_guess"].words, *NEXT[:3]]
    for label, happened in zip(asked, (CHANGES, STAYS, STAYS, CHANGES), strict=True):
        assert primary(app) == [f"Next result: {name(label)}"]
        press(app, f"Next result: {name(label)}")
        now = ours.read(code)
        assert now.room.phase == "revealed" and now.room.question.prompt.endswith(label)
        assert now.room.asking.reveal.happened == happened and now.room.asking.reveal.reason
        assert now.counts == (2, 1)
    assert primary(app) == []
    results = ours.summary(code, key)
    assert len(results) == 5 and all(one.asking.reveal for one in results)


def test_guesses_of_the_instructor_need_no_room(room, at_once):
    ours, code, _key = room
    app = open_page("5_Training.py", steps="5")
    for guess in list(QUESTIONS)[1:]:
        app.radio(key=guess).set_value("stays").run()
    press(app, "Ask the room")  # the guesses that were just made stay
    answer(ours, code, CHANGES)
    press(app, "Reveal")
    assert "1 of 1 in the room said changes" in text(app)
    assert text(app).count("you said stays") == 4
    assert ours.read(code).room.asking.reveal.happened == 0
    # a second round forgets what the first one showed, and keeps the other guesses
    press(app, "Ask again")
    assert ours.read(code).room.asking.after_reveal


def test_a_screen_for_learners_is_not_in_large_type(room):
    ours, code, _key = room
    link = {"present": "true", "controls": "hidden"}
    press(open_page("3_State_dict.py", **link), "Ask the room")
    assert ours.read(code).room.question.screen.link == "/State_dict?controls=hidden"
