"""The attention lab, run by Streamlit's own test driver."""

import html
import re
import time

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text
from streamlit.runtime.scriptrunner import StopException

from core.charts.heatmap import cell_text
from core.lab import view
from core.lab.experiment import Experiment
from core.lab.reasons import saved_answer
from core.lab.run import run
from core.lab.settings import LAB, SAVED_ANSWERS, lab_settings
from core.settings.outcome_question import OUTCOMES
from pages.lab import controls

WORKS, DEVICE_ERROR, ELSE = OUTCOMES


def lab(**parameters):
    return open_page("1_Attention_lab.py", **parameters)


def words(app):
    """What the charts show, as it is read out, in their order."""
    found = (re.findall(r"<p>(.*?)</p>", block.proto.body) for block in app.get("html"))
    return [html.unescape(part) for parts in found for part in parts]


def charts(app):
    return app.get("vega_lite_chart")


def printed_cells(chart):
    return pyarrow.ipc.open_stream(chart.proto.datasets[0].data.data).read_pandas()["text"].tolist()


def test_results_wait_for_a_guess_and_a_run():
    app = lab()
    assert not charts(app)
    assert app.button[0].disabled
    app.radio(key="guess").set_value(DEVICE_ERROR).run()
    assert not charts(app)
    app.button[0].click().run()
    assert len(charts(app)) == 3
    assert "That is what happened" in app.success[0].value


def test_a_wrong_guess_gets_the_reason_too():
    app = lab(buffer="false")
    app.radio(key="guess").set_value(WORKS).run()
    app.button[0].click().run()
    bold = app.warning[0].value.split("**")[1]
    mask = "The mask of `CausalAttentionWithoutBuffers` is a plain attribute"
    assert f"What happened: a device error. {mask}" in bold


def test_the_gate_can_be_switched_off_by_link_and_by_control():
    assert len(charts(lab(predict="false"))) == 3
    app = lab()
    app.toggle(key="predict").set_value(False).run()
    assert len(charts(app)) == 3


def test_a_change_that_matters_asks_anew_and_one_that_does_not_keeps_the_results():
    app = lab(guess=WORKS, buffer="true", ran="buffer-sim-moved-it-works", inputs="true")
    assert len(charts(app)) == 3
    app.number_input(key="seed").set_value(7).run()
    assert len(charts(app)) == 3
    app.radio(key="device").set_value("cpu").run()
    assert not charts(app)
    assert app.radio(key="guess").value is None
    assert "ran" not in app.query_params


def test_what_stood_beside_the_answer_is_not_asked_again():
    app = lab(guess=WORKS, buffer="true", ran="buffer-sim-moved-it-works")
    app.toggle(key="buffer").set_value(False).run()
    assert len(charts(app)) == 3 and app.radio(key="guess").value == WORKS
    assert "What will `CausalAttentionWithBuffer` do on `sim`?" in text(app)
    assert "The mask is a registered buffer" in app.success[0].value
    alone = lab(guess=WORKS, buffer="true", ran="buffer-sim-moved-it-works", compare="false",
                inputs="true")  # fmt: skip
    alone.toggle(key="buffer").set_value(False).run()
    assert not charts(alone) and alone.radio(key="guess").value is None


def test_whether_a_mask_is_saved_is_asked_although_both_ran():
    app = lab(guess=DEVICE_ERROR, ran="plain-sim-moved-a-device-error", persistent="false")
    assert len(charts(app)) == 3
    app.toggle(key="buffer").set_value(True).run()
    assert not charts(app) and app.radio(key="saved_guess").value is None


def test_the_line_above_says_what_persistent_is():
    for persistent in ("True", "False"):
        app = lab(persistent=persistent.lower())
        (line,) = [h.proto.body for h in app.get("html") if 'marked short"' in h.proto.body]
        assert f"causal_mask(context_length), persistent={persistent})" in html.unescape(line)


def test_where_the_chosen_one_failed_the_probe_takes_the_one_beside_it():
    app = lab(predict="false", causality="true")
    assert "`CausalAttentionWithBuffer`, beside it, is probed." in app.info[0].value
    assert "are identical, bit for bit" in app.success[0].value
    alone = lab(predict="false", causality="true", compare="false")
    assert "no rows to compare" in alone.info[0].value


def test_the_heatmaps_hold_the_observed_values():
    app = lab(predict="false", device="cpu", seed="9", d_out="4")
    trace = run(Experiment(device="cpu", seed=9, d_out=4)).with_buffer.trace
    masked, weights = charts(app)[2:]
    expected = trace.get("attn_scores", 1).tensor.flatten().tolist()
    assert printed_cells(masked) == [
        "−∞" if v == float("-inf") else f"{v:.2f}".replace("-", "−") for v in expected
    ]
    expected = trace.get("attn_weights").tensor.flatten().tolist()
    assert printed_cells(weights) == [f"{v:.2f}" for v in expected]
    names = [chart.proto.alt for chart in charts(app)]
    assert len(set(names)) == 4 and all(names)
    assert len(words(app)) == 4 and "Masked scores of CausalAttentionWithBuffer" in words(app)[2]


def test_the_failing_variant_shows_the_real_exception_and_keeps_what_is_known():
    app = lab(predict="false", buffer="false")
    assert any(
        "RuntimeError: expected self and mask to be on the same device, "
        "but got mask on cpu and self on sim:0" in block.value
        for block in app.code
    )
    shown = text(app)
    assert "on `cpu`: `self.mask`" in shown
    assert "register_buffer" in shown
    assert "Scores before the mask" in shown
    assert "never computed" in shown


def test_a_mask_that_is_not_saved_is_said_to_be_so_and_not_in_red():
    shown = text(lab(predict="false"))
    assert "| `mask` | :gray-badge[not saved] | (6, 6) | `cpu` |" in shown
    assert "only here" in shown and "red-badge[:material/close" not in shown
    alone = text(lab(predict="false", compare="false"))
    assert "not saved" in alone and "CausalAttentionWithBuffer" not in alone


def test_a_mask_that_is_not_persistent_keeps_its_row_and_says_by_choice():
    for device in ("cpu", "sim"):
        shown = text(lab(predict="false", persistent="false", device=device))
        assert "`mask` is a **non-persistent buffer**" in shown
        assert "| `mask` | :gray-badge[not saved, by choice] |" in shown
        assert "It moves with the module." in shown
        assert "only here" not in shown
    assert "by choice: `persistent=False`" in shown, "the explanation on sim changes too"


def test_persistence_asks_about_the_state_dict():
    app = lab(buffer="true", persistent="false")
    assert "If it is not, will `forward` still work on `sim`?" in text(app)
    assert app.radio(key="saved_guess").options == list(SAVED_ANSWERS)
    app.radio(key="saved_guess").set_value("it is saved").run()
    app.button[0].click().run()
    assert (
        "What happened: it is not saved, and forward works. `persistent=False`"
        in (app.warning[0].value.split("**")[1])
    )
    assert app.query_params["saved_ran"] == "buffer-sim-moved-it-is-saved"


@pytest.mark.parametrize("buffer", [False, True])
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("device", ["cpu", "sim"])
@pytest.mark.parametrize("moved", [False, True])
def test_of_every_question_only_the_choice_that_came_true_is_green(
    buffer, persistent, device, moved
):
    experiment = Experiment(persistent=persistent, device=device, move_model=moved)
    observed = run(experiment).variant(buffer)
    happened = saved_answer(observed) if buffer and not persistent else observed.outcome
    saved = "mask" in observed.state_dict
    assert saved == (buffer and persistent)
    link = {"buffer": str(buffer).lower(), "persistent": str(persistent).lower(), "device": device,
            "move_model": str(moved).lower()}  # fmt: skip
    app = lab(**link)
    (asked,) = [radio for radio in app.radio if radio.key in ("guess", "saved_guess")]
    green = []
    for option in asked.options:
        app.radio(key=asked.key).set_value(option).run()
        app.button[0].click().run()
        green += [option] * bool(app.success)
    assert green == [happened]


def test_moving_the_mask_by_hand_cures_the_plain_variant():
    app = lab(predict="false", buffer="false", inputs="true")
    app.toggle(key="move_mask").set_value(True).run()
    assert len(charts(app)) == 4
    assert "a device error" not in text(app)


def test_every_section_opens_on_success_and_on_failure():
    sections = dict.fromkeys(("inputs", "pipeline", "tensors", "causality", "code"), "true")
    for buffer, model in (("true", "true"), ("false", "true"), ("false", "false")):
        app = lab(predict="false", buffer=buffer, move_model=model, **sections)
        shown = text(app)
        assert "Weights after dropout" in shown
        assert "| tensor | kind |" in shown
        assert any("torch.manual_seed(123)" in block.value for block in app.code)
        assert len(app.get("download_button")) == 3


def test_the_pipeline_says_what_was_not_reached():
    shown = text(lab(predict="false", buffer="false", pipeline="true"))
    assert shown.count("not reached") == 5


def test_a_row_that_dropout_emptied_is_told_as_that():
    app = lab(
        predict="false", pipeline="true", dropout="0.9", weights="notebook", d_out="16",
        device="cpu", seed="2147483647", persistent="false",
    )  # fmt: skip
    assert "Dropout removed every weight of this row" in text(app)


def test_the_reason_stands_beside_every_variant_once():
    app = lab(predict="false")
    assert text(app).count("The mask is a registered buffer, so") == 1
    assert (
        text(app).count("The mask of `CausalAttentionWithoutBuffers` is a plain attribute, so") == 1
    )
    app = lab(guess=WORKS, buffer="true", ran="buffer-sim-moved-it-works")
    assert "The mask is a registered buffer, so" not in text(app)
    assert "The mask is a registered buffer, so" in app.success[0].value


def test_persistent_can_be_switched_while_a_buffer_is_on_the_screen():
    for compare, said in (
        ("true", "*Persistent* changes only the other module."),
        ("false", "*Persistent* has no effect: only a buffer is persistent or not."),
    ):
        app = lab(buffer="false", compare=compare)
        assert app.toggle(key="persistent").disabled is (compare == "false")
        assert app.caption[0].value == said
    assert not any("*Persistent*" in one.value for one in lab(buffer="true").caption)


def test_the_causality_probe_finds_earlier_rows_identical():
    app = lab(predict="false", buffer="true", causality="true", changed="4")
    assert "All 3 rows before “with” are identical" in app.success[0].value
    assert text(app).count("identical") == 6
    assert "Of the 3 rows before “with”, 3 changed, by up to" in text(app), "without a mask"


def test_a_sentence_of_ones_own_becomes_the_input():
    app = lab(
        predict="false", input="sentence", sentence="To be, or not!", device="cpu", inputs="true"
    )
    assert "key To" in words(app)[0]
    app.text_input(key="sentence").set_value("").run()
    assert "must be 1 to 64 words" in app.error[0].value
    assert app.text_input(key="sentence").value == ""
    app.text_input(key="sentence").set_value("Again").run()
    assert not app.error


def test_numbers_of_ones_own_become_the_input():
    app = lab(predict="false", input="numbers", x="1 2 3; 4 5 6", context_length="2", inputs="true")
    assert "2 queries by 2 keys" in words(app)[0]
    app.text_input(key="x").set_value("1 2 3; 4 five 6").run()
    assert "must be 1 to 64 rows of 3 numbers" in app.error[0].value
    assert app.text_input(key="x").value == "1 2 3; 4 five 6"


def test_markup_in_a_sentence_stays_text():
    app = lab(
        predict="false", input="sentence", sentence="_a_ *b* `c` $d$ <i> |", context_length="20",
        buffer="true", pipeline="true", causality="true", query="1", changed="1",
    )  # fmt: skip
    assert any("“\\_a\\_”" in caption.value for caption in app.caption)
    rows = [line for line in text(app).split("\n") if line.startswith("| 1. ")]
    assert rows and rows[0].startswith("| 1. \\_a\\_ |")
    assert any("\\|" in line for line in text(app).split("\n") if line.startswith("| 14. "))


@pytest.mark.parametrize(
    "link",
    [
        {"seed": "9", "d_out": "4", "dropout": "0.5", "qkv_bias": "true", "context_length": "7"},
        {"input": "sentence", "sentence": "To be, or not!", "weights": "notebook"},
        {"input": "numbers", "x": "1 2 3; 4 5 6"},
        {"input": "text", "tokens": "12"},
    ],
)
def test_a_link_counts_the_same_before_its_controls_are_drawn_and_after(link):
    """They are drawn when their section is first opened, and stay when it is closed."""
    closed = lab(predict="false", device="cpu", **link)
    opened = lab(predict="false", device="cpu", inputs="true", **link)
    assert dict(closed.query_params) | {"inputs": "true"} == dict(opened.query_params)
    assert not closed.warning and not opened.warning
    assert "seed" not in {box.key for box in closed.number_input}
    assert "seed" in {box.key for box in opened.number_input}
    shown = [[chart.proto.SerializeToString() for chart in charts(app)] for app in (closed, opened)]
    assert shown[0] == shown[1] and shown[0]


@pytest.mark.parametrize(
    ("link", "used"),
    [
        ({"input": "sentence"}, 7),
        ({"input": "text", "tokens": "12"}, 12),
        ({"input": "numbers", "x": "1 2 3; 4 5 6"}, 2),
        ({}, 6),
        ({"context_length": "9"}, 9),
        ({"input": "sentence", "context_length": "9"}, 9),
    ],
)
def test_the_context_length_is_the_inputs_unless_one_is_set_and_is_shown(link, used):
    app = lab(predict="false", device="cpu", inputs="true", **link)
    assert not app.error and "something else" not in text(app)
    assert f"The mask has {used} rows and columns." in [caption.value for caption in app.caption]
    assert f"({used}, {used})" in text(app)


def test_dropout_changes_the_first_screen():
    app = lab(predict="false", device="cpu", dropout="0.5")
    assert "Weights after dropout" in text(app)
    trace = run(Experiment(device="cpu", dropout=0.5)).with_buffer.trace
    dropped = trace.get("dropped_weights").tensor.flatten().tolist()
    assert printed_cells(charts(app)[3]) == [f"{v:.2f}" for v in dropped]
    assert "Weights after dropout" not in text(lab(predict="false", device="cpu"))


def test_a_number_for_the_context_length_counts_whatever_the_input_is():
    for link in ({"input": "text", "tokens": "12"}, {"input": "sentence"}, {}):
        assert "something else" in text(lab(predict="false", context_length="5", **link))


def test_text_survives_being_hidden():
    app = lab(predict="false", input="sentence", sentence="Keep me", inputs="true")
    app.radio(key="input").set_value("example").run()
    app.radio(key="input").set_value("sentence").run()
    assert app.text_input(key="sentence").value == "Keep me"


def test_too_many_tokens_is_something_else_and_says_so():
    app = lab(predict="false", context_length="4")
    assert "something else" in text(app)
    assert any("x has 6 tokens, but context_length is 4" in block.value for block in app.code)


def test_a_token_beyond_the_input_is_brought_back():
    app = lab(predict="false", causality="true", changed="60", pipeline="true", query="50")
    assert app.number_input(key="changed").value == 6
    assert app.number_input(key="query").value == 6
    said = [warning.value for warning in app.warning]
    assert said == [
        "`query` is `50`, but it must be a token of this input, 1 to 6. `6` is used instead.",
        "`changed` is `60`, but it must be a token of this input, 1 to 6. `6` is used instead.",
    ]


def test_a_hostile_link_opens_the_page_and_names_every_fault():
    app = lab(
        seed="1e999", device="quantum", x="y" * 100_000, buffer=["true", "maybe"], a="<b>",
        inputs="true",
    )  # fmt: skip
    (warning,) = app.warning
    for sentence in (
        "`seed` is `1e999`, but it must be a whole number from 0 to 2,147,483,647",
        "`device` is `quantum`, but it must be one of `cpu`",
        "(100,000 characters)",
        "`buffer` stands 2 times",
        "`buffer` is `maybe`, but it must be `true` or `false`",
        "`a` is not a setting of this page",
    ):
        assert sentence in warning.value
    assert app.number_input(key="seed").value == 123
    app.button[0].click().run()
    assert not app.warning


def test_many_tokens_are_a_picture_with_a_window_and_a_probe():
    app = lab(
        predict="false", device="cpu", input="text", tokens="300", context_length="300",
        zoom="true", zoom_query="120", zoom_key="118", causality="true", changed="200",
        pipeline="true", query="250", code="true",
    )  # fmt: skip
    assert len(charts(app)) == 4
    assert "300 queries by 300 keys, 44850 masked" in words(app)[0]
    trace = run(lab_experiment(app)).with_buffer.trace
    window = app.table[0].value
    exact = trace.get("attn_scores", 1).tensor[0, 119:127, 117:125].tolist()
    assert window.values.tolist() == [[cell_text(v, 6) for v in row] for row in exact]
    assert "| 1. Shall to 199. " in text(app).replace("\\", "")
    assert "All 199 rows before" in app.success[0].value
    assert any("250 have a weight above 0. The 16 largest" in c.value for c in app.caption)
    assert any(block.value.startswith("inputs = torch.tensor(ROWS)") for block in app.code)


def lab_experiment(app):
    values = {name: setting.default for name, setting in LAB.items()}
    values |= {"input": "text", "tokens": 300, "context_length": 300, "device": "cpu"}
    return lab_settings(values).experiment


def test_with_the_text_the_mask_covers_all_tokens_and_the_link_says_how():
    app = lab(predict="false", device="cpu", inputs="true")
    app.radio(key="input").set_value("text").run()
    assert "| `mask` | :green-badge[:material/add: saved only here] | (64, 64) |" in text(app)
    app.number_input(key="tokens").set_value(100).run()
    assert "(100, 100)" in text(app)
    app.number_input(key="context_length").set_value(150).run()
    assert "(150, 150)" in text(app)
    app.radio(key="input").set_value("example").run()
    assert "(150, 150)" in text(app)
    assert "(80, 80)" in text(lab(predict="false", input="text", tokens="80"))


def test_another_input_with_the_same_question_keeps_the_guess():
    app = lab(guess=WORKS, buffer="true", ran="buffer-sim-moved-it-works", inputs="true")
    app.radio(key="input").set_value("text").run()
    app.number_input(key="tokens").set_value(20).run()
    assert len(charts(app)) == 3 and app.radio(key="guess").value == WORKS
    app.radio(key="input").set_value("example").run()
    app.number_input(key="context_length").set_value(3).run()
    assert not charts(app) and app.radio(key="guess").value is None


def test_a_choice_of_token_survives_a_shorter_input():
    app = lab(predict="false", input="text", tokens="80", causality="true", query="60",
              pipeline="true", device="cpu", inputs="true")  # fmt: skip
    assert app.number_input(key="changed").value == 80
    app.radio(key="input").set_value("example").run()
    assert app.number_input(key="changed").value == 6, "the last token, as before"
    assert app.number_input(key="query").value == 6
    assert [w.value.split(",")[0] for w in app.warning] == ["`query` is `60`"]
    app.radio(key="input").set_value("text").run()
    assert app.number_input(key="query").value == 60
    assert any("Of 80 keys, 60 have a weight" in c.value for c in app.caption), "query 60's row"
    assert app.number_input(key="changed").value == 80 and not app.warning


def test_more_than_1024_tokens_are_a_workers_job():
    app = lab(predict="false", device="cpu", input="text", tokens="1100", context_length="1100")
    deadline = time.monotonic() + 60
    while not charts(app) and time.monotonic() < deadline:
        time.sleep(0.3)
        app.run()
    assert len(charts(app)) == 4
    assert "1100 queries by 1100 keys" in words(app)[0]


def test_the_lesson_is_done_once_a_worker_has_made_the_results(monkeypatch):
    ready = []
    monkeypatch.setattr(controls, "MAX_TOKENS_IN_PLACE", 0)  # so that a worker makes them all
    monkeypatch.setattr(
        controls, "work", lambda _, f, *args, **__: f(lambda *_: None, *args) if ready else None
    )
    app = lab(device="cpu", guess=WORKS)
    app.button[0].click().run()
    done = "answered on pages/1_Attention_lab.py"
    assert "ran" in app.query_params and not app.session_state[done]
    ready.append(True)
    app.run()
    assert len(charts(app)) > 1 and len(app.session_state[done]) == 1


def test_without_the_memory_the_lab_says_so(monkeypatch):
    monkeypatch.setattr(view, "available_memory", lambda: 2**20)
    app = lab(
        predict="false", device="cpu", input="text", tokens="600", context_length="600",
        inputs="true",
    )  # fmt: skip
    assert "`tokens` is `600`, but it must be fewer on this machine now" in app.error[0].value
    assert app.number_input(key="tokens").value == 600


VALUES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,5})?(e[0-9]{1,4})?", fullmatch=True),
    st.sampled_from(["true", "false", "sim", "cpu", "", "nan", "numbers", "sentence", *OUTCOMES]),
    st.just("y" * 100_000),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(sorted(LAB)) | st.text(min_size=1, max_size=10),
        VALUES | st.lists(VALUES, min_size=1, max_size=3),
        max_size=5,
    ).filter(lambda parameters: len(str(parameters)) < 400_000)  # Streamlit drops longer links
)
def test_any_link_at_all_opens_a_working_page(parameters):
    parameters = {k: v for k, v in parameters.items() if not k.lower().startswith("embed")}
    app = lab(**parameters)
    assert app.title[0].value == "Does it matter how a module holds its mask?"
    wrong = [n for n in parameters if n not in LAB]
    assert bool(app.warning) or not wrong


@pytest.mark.parametrize("name", ["query", "changed"])
@pytest.mark.parametrize("value", ["0", "4097", "-1", "2.5", "last"])
def test_positions_beyond_all_limits_are_named(name, value):
    app = lab(**{name: value})
    assert f"`{name}` is `{value}`, but it must be a whole number from 1 to 4,096" in (
        app.warning[0].value
    )


def test_a_page_that_is_left_before_its_run_ends_keeps_its_link(monkeypatch):
    """A click on the navigation breaks off the run that a guess began."""

    def broken_off(*_):
        raise StopException

    monkeypatch.setattr("pages.components.frame.course.ways_on", broken_off)
    app = open_page("1_Attention_lab.py", seed="7", guess="it works")
    assert app.session_state["link to pages/1_Attention_lab.py"] == {
        "seed": "7",
        "guess": "it works",
    }
