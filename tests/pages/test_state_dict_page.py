"""The lesson on state_dict, run by Streamlit's own test driver."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text

from core.state_dict.loading import PRESETS, LoadOutcome
from core.state_dict.settings import STATE_DICT


def page(**parameters):
    return open_page("3_State_dict.py", **parameters)


def click(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_keys_stand_side_by_side_after_a_guess():
    app = page()
    assert "| the mask is … |" not in text(app)
    app.radio(key="in_state").set_value("two").run()
    click(app, "Build them")
    assert "That is what happened" in app.success[0].value
    shown = text(app).splitlines()
    weight = f"saved, {2 * 3 * 4} bytes"
    mask = f"saved, {6 * 6 * 4} bytes"
    assert "| the mask is … | `mask` | each weight |" in shown
    for held in ("a persistent buffer", "an nn.Buffer"):
        assert f"| {held} | {mask} | {weight} |" in shown
        assert f"| {held} | the weights | `mask` | the weights, `mask` |" in shown
    for held, buffers in (("a plain attribute", "nothing"), ("a non-persistent buffer", "`mask`")):
        assert f"| {held} | :gray-badge[not saved] | {weight} |" in shown
        assert f"| {held} | the weights | {buffers} | the weights |" in shown


def test_a_wrong_guess_about_keys_is_answered():
    app = page(in_state="three", keys_ran="four-three")
    assert "Counted: two" in app.warning[0].value


def test_an_edit_survives_where_there_is_a_buffer():
    app = page(keys="false", edit="true")
    app.radio(key="survives").set_value("in both").run()
    click(app, "Save and load")
    assert "What happened: only with the buffer" in app.warning[0].value
    assert "the edit was lost" in text(app) and "the edit survived" in text(app)
    assert len(app.get("vega_lite_chart")) == 4  # of each, as it was edited and as it came back
    app.radio(key="change").set_value("zeros").run()
    assert app.radio(key="survives").value is None and not app.get("vega_lite_chart")


def test_an_edit_of_a_buffer_that_is_not_persistent_is_lost_by_choice():
    app = page(keys="false", edit="true", edit_persistent="false")
    app.radio(key="survives").set_value("in neither").run()
    click(app, "Save and load")
    assert "That is what happened" in app.success[0].value
    assert ":gray-badge[:material/close: the edit was lost: not saved, by choice]" in text(app)


def test_a_load_that_raises_says_what_it_copied():
    app = page(keys="false", failures="true", source="plain", predict="false")
    assert "has still copied what matched**: `W_query.weight`" in text(app)
    assert (
        "| `mask` | `cpu` float32 | `cpu` float32 | yes, but it was built so, not loaded |"
        in text(app)
    )


def test_a_zeroed_mask_shows_the_leak():
    app = page(keys="false", edit="true", change="zeros", predict="false")
    assert "Causality is gone for: Your, journey, starts, with, one." in text(app)
    plain, _, buffer = text(app).partition("`CausalAttentionWithBuffer`")
    assert "The output of the fresh module is that of the module before its edit" in plain
    assert "The output of the fresh module is not that of the module before its edit" in buffer


def test_painted_cells_come_from_the_link_and_bad_ones_are_named():
    app = page(keys="false", edit="true", change="paint", cells="1-6", predict="false")
    assert "Causality is gone for: Your." in text(app)
    app.text_input(key="cells").set_value("9-9").run()
    assert "`cells` is `9-9`, but it must be cells such as" in app.error[0].value


@pytest.mark.parametrize("name", PRESETS)
def test_every_load_failure_is_provoked_and_fixed_by_clicking(name):
    app = page(keys="false", failures="true")
    app.button_group(key="situation").set_value(name).run()
    app.radio(key="loads").set_value("it loads").run()
    click(app, "Load")
    assert "What happened: it" in app.warning[0].value
    click(app, "Run this fix")
    assert app.radio(key="fix").value != "none"
    assert f":green-badge[{LoadOutcome.LOADS}]" in text(app)
    # the question, its verdict and the list of fixes stay where they were
    assert "What happened: it" in app.warning[0].value and "**What repairs it.**" in text(app)
    click(app, "Take the fix back")
    assert app.radio(key="fix").value == "none" and "green-badge" not in text(app)


def test_the_chosen_situation_is_marked():
    app = page(keys="false", failures="true")
    assert not app.button_group(key="situation").value
    app.button_group(key="situation").set_value("Target on meta").run()
    assert app.button_group(key="situation").value == "Target on meta"
    app.radio(key="target").set_value("plain").run()
    assert not app.button_group(key="situation").value


def test_another_guess_beside_a_fix_closes_the_gate_and_leaks_nothing():
    app = page(keys="false", failures="true", source="plain")
    app.radio(key="loads").set_value("it loads").run()
    click(app, "Load")
    click(app, "Run this fix")
    app.radio(key="loads").set_value("it raises").run()
    assert "Missing key" not in str([block.value for block in app.code])
    click(app, "Load")
    assert "That is what happened" in app.success[0].value and "With the fix" in text(app)


def test_a_link_to_a_fix_shows_it_without_a_guess():
    app = page(keys="false", failures="true", source="plain", fix="register-anew")
    assert "**With the fix.** Make the target's mask a buffer with `persistent=False`." in text(app)
    assert [block.value for block in app.code if "persistent=False" in block.value]


def test_nothing_above_the_first_question_answers_it():
    """Which tensors are saved, and how a loading ends, is said by the run alone."""
    shown = text(page(failures="true")).lower()
    for words in ("persistent buffers are", "missing key", "mismatch", "not persistent any more"):
        assert words not in shown
    labels = " ".join(button.label.lower() for button in page(failures="true").button)
    assert not any(word in labels for word in ("missing", "unexpected", "mismatch", "nothing"))


def test_the_message_is_pytorchs_own():
    app = page(keys="false", failures="true", predict="false", target_length="4", strict="false")
    assert any("size mismatch for mask" in block.value for block in app.code)


def test_a_hostile_link_names_every_fault():
    app = page(source="x", target_length="999999999999", strict="maybe", cells="<b>", fix="rm")
    for name in ("source", "target_length", "strict", "cells", "fix"):
        assert f"`{name}` is `" in app.warning[0].value


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(sorted(STATE_DICT)) | st.text(min_size=1, max_size=8),
        st.text(max_size=30) | st.sampled_from(["true", "false", "meta", "plain", "paint", "1-2"]),
        max_size=6,
    )
)
def test_any_link_at_all_opens_a_working_page(parameters):
    parameters = {k: v for k, v in parameters.items() if not k.lower().startswith("embed")}
    assert page(**parameters).title[0].value == "What is saved, what comes back, what breaks?"


@pytest.mark.parametrize(
    ("change", "words"),
    [("twos", "15 masked. Its values: 0, 2."), ("zeros", "0 masked. Its values: 0."),
     ("paint", "14 masked. Its values: 0, 1. Unlike a causal mask at query Your, key step")],
)  # fmt: skip
def test_a_screen_reader_hears_what_an_edited_mask_hides(change, words):
    app = page(keys="false", edit="true", predict="false", change=change)
    said = [h.proto.body for h in app.get("html") if 'class="read-out"' in h.proto.body]
    assert words in next(text for text in said if "as it was edited" in text)
