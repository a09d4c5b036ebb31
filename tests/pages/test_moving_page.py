"""The lesson on moving devices, run by Streamlit's own test driver."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text

from core.moving.settings import MOVING
from core.moving.steps import PRESETS


def steps_box(app):
    """The text box of the steps; each click that changes them makes a new one."""
    (box,) = (box for box in app.text_input if box.key.startswith("steps "))
    return box


def moving(**parameters):
    return open_page("2_Moving_devices.py", **parameters)


def test_the_ledger_waits_for_a_guess_and_a_run():
    app = moving()
    assert "| after step |" not in text(app)
    app.radio(key="guess").set_value("a device error").run()
    next(b for b in app.button if b.label == "Run the timeline").click().run()
    assert "That is what happened" in app.success[0].value
    assert "| 0. construct | cpu · plain attribute | cpu · parameter | – |" in text(app)
    assert ":orange-badge[→\N{NO-BREAK SPACE}sim:0]" in text(app)
    assert any("expected self and mask" in block.value for block in app.code)


def test_a_story_that_was_run_has_a_mark_and_comes_back_as_it_was_answered():
    def stories():
        return [option.content for option in app.button_group(key="story").proto.options]

    app = moving()
    app.radio(key="guess").set_value("it works").run()
    next(b for b in app.button if b.label == "Run the timeline").click().run()
    happened = app.warning[0].value
    assert [one for one in stories() if "✓" in one] == [f"{PRESETS['notebook'].title} ✓"]
    app.button_group(key="story").set_value("alias").run()
    assert not app.exception and not app.warning and app.radio(key="follows").value is None
    app.button_group(key="story").set_value("meta").run()
    assert app.radio(key="guess").value is None and "| after step |" not in text(app)
    app.button_group(key="story").set_value("notebook").run()
    assert app.radio(key="guess").value == "it works" and app.warning[0].value == happened


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_runs_to_its_end(name):
    app = moving(predict="false")
    app.button_group(key="story").set_value(name).run()
    assert not app.exception
    assert steps_box(app).value == ".".join(PRESETS[name].steps)
    assert "| after step |" in text(app)
    assert f"**{PRESETS[name].title}.** The mask is" in text(app)
    assert app.button_group(key="story").value == name
    app.button(key="add deepcopy").click().run()
    assert not app.button_group(key="story").value


def test_only_steps_that_are_python_are_set_as_code():
    preset = PRESETS["alias"]
    app = moving(start=preset.start, steps=".".join(preset.steps))
    assert 'buffer → keep the mask in a list too → `to("sim")` → `to(torch.float64)` →' in text(app)


def test_steps_are_added_and_taken_back():
    app = moving(predict="false")
    app.button(key="add cpu").click().run()
    app.button(key="add deepcopy").click().run()
    assert steps_box(app).value == "to-sim.forward.cpu.deepcopy"
    next(b for b in app.button if b.label == "Take the last step back").click().run()
    assert steps_box(app).value == "to-sim.forward.cpu"
    next(b for b in app.button if b.label == "Start over").click().run()
    assert steps_box(app).value == ""
    assert "No forward pass ran" in text(app)


def test_another_step_asks_anew():
    app = moving(guess="a device error", ran="plain.to-sim.forward-a-device-error")
    assert "| after step |" in text(app)
    app.button(key="add cpu").click().run()
    assert "| after step |" not in text(app) and app.radio(key="guess").value is None


def test_a_full_timeline_takes_no_more_steps():
    app = moving(predict="false", steps=".".join(["cpu"] * 12))
    assert all(b.disabled for b in app.button if (b.key or "").startswith("add "))
    steps_box(app).set_value(".".join(["cpu"] * 13)).run()
    assert "at most 12 steps" in app.error[0].value
    assert steps_box(app).value == ".".join(["cpu"] * 13)


def test_what_crosses_the_boundary_is_counted_after_a_guess():
    app = moving(crossings="true", counted="256")
    assert not app.get("vega_lite_chart")
    app.radio(key="copying").set_value("all five").run()
    next(b for b in app.button if b.label == "Count the copies").click().run()
    assert "Counted: two." in app.warning[0].value
    shown = text(app)
    weights = ", ".join(f"W_{name}.weight, {4 * 3 * 2} bytes" for name in ("query", "key", "value"))
    mask = "mask, 262 kB"  # 4 * 256**2 bytes
    assert f"| a plain attribute, moved in every forward | {weights} | {mask}" in shown
    assert f"| a registered buffer | {weights}, {mask} | nothing | 0 | 0 |" in shown
    assert len(app.get("vega_lite_chart")) == 1


def test_the_code_is_there_to_take_home():
    app = moving(
        predict="false", code="true", crossings="true", crossings_code="true", counted="256"
    )
    assert any('model.to("sim")' in block.value for block in app.code)
    assert len(app.get("download_button")) == 4


def test_a_hostile_link_names_every_fault():
    app = moving(start="x", steps="a.b", counted="7", ran="y" * 300)
    for sentence in ("`start` is `x`", "`steps` is `a.b`", "`counted` is `7`", "300 characters"):
        assert sentence in app.warning[0].value


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(sorted(MOVING)) | st.text(min_size=1, max_size=8),
        st.text(max_size=30) | st.sampled_from(["true", "false", "lazy", "forward.forward", "256"]),
        max_size=5,
    )
)
def test_any_link_at_all_opens_a_working_page(parameters):
    parameters = {k: v for k, v in parameters.items() if not k.lower().startswith("embed")}
    app = moving(**parameters)
    assert app.title[0].value == "What moves, what stays, and what does it cost?"


def columns(app):
    """The cells of the ledger, by the head of their column; spaces of all kinds are one."""
    table = next(m.value for m in app.markdown if m.value.startswith("| after step |"))
    lines = [
        line.replace("\N{NO-BREAK SPACE}", " ").strip("| ").split(" | ")
        for line in table.splitlines()
    ]
    return {head: list(cells) for head, *cells in zip(lines[0], *lines[2:], strict=True)}


def test_the_tensor_that_a_device_error_is_about_is_marked_in_red():
    app = moving(predict="false")
    found = columns(app)
    assert list(found) == ["after step", "`mask`", "the weights", "`x`"]
    assert found["after step"][2] == "2. forward :red-badge[:material/error: raised]"
    assert found["`mask`"][2] == ":red-badge[:material/error: cpu]"
    assert sum("red-badge" in cell for cells in found.values() for cell in cells) == 2
    works = moving(predict="false", start="buffer")
    assert "red-badge" not in text(works)


def test_a_cell_has_a_dtype_where_one_changes_and_says_how_a_tensor_is_held_where_that_changes():
    app = moving(predict="false")
    assert columns(app)["the weights"] == ["cpu · parameter", ":orange-badge[→ sim:0]", "sim:0"]
    assert columns(app)["`x`"] == ["–", "–", ":orange-badge[→ sim:0]"]
    (caption,) = [c.value for c in app.caption if "The device of each tensor" in c.value]
    assert "All numbers are float32" in caption and "– means: not there" in caption
    assert "The weights are `W_query.weight`, `W_key.weight`, `W_value.weight`; they" in caption
    assert "`x` is the input" in caption and "`output`" not in caption
    half = moving(predict="false", steps=".".join(PRESETS["half"].steps))
    assert columns(half)["`mask`"] == [
        "cpu · float32 · plain attribute", "cpu · float32", "cpu · float32",
        "cpu · float32 :orange-badge[→ buffer]", "cpu :orange-badge[→ float16]",
        "cpu · float16",
    ]  # fmt: skip
    (caption,) = [c.value for c in half.caption if "The device of each tensor" in c.value]
    assert "and its dtype" in caption and "All numbers" not in caption


def test_the_limits_of_the_simulated_device_are_on_the_page():
    app = moving(predict="false", limits="true")
    assert "- An index out of range raises the CPU's IndexError at once." in text(app)
    assert "device-side assert" not in text(moving(predict="false"))


@pytest.mark.parametrize(
    ("name", "guess", "right"),
    [
        ("alias", "follows", "only the buffer"),
        ("half", "halves", "only once it is registered"),
        ("fixed", "lasts", "until the next move: the second forward pass raises"),
    ],
)
def test_a_story_with_choices_of_its_own_turns_green_for_one_of_them_only(name, guess, right):
    preset = PRESETS[name]
    app = moving(start=preset.start, steps=".".join(preset.steps))
    green = []
    for option in app.radio(key=guess).options:
        app.radio(key=guess).set_value(option).run()
        next(b for b in app.button if b.label == "Run the timeline").click().run()
        assert "| after step |" in text(app)
        green += [option] * bool(app.success)
        if not app.success:
            assert f"What happened: {right}." in app.warning[0].value.split("**")[1]
    assert green == [right]
