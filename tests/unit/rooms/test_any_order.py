"""Answers, retries, closings and reconnections in any order, against a simple model."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from room_answers import send_answer

from core.rooms.redis_store import RedisStore
from core.rooms.room import Question, RoomError
from core.rooms.rooms import Rooms
from core.rooms.sqlite_store import SqliteStore

WILL = Question("will", "Will it work?", ("yes", "no", "maybe"))
WHO = st.sampled_from(["ann", "bob", "cid"])
ANSWER = st.tuples(st.just("answer"), WHO, st.integers(0, 4), st.integers(0, 3), st.integers(1, 4))
STEP = st.one_of(
    ANSWER,
    ANSWER,
    st.tuples(st.sampled_from(["close", "reopen", "reveal", "reset", "ask_again", "look"])),
)


class Model:
    """What should be: a dict of answers by (asking, learner), and the phase."""

    def __init__(self):
        self.phase, self.now, self.answers, self.askings = "open", 1, {}, [1]

    def answer(self, who, behind, choice, attempt):
        asking = self.now - behind  # a message that was long on its way
        key = asking, who
        before = self.answers.get(key)
        if self.phase != "open" or behind or choice > 2:
            return "closed"
        if before and before[1] >= attempt:
            return "known"
        self.answers[key] = choice, attempt
        return "taken"

    def change(self, name):
        """Whether the instructor may."""
        if name in ("close", "reopen") and self.phase not in ("open", "closed"):
            return False
        if name == "reset":
            self.answers = {k: v for k, v in self.answers.items() if k[0] != self.now}
            self.askings.remove(self.now)
        if name in ("reset", "ask_again"):
            self.now += 1
            self.askings.append(self.now)
        phases = {"close": "closed", "reveal": "revealed"}
        self.phase = phases.get(name, "open")
        return True

    def counts(self, asking):
        chosen = [choice for (one, _), (choice, _) in self.answers.items() if one == asking]
        return tuple(chosen.count(option) for option in range(3))


@contextmanager
def store(kind, request):
    if kind == "redis":
        made = RedisStore(request.getfixturevalue("redis_server").address)
        made.redis.flushdb()
        yield made
        made.close()
        return
    with TemporaryDirectory() as folder:
        made = SqliteStore(Path(folder, "rooms"))
        yield made
        made.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, max_size=25))
def test_every_order_ends_as_the_model_says(kind, request, steps):
    with store(kind, request) as made:
        rooms, model = Rooms(made), Model()
        code, key = rooms.create()
        rooms.ask(code, key, WILL)
        for name, *rest in steps:
            if name == "answer":
                who, behind, choice, attempt = rest
                number = model.now - behind
                receipt = send_answer(rooms, code, who, number, choice, attempt)
                assert receipt.status == model.answer(*rest)
                stands = model.answers.get((number, who))
                got = receipt.stands and (receipt.stands.choice, receipt.stands.attempt)
                assert got == stands
            elif name == "look":  # somebody reconnects
                for who in ("ann", "bob", "cid"):
                    found = rooms.answer_of(code, who, model.now)
                    got = found and (found.choice, found.attempt)
                    assert got == model.answers.get((model.now, who))
            else:
                extra = (1, "Because.") if name == "reveal" else ()
                try:
                    getattr(rooms, name)(code, key, *extra)
                    done = True
                except RoomError:
                    done = False
                assert done == model.change(name), name
            seen = rooms.read(code)
            assert (seen.room.phase, seen.room.asking.number) == (model.phase, model.now)
            assert seen.counts == model.counts(model.now)
        results = rooms.summary(code, key)
        assert [(one.asking.number, one.counts) for one in results] == [
            (number, model.counts(number)) for number in model.askings
        ]
