"""The show_mask_cost on what the mask costs, on a page of its own, in Streamlit's test driver."""

import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.device.simulated_device import register
from core.mask_cost import measure as mask_cost
from core.mask_cost.measure import measure
from core.mask_cost.settings import NAMES
from pages.components import progress


def page(ask):
    from pages.lab.mask_cost import show_mask_cost

    show_mask_cost(ask)


def run(ask=False, **parameters):
    app = AppTest.from_function(page, kwargs={"ask": ask}, default_timeout=60)
    for name, value in ({"cost_longest": "256"} | parameters).items():
        app.query_params[name] = value
    return checked(app.run())


def checked(app):
    assert not app.exception, app.exception[0].value
    return app


def charts(app):
    return len(app.get("vega_lite_chart"))


@pytest.fixture
def asked(monkeypatch):
    """Answers at once, here; collects what a worker would have been asked."""
    seen, kept = [], {}

    def work(key, function, *args, live=None):
        seen.append(args)
        device = args[0]
        if device not in kept:
            register()
            kept[device] = measure(lambda *_: None, device, 32, rounds=1)
        return kept[device]

    monkeypatch.setattr(progress, "work", work)
    return seen


def shown(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def test_nothing_runs_before_a_guess(asked):
    app = run(ask=True)
    assert not asked and not charts(app) and not app.get("download_button")
    app.radio(key="cost_guess").set_value(NAMES[0])
    checked(app.run())
    next(b for b in app.button if b.label == "Measure them").click()
    checked(app.run())
    assert charts(app) == 2 and asked == [("cpu", 256, 0)]
    verdict = [*app.success, *app.info, *app.warning]
    assert f"You said: {NAMES[0]}." in verdict[0].value
    assert app.query_params["cost_ran"] == "cpu-256-stored-buffer"
    # another length is another question
    app.radio(key="cost_longest").set_value("512")
    checked(app.run())
    assert not charts(app) and app.radio(key="cost_guess").value is None


def test_on_sim_the_question_is_about_bytes(asked):
    app = run(ask=True, cost_device="sim")
    app.radio(key="bytes_guess").set_value("none of them")
    checked(app.run())
    next(b for b in app.button if b.label == "Measure them").click()
    checked(app.run())
    assert "What happened: copied each time. In each forward pass" in app.warning[0].value
    app.radio(key="bytes_guess").set_value("copied each time")
    checked(app.run())
    next(b for b in app.button if b.label == "Measure them").click()
    checked(app.run())
    assert "That is what happened" in app.success[0].value


def test_everything_measured_is_on_the_page(asked):
    app = run(cost_device="sim")
    assert asked == [("sim", 256, 0)]
    text = shown(app)
    assert "copied 4.10 kB from `cpu` to `sim` in each forward pass" in text
    assert "All four gave the same context vectors" in text
    assert "Measured: 4 ways at 2 lengths, from 16 to 32 tokens." in text
    assert not app.table and "What watching costs" not in text
    app.session_state["all of mask_cost"] = True
    checked(app.run())
    assert any("class Benchmark" in block.value for block in app.code)
    assert len(app.get("download_button")) == 2


def test_what_was_not_measured_is_said_first(monkeypatch):
    register()
    part = replace(measure(lambda *_: None, "cpu", 32, rounds=1), lengths=(16, 32, 64))
    monkeypatch.setattr(progress, "work", lambda *args, **kwargs: part)
    said = run().warning[0].value
    assert "64 tokens were not measured" in said and "is of 16 and 32 tokens;" in said


def test_the_long_table_is_folded(asked):
    app = run(cost_device="sim", cost_figures="true")
    assert "What watching costs" in shown(app) and "| 32 |" in shown(app)
    assert len(app.table[0].value) == 8  # four ways at two lengths


def test_measuring_again_asks_for_another_attempt(asked):
    app = run()
    app.button(key="cost anew").click()
    checked(app.run())
    assert asked == [("cpu", 256, 0), ("cpu", 256, 1)]


def test_a_busy_machine_is_said_and_the_code_stays(monkeypatch):
    empty = measure(lambda *_: None, "cpu", 256, seconds=-1)
    monkeypatch.setattr(progress, "work", lambda *_, **__: empty)
    app = run()
    assert "No length was measured within 10 seconds" in app.warning[0].value
    assert not charts(app) and app.code


def test_different_results_of_the_four_are_an_error(monkeypatch):
    monkeypatch.setattr(mask_cost.RebuiltEachTime, "mask", None)
    monkeypatch.setattr(mask_cost.RebuiltEachTime, "forward", lambda self, x: self.W_value(x))
    report = measure(lambda *_: None, "cpu", 16, rounds=1)
    monkeypatch.setattr(progress, "work", lambda *_, **__: report)
    assert "did not give the same context vectors" in run().error[0].value


def test_a_worker_measures_it():
    app = run()
    deadline = time.monotonic() + 60
    while not charts(app):
        assert time.monotonic() < deadline
        time.sleep(0.5)
        checked(app.run())
    assert "Not measured" in shown(app) or "At 256 tokens on `cpu`" in shown(app)
