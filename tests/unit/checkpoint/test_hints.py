"""Hints: names as real modules give them, checked against shapes, neighbours and numbers."""

import io
import math

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from core.checkpoint.checkpoint import inspect


def hints(state):
    """{key: hint} of a state that was saved."""
    file = io.BytesIO()
    torch.save(state, file)
    return {entry.key: entry.buffer_hint for entry in inspect(file.getvalue(), "x.pt").entries}


def betas():
    return torch.linspace(1e-4, 0.02, 100)


def unit(n):
    vector = torch.arange(1.0, n + 1)
    return vector / vector.norm()


FREQS = 10_000 ** (-torch.arange(0, 8, 2) / 8)
CUMULATED = (1 - betas()).cumprod(0)
BUFFERS = {  # as their modules make them
    "betas": betas(),
    "alphas_cumprod": CUMULATED,
    "alphas_cumprod_prev": CUMULATED,
    "sqrt_alphas_cumprod": CUMULATED.sqrt(),
    "sqrt_one_minus_alphas_cumprod": (1 - CUMULATED).sqrt(),
    "log_one_minus_alphas_cumprod": (1 - CUMULATED).log(),
    "sqrt_recip_alphas_cumprod": CUMULATED.rsqrt(),
    "sqrt_recipm1_alphas_cumprod": (1 / CUMULATED - 1).sqrt(),
    "posterior_variance": betas() * 0.9,
    "posterior_log_variance_clipped": betas().log(),
    "posterior_mean_coef1": betas(),
    "sigmas": betas().flip(0),
    "timesteps": torch.arange(100),
    "queue": torch.randn(8, 64),
    "queue_ptr": torch.zeros(1, dtype=torch.long),
    "queue_idx": torch.tensor(3),
    "k_cache": torch.zeros(1, 2, 8, 4),
    "v_cache": torch.zeros(1, 2, 8, 4),
    "cache_k": torch.zeros(1, 2, 8, 4),
    "past_key": torch.zeros(1, 2, 8, 4),
    "pos_table": torch.randn(1, 20, 8),
    "pe": torch.randn(1, 20, 8),
    "pos_enc": torch.randn(20, 8),
    "positional_encoding": torch.randn(20, 8),
    "window": torch.hann_window(16),
    "mel_basis": torch.rand(4, 9),
    "dct_mat": torch.randn(4, 9),
    "wsin": torch.randn(4, 1, 9),
    "pixel_mean": torch.tensor([123.7, 116.3, 103.5]).view(3, 1, 1),
    "pixel_std": torch.tensor([58.4, 57.1, 57.4]).view(3, 1, 1),
    "image_mean": torch.tensor([0.48, 0.46, 0.41]),
    "relative_position_index": torch.arange(16).view(4, 4),
    "relative_coords_table": torch.randn(1, 7, 7, 2),
    "rel_pos_indices": torch.arange(16).view(4, 4),
    "position_ids": torch.arange(9).view(1, 9),
    "token_type_ids": torch.zeros(1, 9, dtype=torch.long),
    "inv_freq": FREQS,
    "rotary_inv_freq": FREQS,
    "cos_cached": FREQS.cos(),
    "sin_cached": FREQS.sin(),
    "freqs_cis": torch.polar(torch.ones(4), FREQS),
    "causal_mask": torch.ones(5, 5).triu(1).bool(),
    "attn_mask": torch.full((5, 5), -math.inf).triu(1),
    "tril": torch.ones(5, 5).tril(),
    "masked_bias": torch.tensor(-1e4),
    "cluster_size": torch.ones(16),
    "embed_avg": torch.randn(16, 4),
    "inited": torch.tensor([1.0]),
    "n_averaged": torch.tensor(2),
    "num_updates": torch.tensor(2),
    "decay": torch.tensor(0.999),
    "center": torch.randn(1, 16),
    "pos_weight": torch.tensor([1.0, 3.0]),
    "anchor_grid": torch.rand(3, 1, 3, 1, 1, 2),
    "projection_matrix": torch.randn(8, 4),
    "slopes": torch.rand(8),
    "lowpass_filter": torch.rand(1, 1, 9),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_names_that_real_modules_give_their_buffers_are_known(name):
    found = hints({f"model.block.{name}": BUFFERS[name]})
    assert found[f"model.block.{name}"]


def made():
    torch.manual_seed(0)
    spectral = torch.nn.utils.spectral_norm(nn.Linear(4, 3))
    return {
        "batch norm": nn.BatchNorm2d(3),
        "instance norm": nn.InstanceNorm1d(3, track_running_stats=True),
        "spectral norm, old": spectral,
        "spectral norm": parametrizations.spectral_norm(nn.Linear(4, 3)),
        "pruned": prune.random_unstructured(nn.Linear(4, 3), "weight", 0.5),
        "averaged": torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2)),
        "a loss": nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)),
        "an observer": torch.ao.quantization.MinMaxObserver(),
        "a fake quantizer": torch.ao.quantization.FakeQuantize(),
        "a histogram": torch.ao.quantization.HistogramObserver(),
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [
    "batch norm", "instance norm", "spectral norm, old", "spectral norm", "pruned", "averaged",
    "a loss", "an observer", "a fake quantizer", "a histogram",
])  # fmt: skip
def test_every_buffer_of_pytorchs_own_modules_is_hinted_and_no_parameter(name):
    module = made()[name]
    for value in module.parameters():
        value.data.normal_()
    state, buffers = module.state_dict(), dict(module.named_buffers())
    parameters = dict(module.named_parameters())
    found = hints(state)
    assert [key for key in buffers if key in state and not found[key]] == []
    assert [key for key in parameters if found[key]] == []


def test_weight_v_of_weight_norm_is_a_parameter():
    found = hints({"weight_g": torch.ones(3, 1), "weight_v": torch.randn(3, 4)})
    assert found == {"weight_g": None, "weight_v": None}


NOT_HINTED = {
    "a number called mask": {"loss_mask": torch.tensor(0.3)},
    "a trained mask": {"mask": torch.randn(4, 4)},
    "trained frequencies": {"inv_freq": torch.randn(8)},
    "a trained table of cosines": {"cos": torch.randn(4, 4) * 9},
    "a quantized weight": {"weight": torch.ones(4, 4, dtype=torch.int8)},
    "packed weights": {"qweight": torch.ones(4, 4, dtype=torch.int32)},
    "four bits in a byte": {"layer.weight": torch.ones(8, 1, dtype=torch.uint8)},
    "bytes of any name": {"layer.blob": torch.ones(8, dtype=torch.uint8)},
    "a generator's state": {"rng_state": torch.get_rng_state()},
    "a generator's state within": {"random": {"torch_rng_state": torch.get_rng_state()}},
    "a weight in float8": {"weight": torch.ones(4, 4).to(torch.float8_e4m3fn)},
    "a square bias that is no mask": {"bias": torch.randn(4, 4)},
    "positions that are trained": {"pos_embed": torch.randn(1, 9, 4)},
    "a variance below zero": {"running_var": -torch.ones(3)},
    "a token for what is masked": {"mask_token": torch.randn(1, 1, 4)},
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_HINTED)
def test_what_the_numbers_or_the_shape_contradict_is_not_hinted(name):
    assert set(hints(NOT_HINTED[name]).values()) == {None}


def test_an_optimizers_state_is_neither():
    model = nn.BatchNorm1d(3)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    found = hints({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert all(hint is None for key, hint in found.items() if key.startswith("optimizer"))
    assert found["model.running_mean"]


def test_no_hint_says_that_a_quantized_weight_is_no_parameter():
    for dtype in (torch.int8, torch.uint8):
        for name in ("weight", "qweight", "anything"):
            assert hints({name: torch.ones(4, 4, dtype=dtype)})[name] is None
    quantized = torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)
    assert hints({"weight": quantized})["weight"] is None


def test_a_whole_number_that_no_name_explains_is_still_hinted():
    assert "no gradient" in hints({"lookup": torch.arange(9)})["lookup"]
