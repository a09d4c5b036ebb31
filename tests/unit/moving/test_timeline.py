"""Timelines: what each step moves, and how they end. Expectations are PyTorch's documentation of
torch.nn.Module.to ("parameters and buffers"; "floating point or complex"), written out by hand."""

import re
from dataclasses import replace

import fresh_python
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.attention.causal_attention import CausalAttentionWithBuffer
from core.code.files import as_script
from core.moving.copies import CONTEXT_LENGTHS, MASK_IS, count, crossings
from core.moving.questions import asked_of, how_long, who_followed, who_was_halved
from core.moving.reasons import copying_verdict, reason
from core.moving.settings import HOW_MANY, MOVING, OUTCOME, split_steps
from core.moving.steps import MAX_STEPS, PRESETS, STARTS, STEPS, Timeline
from core.moving.table import ledger
from core.moving.take_home import copies_script, timeline_script
from core.moving.timeline import run_timeline
from core.settings.outcome_question import OUTCOMES
from core.settings.setting import SettingError

WORKS, DEVICE_ERROR, ELSE = OUTCOMES


def story(start, *steps):
    return run_timeline(Timeline(start, steps))


def last(told, name):
    place = told.columns[-1].ledger[name]
    return place.device, place.dtype, place.kind


def test_the_notebooks_story_ends_with_the_real_error():
    told = story(PRESETS["notebook"].start, *PRESETS["notebook"].steps)
    assert told.outcome == DEVICE_ERROR
    assert told.error.message == (
        "expected self and mask to be on the same device, but got mask on cpu and self on sim:0"
    )
    assert told.error.line.startswith("attn_scores.masked_fill_(self.mask")
    assert last(told, "mask")[0] == "cpu" and last(told, "W_key.weight")[0] == "sim:0"


def test_a_mask_moved_by_hand_does_not_come_back_with_the_module():
    told = story("plain", "to-sim", "by-hand", "forward", "cpu", "forward")
    assert len(told.columns) == 6 and told.outcome == DEVICE_ERROR
    assert "got mask on sim:0 and self on cpu" in told.error.message


@pytest.mark.parametrize("start", STARTS)
def test_the_words_for_a_start_say_what_is_there_once_the_module_is_built(start):
    build, words = STARTS[start]
    model = build(3, 2, 6, 0.0)
    assert ("`None`" in words) == (model.mask is None)
    assert ("buffer" in words) == ("mask" in model._buffers)
    assert model(torch.rand(1, 6, 3)).shape == (1, 6, 2) and model.mask.shape == (6, 6)
    assert ("buffer" in words) == ("mask" in dict(model.named_buffers()))


def test_an_alias_in_a_list_goes_stale():
    told = story("buffer", "list", "to-sim", "float64")
    assert last(told, "mask") == ("sim:0", "float64", "buffer")
    assert last(told, "masks[0]") == ("cpu", "float32", "in a list")


def test_a_lazily_built_mask_stays_and_a_reserved_one_moves():
    assert story("lazy", "forward", "to-sim", "forward").outcome == DEVICE_ERROR
    told = story("reserved", "forward", "to-sim", "forward")
    assert told.outcome == WORKS and last(told, "mask")[0] == "sim:0"
    assert "mask" not in told.columns[0].ledger


def test_half_casts_what_is_registered_only():
    assert last(story("plain", "half"), "mask")[1] == "float32"
    assert last(story("buffer", "half"), "mask")[1] == "float16"
    told = story("plain", "register", "half", "forward")
    assert last(told, "mask")[1:] == ("float16", "buffer")
    assert last(told, "output")[1] == "float16"


def test_a_buffer_registered_too_late_is_explained_as_that():
    told = story("plain", "to-sim", "register", "forward")
    assert told.outcome == DEVICE_ERROR
    assert "before the mask was registered in step 2" in reason(told)
    told = story("plain", "half", "register")
    assert "it was registered after step 1, `half()`, had cast them" in reason(told)
    told = story("reserved", "half", "forward")
    assert "it was built after step 1, `half()`, had cast them" in reason(told)


def test_nothing_is_said_of_a_mask_elsewhere_where_it_is_not():
    assert "where the mask is" not in reason(story("buffer", "to-meta", "forward"))


def test_on_meta_a_mask_elsewhere_raises_nothing():
    told = story("plain", "to-meta", "forward")
    assert told.outcome == WORKS
    assert last(told, "output")[0] == "meta" and last(told, "mask")[0] == "cpu"
    assert "did not check where the mask is" in reason(told)
    assert "No error does not mean that all is in place" in reason(told)


def test_a_list_keeps_the_old_tensor_since_a_move_makes_a_new_one():
    told = story("buffer", "list", "to-sim", "forward")
    assert "it makes a new tensor and stores it under the name `mask`" in reason(told)
    module = nn.Module()
    module.register_buffer("mask", torch.ones(2))
    old = module.mask
    assert module.to(torch.float64).mask is not old and old.dtype == torch.float32
    for same in (story("buffer", "to-sim", "list"), story("buffer", "list", "forward")):
        assert "masks[0]" not in reason(same)
    behind = story("plain", "list", "to-sim")
    assert "`masks[0]`, in the list, is the same tensor." in reason(behind)
    by_hand = story("plain", "list", "to-sim", "by-hand", "forward")
    assert "To move the mask by hand makes a new tensor too" in reason(by_hand)


def test_leaving_meta_raises_what_pytorch_raises():
    told = story("buffer", "to-meta", "to-sim", "forward")
    assert told.error.type == "NotImplementedError" and len(told.columns) == 3
    assert told.outcome == ELSE and "to_empty" in reason(told)


def test_a_mask_that_is_none_cannot_be_moved_by_hand():
    told = story("lazy", "by-hand")
    assert told.error.type == "AttributeError" and "still `None`" in reason(told)


def test_a_copy_keeps_every_place():
    told = story("buffer", "to-sim", "half", "deepcopy", "forward")
    assert told.columns[2].ledger == told.columns[3].ledger and told.outcome == WORKS


def test_the_output_is_the_same_on_sim_as_on_the_cpu():
    names = {}
    for steps in (("forward",), ("to-sim", "forward")):
        script = timeline_script(Timeline("buffer", steps))
        assert [p.text for p in script.parts() if p.title == "The timeline"] == [script.text]
        outputs = names.setdefault("outputs", [])
        scope = {}
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            exec(as_script(script.parts()), scope)
        outputs.append(scope["output"].cpu())
    torch.set_grad_enabled(True)
    assert torch.equal(*names["outputs"])


def fits(said, told):
    """What a reason says of single steps is what the ledger has of them."""

    def seen(name, what):
        return [getattr(c.ledger[name], what) if name in c.ledger else None for c in told.columns]

    def changes(name, what):
        values = seen(name, what)
        return [n for n in range(1, len(values)) if values[n] != values[n - 1]]

    for number, label in re.findall(r"[Ss]tep (\d+), `(.+?)`,", said):
        assert told.columns[int(number)].label == label
    for what, verb in (("device", "moved"), ("dtype", "cast")):
        for number in re.findall(rf"[Ss]tep (\d+), `[^`]+`, (?:had )?{verb}", said):
            assert int(number) == changes("W_query.weight", what)[-1]
    if "where the constructor put it" in said:
        assert "mask" in told.columns[0].ledger and not changes("mask", "device")
    for number in re.findall(r"where `forward` built it, in step (\d+)", said):
        assert seen("mask", "device")[int(number) - 1] is None
        assert told.timeline.steps[int(number) - 1] == "forward"
    for number in re.findall(r"where it was moved by hand, in step (\d+)", said):
        assert changes("mask", "device")[-1] == int(number)
        assert told.timeline.steps[int(number) - 1] == "by-hand"
    for number in re.findall(r"was registered in step (\d+)", said):
        assert changes("mask", "kind")[-1] == int(number)
    if "each move and cast took it along" in said:
        own = changes("mask", "kind")
        for what in ("device", "dtype"):
            moves = [n for n in changes("W_query.weight", what) if not own or n > own[-1]]
            assert set(moves) <= set(changes("mask", what))
    assert "column" not in said


@pytest.mark.parametrize("name", PRESETS)
def test_every_guess_at_every_story_is_answered_by_what_its_steps_did(name):
    timeline = Timeline(PRESETS[name].start, PRESETS[name].steps)
    told, asked = run_timeline(timeline), asked_of(timeline)
    answers = [asked.verdict(guess, told) for guess in asked.prediction.guess.options]
    assert [answer.right for answer in answers].count(True) == 1
    for answer in answers:
        fits(answer.text, told)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(STARTS)), st.lists(st.sampled_from(sorted(STEPS)), max_size=6))
def test_any_timeline_ends_with_a_ledger_and_a_reason(start, steps):
    told = story(start, *steps)
    assert len(told.columns) == len(steps) + 1 or told.error
    assert told.outcome in OUTCOMES and reason(told)
    fits(reason(told), told)
    for column in told.columns:
        for name, place in column.ledger.items():
            assert place.device and place.dtype and place.kind, name


@pytest.mark.parametrize(
    ("start", "steps", "name"),
    [("mine", (), "start"), ("plain", ("jump",), "steps"), ("plain", ("cpu",) * 13, "steps")],
)
def test_what_is_not_a_timeline_is_refused(start, steps, name):
    with pytest.raises(SettingError) as caught:
        Timeline(start, steps)
    assert caught.value.name == name


@pytest.mark.parametrize("text", ["jump", "cpu." * (MAX_STEPS + 1), "to-sim,forward", "x" * 201])
def test_steps_that_do_not_fit_are_refused_by_the_link(text):
    with pytest.raises(SettingError, match="`steps` is"):
        MOVING["steps"].parse(text)


def test_steps_survive_the_link():
    for preset in PRESETS.values():
        assert split_steps(MOVING["steps"].parse(".".join(preset.steps))) == preset.steps


PRINTED = {
    "fine": ("buffer", "list", "to-sim", "float64", "forward"),
    "fails": ("plain", "to-sim", "forward"),
    "without sim": ("reserved", "forward", "half", "forward"),
    "on meta": ("plain", "to-meta", "forward"),
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_script_in_a_fresh_process_prints_the_ledger(name, tmp_path):
    told = story(*PRINTED[name])
    done = fresh_python.run(as_script(timeline_script(told.timeline).parts()), tmp_path)
    expected = []
    for column in told.columns[: -1 if told.error else None]:
        expected.append(column.label)
        expected += [f"    {n} {p.device} torch.{p.dtype}" for n, p in column.ledger.items()]
    assert done.stdout.splitlines() == expected
    if told.error:
        assert done.stderr.splitlines()[-1] == f"{told.error.type}: {told.error.message}"
    else:
        assert done.stderr == ""


@pytest.mark.parametrize("length", [6, 100])
def test_copies_are_counted_exactly(length):
    mask = ("mask", 4 * length**2)
    weights = [(f"W_{part}.weight", 4 * 3 * 2) for part in ("query", "key", "value")]
    built = ("a mask built in forward", 4 * length**2)
    counted = {way: count(variant, length) for way, variant in MASK_IS.items()}
    assert counted == {
        "a registered buffer": ([*weights, mask], [], []),
        "a plain attribute, moved once by hand": ([*weights, mask], [], []),
        "a plain attribute, moved in every forward": (weights, [mask], [mask]),
        "built on the device in every forward": (weights, [], []),
        "built on the CPU in every forward, and copied": (weights, [built], [built]),
    }


def test_the_five_ways_compute_the_same():
    x, outputs = torch.rand(1, 9, 3), []
    for variant in MASK_IS.values():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            outputs.append(variant(3, 2, 12, 0.0).to("sim")(x.to("sim")).detach().cpu())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CausalAttentionWithBuffer(3, 2, 12, 0.0)
        query, key, value = model.W_query(x), model.W_key(x), model.W_value(x)
    oracle = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    for output in outputs:
        torch.testing.assert_close(output, oracle.detach())


def test_extrapolated_bytes_are_what_counting_would_give():
    counted = {(c.way, c.context_length): c for c in crossings(512)}
    scaled = {(c.way, c.context_length): c for c in crossings(256)}
    assert len(counted) == len(MASK_IS) * len(CONTEXT_LENGTHS)
    for (way, length), row in counted.items():
        other = scaled[way, length]
        assert (other.once, other.each) == (row.once, row.each)
        assert row.counted == (length <= 512) and other.counted == (length <= 256)


def test_the_guess_at_the_copies_gets_its_reason():
    table = crossings(64)
    assert copying_verdict("two", table).right
    for guess in HOW_MANY:
        answer = copying_verdict(guess, table)
        right, text = answer.right, answer.text
        assert right == (guess == "two")
        assert (
            "is copied from one device to the other if it is *a plain attribute, moved in every "
            "forward* or if it is *built on the CPU in every forward, and copied*." in text
        )


def test_the_exported_counting_prints_the_counts(tmp_path):
    done = fresh_python.run(as_script(copies_script(256).parts()), tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{way}: once {count(variant, 256)[0]}, each forward {count(variant, 256)[2]}"
        for way, variant in MASK_IS.items()
    ]


def test_answers_are_read_off_the_ledger_of_whatever_ran():
    """Neither alias nor buffer follows a forward pass; a mask that is registered always follows."""
    stays = story("buffer", "to-sim", "list", "forward")
    assert who_followed(stays) == "the buffer and what the list holds"
    assert who_was_halved(story("buffer", "half", "half")) == "both times"
    assert who_was_halved(story("plain", "half", "half")) == "never"
    assert how_long(story("plain", "to-sim", "by-hand", "forward")).startswith("for good")
    assert how_long(story("plain", "to-sim", "forward")).startswith("not at all")
    assert how_long(story("plain", "forward", "to-sim", "forward")).startswith("until")


def test_only_stories_ask_questions_of_their_own():
    own = {name for name, p in PRESETS.items() if asked_of(Timeline(p.start, p.steps)).prediction
           is not OUTCOME}  # fmt: skip
    assert own == {"fixed", "alias", "half"}
    assert "is built, and that is all." in asked_of(Timeline("plain", ())).question


def test_the_weights_share_a_column_only_where_they_were_seen_together():
    told = story("plain", "to-sim")
    table, note = ledger(told)
    assert table.splitlines()[0] == "| after step | `mask` | the weights |"
    assert "The weights are `W_query.weight`, `W_key.weight`, `W_value.weight`; they share" in note
    moved = told.columns[-1].ledger
    moved["W_key.weight"] = replace(moved["W_key.weight"], device="cpu")
    table, note = ledger(told)
    assert table.splitlines()[0] == (
        "| after step | `mask` | `W_query.weight`, `W_value.weight` | `W_key.weight` |"
    )
    assert "The weights" not in note
