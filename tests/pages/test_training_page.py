"""The lesson on training, run by Streamlit's own test driver."""

import functools
import html
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text, unfold

from core.training.experiment import Training
from core.training.run import train
from core.training.settings import QUESTIONS, TRAINING
from pages.components import progress

TITLE = "What does training change, and what does it leave alone?"
RIGHT = dict(zip(QUESTIONS, ("changes", "stays", "stays", "changes", "changes"), strict=True))


@functools.cache
def result(training):
    return train(lambda *_: None, training)


@pytest.fixture
def at_once(monkeypatch):
    """The work is done by the page itself, without a worker."""
    monkeypatch.setattr(progress, "work", lambda key, work, training, live: result(training))


def page(**parameters):
    return open_page("5_Training.py", **parameters)


def words(app):
    """What the heatmaps show, as it is read out, in their order."""
    found = (re.findall(r"<p>(.*?)</p>", block.proto.body) for block in app.get("html"))
    return [html.unescape(part) for parts in found for part in parts]


def charts(app):
    return app.get("vega_lite_chart")


def answered(guesses):
    return {**guesses, "trained": "-".join(guesses.values())}


def test_results_wait_for_five_guesses_and_a_run(at_once):
    app = page(steps="5")
    assert not charts(app)
    for name, guess in RIGHT.items():
        assert app.button[0].disabled
        app.radio(key=name).set_value(guess).run()
    assert not charts(app)
    app.button[0].click().run()
    assert len(charts(app)) == 10
    assert "5 of 5 right" in app.success[0].value
    assert app.query_params["trained"] == "changes-stays-stays-changes-changes"
    # another training answers the same question; another guess does not
    app.radio(key="optimizer").set_value("SGD").run()
    assert len(charts(app)) == 10
    app.radio(key="plain_guess").set_value("changes").run()
    assert not charts(app) and "trained" not in app.query_params


DONE = "answered on pages/5_Training.py"


def done(app):
    return app.session_state[DONE]


def test_the_lesson_is_done_once_the_results_are_there(monkeypatch):
    here = []
    monkeypatch.setattr(progress, "work", lambda *_, **__: here[0] if here else None)
    app = page(steps="5", **RIGHT)
    app.button[0].click().run()
    assert "trained" in app.query_params and not done(app)  # a worker trains
    here.append(result(Training(steps=5)))
    app.run()
    assert done(app) == {("trained", "")}
    assert not done(page(steps="5", **answered(RIGHT)))  # a link to somebody's results
    assert not done(page(steps="5", predict="false"))  # nobody guessed, as on every other page


def test_every_answer_gets_its_reason(at_once):
    app = page(steps="5", **answered(dict.fromkeys(QUESTIONS, "stays")))
    assert "2 of 5 right" in app.warning[0].value
    shown = text(app)
    assert shown.count("check: you said stays") == 2
    assert shown.count("close: you said stays") == 3
    run = result(Training(steps=5))
    for question in QUESTIONS.values():
        assert question.words in shown
    drift = run.modules["buffer"].drifts["W_query.weight"][-1]
    assert f"Its distance from its start is {drift:.3g} by now" in shown
    moved = run.modules["BatchNorm"].drifts["norm.running_mean"][-1]
    assert f"Its distance from its start is {moved:.3g} by now" in shown  # as the table says
    assert f"`running_mean`: {moved:.3g} |" in shown
    for question in QUESTIONS.values():
        assert f"- {question.words}{question.where}: **" in shown
    assert "in the module whose mask is a buffer" in shown and "in the module *" not in shown


def test_without_the_gate_the_reasons_stand_there_all_the_same(at_once):
    app = page(steps="5", predict="false")
    assert len(charts(app)) == 10 and not app.success and not app.warning
    assert "you said" not in text(app) and "bit for bit" in text(app)
    assert all(chart.proto.alt for chart in charts(app))


def test_the_slider_shows_the_mask_at_its_step(at_once):
    app = page(steps="5", predict="false")
    assert app.slider[0].value == 5 and "at" not in app.query_params
    run = result(Training(steps=5))
    largest = run.modules["parameter"].masks[5].max().item()
    assert f"Largest {largest:.2f}" in words(app)[-2]
    app.slider[0].set_value(0).run()
    assert app.query_params["at"] == "0"
    assert "after 0 steps" in words(app)[-2]
    assert "Largest 0.00" in words(app)[-2]


def test_a_step_beyond_the_last_becomes_the_last_and_comes_back_with_more_steps(at_once):
    app = page(steps="5", predict="false", at="4")
    assert app.slider[0].value == 4 and not app.warning
    app.number_input(key="steps").set_value(3).run()
    assert app.slider[0].value == 3 and app.query_params["at"] == "4"
    said = "`at` is `4`, but it must be a step of this run, 0 to 3. `3` is used instead"
    assert said in app.warning[0].value
    app.number_input(key="steps").set_value(7).run()
    assert app.slider[0].value == 4 and not app.warning
    app.number_input(key="steps").set_value(3).run()
    app.slider[0].set_value(2).run()  # a step that there is takes its place
    assert app.query_params["at"] == "2" and not app.warning
    app.slider[0].set_value(3).run()
    assert "at" not in app.query_params and app.slider[0].value == 3
    app.number_input(key="steps").set_value(7).run()
    assert app.slider[0].value == 7


def test_every_section_opens_also_where_numbers_broke(at_once):
    sections = dict.fromkeys(("decay", "norm", "tensors", "code"), "true")
    app = page(steps="5", predict="false", **sections)
    assert len(charts(app)) == 13
    shown = text(app)
    assert "| buffer | `mask` | buffer | no | no gradient | 0 | identical |" in shown
    assert "| `norm.running_mean` | buffer | :gray-badge[stays] | :orange-badge" in shown
    assert any("torch.optim.AdamW" in block.value for block in app.code)
    unfold(app, "training")
    assert any("def train(models" in block.value for block in app.code)
    assert len(app.get("download_button")) == 2
    app = page(steps="5", predict="false", mask_start="-inf", optimizer="SGD", **sections)
    assert len(charts(app)) == 12
    said = [c.value for c in app.caption if "`nan`, no line is drawn" in c.value]
    assert sum(value.endswith(": parameter from step 1 on.") for value in said) == 2
    assert any("mask from step 1 on" in value for value in said)
    assert "parameter 0 before step 1, and `nan` from then on." in text(app)
    assert "In the module whose mask is a parameter, `nan` is in `W_query" in text(app)
    assert "`nan`" in text(app) and any("no finite number is left" in w for w in words(app))


def test_too_many_steps_on_sim_are_refused_with_the_way_out(at_once):
    app = page(steps="300", device="sim", predict="false")
    assert "at most 200 on `sim`" in app.error[0].value and "`cpu`" in app.error[0].value
    app.number_input(key="steps").set_value(3).run()
    assert not app.error and len(charts(app)) == 10


def test_a_worker_trains_and_the_page_shows_it():
    app = page(steps="3", predict="false")
    deadline = time.monotonic() + 60
    while len(charts(app)) < 10:  # 1: the losses so far
        assert time.monotonic() < deadline
        time.sleep(0.3)
        app.run()
    assert "bit for bit" in text(app)


VALUES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,5})?(e[0-9]{1,4})?", fullmatch=True),
    st.sampled_from(
        ["true", "false", "sim", "cpu", "", "nan", "-inf", "changes", "stays", "300", "sonnet"]
    ),
    st.just("y" * 100_000),
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(sorted(TRAINING)) | st.text(min_size=1, max_size=10),
        VALUES | st.lists(VALUES, min_size=1, max_size=3),
        max_size=5,
    ).filter(lambda parameters: len(str(parameters)) < 400_000)  # Streamlit drops longer links
)
def test_any_link_at_all_opens_a_working_page(monkeypatch, parameters):
    monkeypatch.setattr(progress, "work", lambda *args, **options: result(Training(steps=3)))
    parameters = {k: v for k, v in parameters.items() if not k.lower().startswith("embed")}
    app = page(**parameters)
    assert app.title[0].value == TITLE
    wrong = [n for n in parameters if n not in TRAINING]
    assert bool(app.warning) or not wrong


def test_a_hostile_link_names_every_fault():
    app = page(steps="1e9", at="-1", optimizer="Lion", plain_guess="maybe", mask_start="nan", x="1")
    (warning,) = app.warning
    for sentence in (
        "`steps` is `1e9`, but it must be a whole number from 1 to 400",
        "`at` is `-1`, but it must be a whole number from 0 to 400",
        "`optimizer` is `Lion`, but it must be one of `SGD`, `Adam`, `AdamW`",
        "`plain_guess` is `maybe`, but it must be one of `changes`, `stays`",
        "`mask_start` is `nan`, but it must be one of `-1`",
        "`x` is not a setting of this page",
    ):
        assert sentence in warning.value
