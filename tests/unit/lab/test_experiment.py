"""Experiments: what they do, what they refuse, and that nobody disturbs anybody's seed."""

import dataclasses
import itertools
import threading

import pytest
import torch

from core.attention.causal_attention import CausalAttentionWithoutBuffers
from core.attention.causality import row_changes, with_changed_token
from core.lab.experiment import Experiment
from core.lab.reasons import reason, remedies
from core.lab.run import run
from core.lab.settings import LAB, lab_settings
from core.settings.outcome_question import OUTCOMES, outcome_verdict
from core.settings.setting import SettingError

DEFAULTS = {name: setting.default for name, setting in LAB.items()}
WORKS, DEVICE_ERROR, ELSE = OUTCOMES


def context_vectors(observation, buffer):
    return observation.variant(buffer).trace.get("context_vec").tensor


@pytest.mark.parametrize("device", ["cpu", "sim"])
@pytest.mark.parametrize("move_model", [False, True])
@pytest.mark.parametrize("move_mask", [False, True])
@pytest.mark.parametrize("context_length", [4, 6])
def test_outcomes_follow_from_where_the_tensors_are(device, move_model, move_mask, context_length):
    observation = run(
        Experiment(
            device=device,
            move_model=move_model,
            move_mask=move_mask,
            context_length=context_length,
        )
    )
    for buffer in (False, True):
        if context_length < 6:
            expected = ELSE
        elif device == "cpu":
            expected = WORKS
        elif not move_model:
            expected = DEVICE_ERROR
        else:
            expected = WORKS if buffer or move_mask else DEVICE_ERROR
        assert observation.variant(buffer).outcome == expected


def test_same_weights_give_bit_identical_outputs():
    observation = run(Experiment(move_mask=True, dropout=0.4, qkv_bias=True, d_out=5, seed=7))
    assert torch.equal(context_vectors(observation, True), context_vectors(observation, False))


def test_notebook_weights_differ_between_the_variants():
    observation = run(Experiment(move_mask=True, weights="notebook"))
    assert context_vectors(observation, False)[0, 0].tolist() == pytest.approx(
        [-0.4519, 0.2216], abs=5e-5
    )
    assert context_vectors(observation, True)[0, 0].tolist() == pytest.approx(
        [0.4772, 0.1063], abs=5e-5
    )


def test_tensor_table_says_how_the_module_holds_each_tensor():
    observation = run(Experiment(persistent=False))
    plain, buffer = (
        {row.name: row for row in observation.variant(b).tensors} for b in (False, True)
    )
    assert plain["mask"].kind == "plain attribute" and plain["mask"].device == "cpu"
    assert buffer["mask"].kind == "non-persistent buffer" and buffer["mask"].device == "sim:0"
    assert not buffer["mask"].in_state_dict
    assert buffer["mask"].bytes == 6 * 6 * 4
    weight = buffer["W_key.weight"]
    assert (weight.kind, weight.shape, weight.requires_grad) == ("parameter", (2, 3), True)
    persistent = run(Experiment()).with_buffer
    assert next(row for row in persistent.tensors if row.name == "mask").kind == "buffer"


def test_the_script_is_what_ran():
    observation = run(Experiment(device="cpu", seed=99, d_out=3))
    names = {
        "torch": torch,
        "CausalAttentionWithoutBuffers": CausalAttentionWithoutBuffers,
        "CausalAttentionWithBuffer": CausalAttentionWithoutBuffers,
        "trace": lambda model, x: model,
    }
    source = observation.script.replace("    persistent=True,\n", "")
    with torch.random.fork_rng(devices=[]):
        exec(source, names)
    expected = names["without_buffers"](names["x"])
    assert torch.equal(expected, context_vectors(observation, False))


def test_sixteen_threads_each_get_the_numbers_of_their_own_seed():
    seeds = range(16)
    experiments = [Experiment(seed=seed, dropout=0.5, device="cpu") for seed in seeds]
    alone = [context_vectors(run(experiment), True) for experiment in experiments]
    assert len({tuple(vectors.flatten().tolist()) for vectors in alone}) == 16
    together, start = {}, threading.Barrier(16)

    def work(seed):
        start.wait()
        together[seed] = [context_vectors(run(experiments[seed]), True) for _ in range(8)]

    threads = [threading.Thread(target=work, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in seeds:
        assert all(torch.equal(vectors, alone[seed]) for vectors in together[seed])


def test_running_leaves_the_callers_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(Experiment(dropout=0.5))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device", "tpu"),
        ("context_length", -1),
        ("context_length", 4097),
        ("d_out", 17),
        ("dropout", 1.0),
        ("dropout", float("nan")),
        ("seed", -1),
        ("seed", 2**31),
        ("seed", 1.5),
        ("persistent", 1),
        ("weights", "mine"),
        ("rows", ()),
        ("rows", ((1.0, 2.0),) * 6),
        ("rows", ((1.0, 2.0, float("inf")),) * 6),
        ("rows", ((1.0, 2.0, 3.0),) * 4097),
        ("tokens", ("one",)),
    ],
)
def test_bad_values_are_refused_by_name_with_value_and_limit(field, value):
    with pytest.raises(SettingError) as caught:
        Experiment(**{field: value})
    assert caught.value.name == field
    assert f"`{field}` is `" in str(caught.value) and "must be" in str(caught.value)


def test_an_experiment_is_a_value():
    assert Experiment() == Experiment() and hash(Experiment()) == hash(Experiment())
    with pytest.raises(dataclasses.FrozenInstanceError):
        Experiment().seed = 1


def test_observations_hold_no_module():
    def walk(value):
        yield value
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from walk(getattr(value, field.name))
        elif isinstance(value, (tuple, list)):
            for item in value:
                yield from walk(item)

    for value in walk(run(Experiment())):
        assert not isinstance(value, torch.nn.Module)
        assert not (isinstance(value, torch.Tensor) and value.device.type != "cpu")


def test_every_outcome_has_a_reason_and_every_failure_a_way_out():
    for device, moved, by_hand, length in itertools.product(
        ("cpu", "sim"), (True, False), (True, False), (3, 6)
    ):
        observation = run(
            Experiment(device=device, move_model=moved, move_mask=by_hand, context_length=length)
        )
        for run_ in (observation.with_buffer, observation.without_buffers):
            assert len(reason(run_, observation.experiment)) > 60
            if run_.outcome != WORKS:
                assert remedies(run_, observation.experiment)


@pytest.mark.parametrize("guess", OUTCOMES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_answer_right_or_wrong_gets_a_reply(guess, outcome):
    reply = outcome_verdict(guess, outcome, "").text
    assert ("That is what happened" in reply) == (guess == outcome)
    assert guess in reply


@pytest.mark.parametrize("move_mask", [False, True])
def test_the_first_remedy_of_a_model_left_behind_cures_it(move_mask):
    failing = Experiment(move_model=False, move_mask=move_mask)
    for buffer in (False, True):
        run_ = run(failing).variant(buffer)
        advice = remedies(run_, failing)[0]
        assert advice.startswith('Switch on "Move the model')
        too = "as well" in advice
        cured = dataclasses.replace(failing, move_model=True, move_mask=move_mask or too)
        assert run(cured).variant(buffer).outcome == WORKS
        assert ("Only the mask was moved" in reason(run_, failing)) == move_mask


@pytest.mark.parametrize("persistent", [False, True])
def test_the_reason_on_the_cpu_says_what_the_state_dict_has(persistent):
    experiment = Experiment(device="cpu", persistent=persistent)
    text = reason(run(experiment).with_buffer, experiment)
    assert ("`state_dict` has the mask" in text) == persistent


def test_following_the_remedy_cures_the_failure():
    failing = Experiment()
    assert failing.move_mask is False
    assert run(failing).without_buffers.outcome == DEVICE_ERROR
    assert "mask.to(device)" in " ".join(remedies(run(failing).without_buffers, failing))
    cured = dataclasses.replace(failing, move_mask=True)
    assert run(cured).without_buffers.outcome == WORKS


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_causality_only_rows_from_the_changed_token_on_may_change(position, dropout):
    experiment = Experiment(dropout=dropout, device="cpu")
    before = run(experiment).with_buffer
    after = run(with_changed_token(experiment, position)).with_buffer
    rows = row_changes(before, after)
    assert all(row.weights == row.context == 0 for row in rows[:position])
    assert any(row.context > 0 for row in rows[position:])


def test_causality_needs_two_finished_runs():
    experiment = Experiment()
    failed = run(experiment).without_buffers
    assert row_changes(failed, failed) is None


@pytest.mark.parametrize("numbers", [(1000.0, -1000.0, 0.0), (0.5, 0.0, 999.5)])
def test_a_changed_token_stays_within_the_limits(numbers):
    experiment = Experiment(rows=(numbers,) * 6)
    changed = with_changed_token(experiment, 3)
    assert all(a != b for a, b in zip(changed.rows[3], numbers, strict=True))


def test_lab_settings_build_the_experiment_of_the_chosen_input():
    assert lab_settings(DEFAULTS).experiment == Experiment()
    spoken = lab_settings(DEFAULTS | {"input": "sentence", "sentence": "Hi, you!"}).experiment
    assert spoken.tokens == ("Hi", ",", "you", "!")
    typed = lab_settings(DEFAULTS | {"input": "numbers", "x": "1 2 3; 4,5,6"}).experiment
    assert typed.rows == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))


def test_only_what_decides_the_outcome_asks_anew():
    asked = lab_settings(DEFAULTS).question
    assert asked == "plain-sim-moved"
    assert lab_settings(DEFAULTS | {"seed": 5, "d_out": 4, "compare": False}).question == asked
    for change in (
        {"buffer": True},
        {"device": "cpu"},
        {"move_mask": True},
        {"context_length": 5},
    ):
        assert lab_settings(DEFAULTS | change).question != asked
