"""Training against an oracle in numpy: gradients by hand, optimizers by their formulas."""

import functools
import math
import pickle

import fresh_python
import numpy as np
import pytest
import torch

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.attention.mask_variants import AttentionWithMaskParameter
from core.code.files import as_script
from core.settings.setting import SettingError
from core.training.charts import (
    describe_series,
    drawn_steps,
    gaps,
    leaks,
    losses,
    per_tensor,
    statistic_afterwards,
)
from core.training.experiment import Training
from core.training.loop import distance, leak, windows
from core.training.loop import train as train_loop
from core.training.modules import (
    BUFFER,
    MODULES,
    NORM,
    OPTIMIZERS,
    PARAMETER,
    PLAIN,
    UNDECAYED,
)
from core.training.reasons import (
    cheating,
    decay_reason,
    largest_leak,
    outcome,
    reason,
    start_of_the_leak,
)
from core.training.run import module_run, train
from core.training.settings import QUESTIONS
from core.training.take_home import training_script


@functools.cache
def trained(**settings):
    return train(lambda *_: None, Training(**settings))


# ------------------------------------------------------------------------------- the oracle


def loss_and_gradients(weights, mask, x, target):
    """Attention's loss and its gradients by hand. weights: query, key, value, (d, d) each."""
    query, key, value = (x @ w.T for w in weights)
    root = math.sqrt(x.shape[-1])
    scores = query @ key.swapaxes(-1, -2) / root + mask
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    attention = powers / powers.sum(-1, keepdims=True)
    error = attention @ value - target
    by_output = 2 * error / error.size
    by_attention = by_output @ value.swapaxes(-1, -2)
    by_scores = attention * (by_attention - (by_attention * attention).sum(-1, keepdims=True))
    by_weights = (
        by_scores @ key / root,
        by_scores.swapaxes(-1, -2) @ query / root,
        attention.swapaxes(-1, -2) @ by_output,
    )
    gradients = [np.einsum("bnd,bne->de", g, x) for g in by_weights]
    return (error**2).mean(), [*gradients, by_scores.sum(0)], attention


def stepped(optimizer, p, g, state, t, lr, decay):
    """One step as in the algorithm boxes of PyTorch's documentation of SGD, Adam and AdamW."""
    if optimizer == "SGD":
        return p - lr * (g + decay * p)
    if optimizer == "Adam":
        g = g + decay * p
    else:
        p = p - lr * decay * p
    m, v = state.get("m", 0.0), state.get("v", 0.0)
    state["m"], state["v"] = m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return p - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def oracle(training, learns_mask, mask_decays=True):
    """Losses, final mask and leaks of a training, in double precision."""
    x, target = windows(
        torch.tensor([row for _, row in training.embeddings]), training.context_length
    )
    x, target = x.numpy().astype(float), target.numpy().astype(float)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        model = CausalAttentionWithBuffer(3, 3, training.context_length, 0.0)
    parameters = [
        layer.weight.detach().numpy().astype(float)
        for layer in (model.W_query, model.W_key, model.W_value)
    ]
    later = np.triu(np.ones((training.context_length,) * 2), 1) > 0
    start = float(training.mask_start) if learns_mask else -np.inf
    parameters.append(np.where(later, start, 0.0))
    states, found, leaked = [{} for _ in parameters], [], []
    rate, decay = float(training.learning_rate), float(training.weight_decay)
    for step in range(training.steps + 1):
        loss, gradients, attention = loss_and_gradients(parameters[:3], parameters[3], x, target)
        found.append(loss)
        leaked.append(np.where(later, attention, 0).sum(-1).mean())
        if step < training.steps:
            for i, gradient in enumerate(gradients):
                if i == 3 and not learns_mask:
                    continue
                own = 0.0 if i == 3 and not mask_decays else decay
                parameters[i] = stepped(
                    training.optimizer, parameters[i], gradient, states[i], step + 1, rate, own
                )
    return found, parameters[3], leaked


@pytest.mark.parametrize("text", ["six tokens", "sonnet"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_losses_masks_and_leaks_are_those_of_the_formulas(optimizer, text):
    settings = {"optimizer": optimizer, "text": text, "steps": 15, "seed": 9}
    run = trained(**settings)
    found, _, leaked = oracle(run.training, learns_mask=False)
    assert run.modules[BUFFER].losses == pytest.approx(found, rel=1e-4)
    assert set(leaked) == set(run.modules[BUFFER].leaks) == {0.0}
    for name, mask_decays in ((PARAMETER, True), (UNDECAYED, False)):
        found, mask, leaked = oracle(run.training, True, mask_decays)
        module = run.modules[name]
        later = np.triu(np.ones_like(mask), 1) > 0
        assert module.losses == pytest.approx(found, rel=1e-3)
        assert module.leaks == pytest.approx(leaked, rel=1e-3)
        assert module.above[-1] == pytest.approx(mask[later].mean(), rel=1e-3)
    _, mask, _ = oracle(run.training, learns_mask=True)
    assert run.modules[PARAMETER].masks[-1].numpy() == pytest.approx(mask, abs=5e-3)
    start = np.where(later, -4.0, 0.0)
    assert run.modules[PARAMETER].drifts["mask"][-1] == pytest.approx(
        np.linalg.norm(mask - start), rel=1e-3
    )


def test_gradient_norms_are_those_by_hand():
    run = trained(steps=3, text="sonnet")
    x, target = windows(torch.tensor([row for _, row in run.training.embeddings]), 8)
    torch.manual_seed(123)
    model = AttentionWithMaskParameter(3, 3, 8, 0.0)
    weights = [model.W_query.weight, model.W_key.weight, model.W_value.weight]
    weights = [w.detach().numpy().astype(float) for w in weights]
    mask = np.triu(np.full((8, 8), -4.0), 1)
    _, gradients, _ = loss_and_gradients(weights, mask, x.numpy(), target.numpy())
    seen = run.modules[PARAMETER].gradients
    names = ("W_query.weight", "W_key.weight", "W_value.weight", "mask")
    for name, gradient in zip(names, gradients, strict=True):
        assert seen[name][0] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)


# ------------------------------------------------------------------ what training leaves alone


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_masks_that_are_no_parameters_stay_bit_for_bit_and_have_no_gradient(optimizer):
    run = trained(optimizer=optimizer, learning_rate="0.3", weight_decay="1", steps=20)
    for name, kind in ((PLAIN, "plain attribute"), (BUFFER, "buffer")):
        module = run.modules[name]
        assert module.kinds["mask"] == kind
        assert not module.optimized["mask"] and not module.changed["mask"]
        assert set(module.gradients["mask"]) == {None}
        assert set(module.drifts["mask"]) == {0.0}
        assert all(module.changed[f"W_{x}.weight"] for x in ("query", "key", "value"))
    assert run.modules[PLAIN].losses == run.modules[BUFFER].losses
    upper = torch.ones(5, 5).triu(1)
    assert all(torch.equal(mask, upper) for mask in run.modules[BUFFER].masks)


def test_the_mask_parameter_is_trained_and_leaks_more_and_more():
    module = trained().modules[PARAMETER]
    assert module.kinds["mask"] == "parameter" and module.optimized["mask"]
    assert module.changed["mask"]
    assert module.leaks[0] == pytest.approx(0.0249, abs=1e-3)
    assert module.leaks[-1] > 0.4
    assert module.losses[-1] < trained().modules[BUFFER].losses[-1]
    assert max(module.largest_leaks) <= 1.0


def test_what_an_optimizer_does_not_hold_stays_though_it_has_a_gradient():
    model = AttentionWithMaskParameter(3, 3, 5, 0.0)
    optimizer = torch.optim.SGD([model.W_query.weight], lr=0.1)
    x, target = windows(torch.tensor([row for _, row in Training().embeddings]), 5)
    records = [step["one"] for step in train_loop({"one": model}, {"one": optimizer}, x, target, 3)]
    run = module_run("one", model, optimizer, records)
    only = {"W_query.weight": True, "W_key.weight": False, "W_value.weight": False, "mask": False}
    assert run.optimized == run.changed == only
    assert all(run.gradients["mask"])


def test_a_mask_that_starts_at_minus_infinity_gets_no_gradient_there():
    run = trained(mask_start="-inf", weight_decay="0", steps=30)
    later = torch.ones(5, 5).triu(1).bool()
    masks = run.modules[PARAMETER].masks
    assert (masks[:, later] == -math.inf).all()
    assert masks[-1][~later].abs().max() > 0.1
    assert set(run.modules[PARAMETER].leaks) == {0.0}
    assert math.isfinite(run.modules[PARAMETER].drifts["mask"][-1])
    assert "exactly 0" in start_of_the_leak(run)
    assert "adds −4 above the diagonal at the start" in start_of_the_leak(trained(steps=5))
    assert trained(steps=5).modules[PARAMETER].leaks[0] > 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_on_minus_infinity_is_told_as_observed(optimizer):
    run = trained(mask_start="-inf", optimizer=optimizer, steps=5)
    module = run.modules[PARAMETER]
    broken = optimizer != "AdamW"  # AdamW multiplies by 1 - lr * weight_decay
    assert math.isnan(module.losses[-1]) == broken
    assert ("`nan`" in decay_reason(run)) == broken
    assert ("`nan`" in cheating(run)) == broken
    assert ("`nan`" in reason(run, QUESTIONS["parameter_guess"])) == broken
    assert outcome(run, QUESTIONS["parameter_guess"]) == "changes"
    assert math.isfinite(run.modules[UNDECAYED].losses[-1])
    if broken:  # after one step it is in the mask alone
        once = trained(mask_start="-inf", optimizer=optimizer, steps=1)
        assert cheating(once).endswith("`nan` is in `mask` after the last step.")
        everywhere = "`W_query.weight`, `W_key.weight`, `W_value.weight`, `mask`"
        assert cheating(run).endswith(f"`nan` is in {everywhere} after the last step.")


def test_nothing_is_said_of_looking_ahead_that_was_not_seen():
    assert "has learned to look at it" in cheating(trained())
    assert "went from 2.5% to 46.0%" in cheating(trained())
    barely = trained(mask_start="-16", learning_rate="0.001", steps=3)
    assert "learned" not in cheating(barely) and "stayed at less than 0.1%" in cheating(barely)
    early = trained(mask_start="-1", learning_rate="0.001", steps=1)
    assert early.modules[PARAMETER].losses[-1] < early.modules[BUFFER].losses[-1]
    assert "not better" not in cheating(early) and "learned" not in cheating(early)
    # less than a hundredth lower, and the leak grew by less than that
    slow = trained(learning_rate="0.001", optimizer="SGD", weight_decay="0", steps=1)
    assert slow.modules[PARAMETER].losses[-1] < slow.modules[BUFFER].losses[-1]
    assert "not better" not in cheating(slow) and "right answer" not in cheating(slow)


def test_without_weight_decay_the_twins_are_identical_and_with_it_they_are_not():
    run = trained(weight_decay="0", steps=10)
    assert run.modules[PARAMETER].losses == run.modules[UNDECAYED].losses
    assert "both masks are the same" in decay_reason(run)
    run = trained(weight_decay="1", mask_start="-16", optimizer="SGD", steps=20)
    # a gradient through a weight of e**-16 is next to nothing, so decay alone is left
    assert run.modules[PARAMETER].above[-1] == pytest.approx(-16 * 0.97**20, rel=1e-3)
    assert run.modules[UNDECAYED].above[-1] == pytest.approx(-16, rel=1e-3)
    assert "−16 to −8.7" in decay_reason(run) and "lead to −8.7 (computed)" in decay_reason(run)


def test_batchnorms_statistics_follow_the_documented_formula_and_eval_freezes_them():
    run = trained(text="sonnet", steps=12)
    x, _ = windows(torch.tensor([row for _, row in run.training.embeddings]), 8)
    tokens = x.reshape(-1, 3).double()
    # torch.nn.BatchNorm1d: new = (1 - momentum) * old + momentum * observed, momentum 0.1,
    # with the unbiased variance
    mean, variance = torch.zeros(3).double(), torch.ones(3).double()
    for step in range(13):
        seen = [run.statistics[f"norm.running_{name}"][step].double() for name in ("mean", "var")]
        assert torch.allclose(seen[0], mean, atol=1e-6)
        assert torch.allclose(seen[1], variance, atol=1e-6)
        mean = 0.9 * mean + 0.1 * tokens.mean(0)
        variance = 0.9 * variance + 0.1 * tokens.var(0)
    modes = [mode for mode, _ in run.after]
    assert modes == ["before"] + ["eval"] * 10 + ["train"] * 10
    before = run.after[0][1]
    for _, tensors in run.after[1:11]:
        assert all(torch.equal(tensors[name], before[name]) for name in before)
    for _, tensors in run.after[11:]:
        mean = 0.9 * mean + 0.1 * (tokens.mean(0) + 1)
        assert torch.allclose(tensors["norm.running_mean"].double(), mean, atol=1e-6)
        assert torch.equal(tensors["norm.weight"], before["norm.weight"])
    module = run.modules[NORM]
    assert set(module.gradients["norm.running_mean"]) == {None}
    assert not module.optimized["norm.running_mean"] and module.changed["norm.running_mean"]
    assert module.drifts["norm.num_batches_tracked"] == tuple(map(float, range(13)))


# --------------------------------------------------------------------------- reproducible


def same(one, other):
    for name in MODULES:
        a, b = one.modules[name], other.modules[name]
        assert (a.losses, a.gradients, a.drifts, a.leaks, a.above) == (
            b.losses, b.gradients, b.drifts, b.leaks, b.above,
        )  # fmt: skip
        assert a.masks is None or torch.equal(a.masks, b.masks)
        assert a.attn_weights is None or torch.equal(a.attn_weights, b.attn_weights)
    for (_, a), (_, b) in zip(one.after, other.after, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)
    return True


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_cpu_and_sim_agree_bit_for_bit(optimizer):
    settings = {"optimizer": optimizer, "text": "sonnet", "steps": 8}
    assert same(trained(**settings), trained(**settings, device="sim"))


def test_the_seed_decides_everything_and_nothing_outside_is_touched():
    torch.manual_seed(1)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    one = train(lambda *_: None, Training(steps=5, text="sonnet"))
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    torch.rand(7)
    assert same(one, train(lambda *_: None, Training(steps=5, text="sonnet")))
    other = train(lambda *_: None, Training(steps=5, text="sonnet", seed=124))
    assert other.modules[BUFFER].losses != one.modules[BUFFER].losses


def test_progress_tells_the_losses_so_far():
    told = []
    run = train(lambda *message: told.append(message), Training(steps=100))
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[0][0] == 0 and told[-1][0] == 1 and len(told) == 51
    for fraction, so_far in told:
        assert set(so_far) == set(MODULES)
        assert so_far[NORM] == run.modules[NORM].losses[: round(100 * fraction) + 1]


def expected_output(run):
    lines = []
    for name, module in run.modules.items():
        lines.append(f"{name}: loss {module.losses[0]} -> {module.losses[-1]}")
        if module.leaks:
            ends = f"{module.leaks[0]} -> {module.leaks[-1]}"
            lines.append(f"    attention on later tokens {ends}")
        lines += [
            f"    {tensor}: gradient {module.gradients[tensor][0]}, drift {drift[-1]}"
            for tensor, drift in module.drifts.items()
        ]
    lines += [f"{mode} {tensors['norm.running_mean']}" for mode, tensors in run.after[::10]]
    return sorted(lines)


@pytest.mark.parametrize(
    "settings",
    [{"steps": 3}, {"steps": 2, "text": "sonnet", "device": "sim", "mask_start": "-inf"}],
    ids=["cpu", "sim"],
)
def test_the_script_in_a_fresh_process_prints_the_same_numbers(settings, tmp_path):
    run = trained(**settings)
    done = fresh_python.run(as_script(training_script(run.training).parts()), tmp_path)
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == expected_output(run)


def test_a_result_is_small_enough_to_send():
    run = trained(steps=3, text="sonnet")
    fixed, each = (len(pickle.dumps(trained(steps=n, text="sonnet"))) for n in (1, 5))
    assert fixed + 400 * (each - fixed) / 4 < 1_000_000
    assert run.training == pickle.loads(pickle.dumps(run)).training


# ------------------------------------------------------------------------- settings, pieces


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "`steps` is `0`, but it must be a whole number from 1 to 400"),
        ({"steps": 401}, "a whole number from 1 to 400"),
        ({"steps": 201, "device": "sim"}, "at most 200 on `sim`, .* up to 400 on `cpu`"),
        ({"optimizer": "Adagrad"}, "one of `SGD`, `Adam`, `AdamW`"),
        ({"learning_rate": 0.03}, "one of `0.001`"),
        ({"mask_start": "0"}, "one of `-1`"),
        ({"device": "tpu"}, "`device` is `tpu`"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_limit(settings, message):
    with pytest.raises(SettingError, match=message):
        Training(**settings)


def test_the_sonnet_fills_its_windows_and_targets_are_the_next_tokens():
    training = Training(text="sonnet")
    tokens = [token for token, _ in training.embeddings]
    assert len(tokens) == 41 and tokens[:4] == ["Shall", "I", "compare", "thee"]
    rows = torch.arange(41.0)[:, None]
    x, target = windows(rows, 8)
    assert x.shape == target.shape == (5, 8, 1)
    assert torch.equal(target, x + 1) and target[-1, -1] == 40


def test_the_leak_counts_what_lies_above_the_diagonal():
    assert leak(torch.full((2, 5, 5), 0.2)) == pytest.approx(0.4)
    assert leak(torch.eye(4)[None]) == 0


def test_the_distance_takes_equal_infinities_for_equal():
    before = torch.tensor([-math.inf, 0.0, 1.0])
    assert distance(torch.tensor([-math.inf, 3.0, 5.0]), before) == 5.0
    assert math.isnan(distance(torch.tensor([math.nan, 0.0, 1.0]), before))


def test_the_two_masks_of_the_lab_are_the_ones_that_train():
    names = {name: module.class_name for name, module in trained(steps=3).modules.items()}
    assert names[PLAIN] == CausalAttentionWithoutBuffers.__name__
    assert names[BUFFER] == CausalAttentionWithBuffer.__name__
    assert trained(steps=3).script == training_script(Training(steps=3)).text


def test_the_plain_attribute_s_line_is_seen_upon_the_buffer_s():
    run = trained()
    assert run.modules[PLAIN].losses == run.modules[BUFFER].losses
    chart = losses({name: module.losses for name, module in run.modules.items()}).to_dict()
    below, above = chart["encoding"]["strokeWidth"]["condition"]
    assert below["test"].count(f"'{BUFFER}'") and PLAIN in str(above["test"])
    assert below["value"] > above["value"] >= 4
    names = list(dict.fromkeys(row["line"] for row in chart["data"]["values"]))
    assert names.index(BUFFER) < names.index(PLAIN)  # what comes later is drawn above
    scale = chart["encoding"]["strokeDash"]["scale"]
    dash, gap = scale["range"][scale["domain"].index(PLAIN)]
    assert gap >= dash > above["value"]


def test_charts_keep_zero_and_say_no_gradient():
    run = trained()
    plain, _, parameter = (
        chart.to_dict() for chart in per_tensor(run, (PLAIN, BUFFER, PARAMETER), "drifts")
    )
    mask = [row["value"] for row in plain["data"]["values"] if row["line"] == "mask"]
    assert len(mask) == 101 and set(mask) == {0.0}
    assert plain["encoding"]["y"]["scale"] == parameter["encoding"]["y"]["scale"]
    assert plain["encoding"]["y"]["scale"]["domain"][0] == 0
    plain = per_tensor(run, (PLAIN,), "gradients")[0].to_dict()
    assert "mask: no gradient" in plain["encoding"]["color"]["scale"]["domain"]
    assert not any("mask" in row["line"] for row in plain["data"]["values"])
    assert "mask has none" in describe_series(run.modules[PLAIN].gradients, "Gradient")


def test_charts_draw_few_points_and_leave_out_what_is_no_number():
    assert drawn_steps(401)[:2] == [0, 4] and drawn_steps(401)[-1] == 400
    assert len(drawn_steps(302)) <= 103
    run = trained(mask_start="-inf", optimizer="SGD", steps=5)
    rows = losses({name: m.losses for name, m in run.modules.items()}).to_dict()["data"]["values"]
    assert all(math.isfinite(row["value"]) for row in rows)
    values = leaks(run).to_dict()["data"]["values"]
    assert {row["value"] for row in values} == {0.0}


def test_what_became_nan_is_said_of_its_chart_and_of_the_largest_leak():
    run = trained(mask_start="-inf", optimizer="SGD", steps=5)
    module = run.modules[PARAMETER]
    broke = [math.isnan(value) for value in module.largest_leaks].index(True)
    assert 0 < broke < 5
    assert largest_leak(module) == f"0 before step {broke}, and `nan` from then on"
    assert largest_leak(run.modules[BUFFER]) == "0"
    whole = trained().modules[PARAMETER]
    assert largest_leak(whole) == f"{max(whole.largest_leaks):.3g}"
    said = gaps({"one": (0.0, 1.0), "two": (1.0, math.nan), "three": (None, None)})
    assert said == "Where a number is `nan`, no line is drawn: two from step 1 on."
    assert "infinite or `nan`" in gaps({"one": (math.inf, math.nan)})
    assert gaps({"one": (0.0, 1.0), "two": (None, None)}) == ""


def test_the_modes_after_training_stand_where_the_theme_colours_text():
    after = trained(steps=3).after
    chart = statistic_afterwards(after, "norm.running_mean").to_dict()
    assert all(layer["mark"]["type"] != "text" for layer in chart["layer"])
    axis = chart["layer"][0]["encoding"]["x"]["axis"]
    assert axis["values"] == [5, 15] and axis["orient"] == "top"
    assert axis["labelLimit"] == 0  # the words are shown whole
    assert "'eval()' : 'train(), no gradients'" in axis["labelExpr"]
