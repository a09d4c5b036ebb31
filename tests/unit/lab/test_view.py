"""What the lab shows at any length, against the tensors that it was reduced from."""

import dataclasses
import math
import pickle

import pytest
import torch

from core.attention.causality import neighbours
from core.inputs.embeddings import embed
from core.inputs.sonnets import TOKENS, first_tokens
from core.lab import view
from core.lab.experiment import Experiment
from core.lab.run import run
from core.lab.view import ViewRequest, compute_view, probe, probe_without_mask, view_cached
from core.settings.setting import SettingError


def experiment(tokens, **options):
    words = first_tokens(tokens)
    rows = tuple(embed(word, 1) for word in words)
    return Experiment(words, rows, **{"context_length": tokens, "device": "cpu"} | options)


@pytest.mark.parametrize("tokens", [1, 6, 64, 65, 300])
def test_a_view_shows_what_was_observed(tokens):
    whole = run(experiment(tokens)).with_buffer.trace
    seen = compute_view(
        lambda *_: None, ViewRequest(experiment(tokens), (tokens // 2, 0), tokens - 1)
    )
    for stage in seen.with_buffer.trace.stages:
        exact = whole.get(stage.name, stage.change).tensor
        assert tuple(stage.tensor.shape) == tuple(exact.shape)
        if isinstance(stage.tensor, torch.Tensor):
            assert torch.equal(stage.tensor, exact)
            continue
        assert torch.equal(stage.tensor.row, exact[0, tokens - 1])
        window = stage.tensor.window
        part = exact[0, window.query :, window.key :][: len(window.values), : len(window.values)]
        assert torch.equal(window.values, part)
    weights = seen.with_buffer.trace.get("attn_weights").tensor
    assert weights.hidden == tokens * (tokens - 1) // 2
    assert weights.largest[0] == whole.get("attn_weights").tensor.max()


def test_causal_weights_agree_with_an_oracle_at_1024():
    given = experiment(1024, d_out=16)
    trace = run(given).with_buffer.trace
    q, k, v = (trace.get(name).tensor for name in ("queries", "keys", "values"))
    oracle = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(trace.get("context_vec").tensor, oracle, rtol=1e-4, atol=1e-6)
    raw = trace.get("attn_scores", 0).tensor
    torch.testing.assert_close(raw, q @ k.transpose(1, 2))
    assert torch.isfinite(raw).all(), "the scores before the mask were kept"


def test_a_variant_that_fails_shows_its_scores_before_the_mask():
    seen = compute_view(lambda *_: None, ViewRequest(experiment(100, device="sim"))).without_buffers
    scores = seen.trace.get("attn_scores").tensor
    assert scores.hidden == 0 and scores.blocks is not None
    assert seen.trace.get("attn_weights") is None
    kept = compute_view(lambda *_: None, ViewRequest(experiment(100, device="sim"))).with_buffer
    assert kept.trace.get("attn_scores", 1).tensor.blocks is not None
    assert kept.trace.get("attn_scores", 0).tensor.blocks is None, "no chart shows it"


@pytest.mark.parametrize("tokens", [6, 300])
def test_the_probe_finds_only_later_rows_changed(tokens):
    changed = tokens // 2
    rows = probe(lambda *_: None, experiment(tokens), changed, True)
    assert all(row.weights == row.context == 0 for row in rows[:changed])
    assert all(row.context > 0 for row in rows[changed:])
    groups = neighbours(rows)
    assert [row.query for group in groups for row in group] == list(range(tokens))
    assert len(groups) <= 3


@pytest.mark.parametrize("tokens", [6, 1024])
def test_a_view_is_small(tokens):
    assert len(pickle.dumps(view_cached(ViewRequest(experiment(tokens))))) < 2_000_000


def test_views_are_kept_and_bounded():
    wanted = ViewRequest(experiment(300))
    assert view_cached(wanted) is view_cached(wanted)
    for seed in range(5):
        view_cached(ViewRequest(experiment(300, seed=seed)))
    assert 0 < view_cached.cache.currsize <= view.KEPT_BYTES


def test_too_little_memory_names_value_limit_and_reason(monkeypatch):
    monkeypatch.setattr(view, "available_memory", lambda: 100 * 2**20)
    view.check_memory(experiment(1024))
    with pytest.raises(SettingError, match=r"`tokens` is `4,096`.*fewer on this machine now: "
                       r"4,096 need 1,0\d\d MB of memory, and 100 MB are free"):  # fmt: skip
        view.check_memory(experiment(4096))


def test_the_text_begins_again_after_its_end():
    assert TOKENS[:3] == ("Shall", "I", "compare")
    tokens = first_tokens(4096)
    assert len(tokens) == 4096
    assert tokens[len(TOKENS) : 2 * len(TOKENS)] == TOKENS
    assert math.ceil(4096 / len(TOKENS)) < 12


def test_without_a_mask_every_row_notices_a_changed_token():
    given = experiment(6)
    rows = probe_without_mask(given, 4)
    assert len(rows) == 6 and all(row.context > 0 and row.weights > 0 for row in rows)
    x = torch.tensor(given.rows)
    torch.manual_seed(given.seed)
    q, k, v = (torch.nn.Linear(3, 2, bias=False) for _ in range(3))
    y = x.clone()
    y[4] = torch.tensor([n + 1 if n <= 0 else n - 1 for n in x[4].tolist()])
    sdpa = torch.nn.functional.scaled_dot_product_attention
    with torch.no_grad():
        before, after = (sdpa(q(e)[None], k(e)[None], v(e)[None])[0] for e in (x, y))
    expected = (before - after).abs().amax(-1).tolist()
    assert [row.context for row in rows] == pytest.approx(expected, abs=1e-5)


def same(one, other):
    """Whether two reduced observations, or parts of them, hold the same numbers."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one.nan_to_num(9.0), other.nan_to_num(9.0)) and one.dtype == other.dtype
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    return one == other


def test_to_look_elsewhere_beyond_1024_tokens_runs_nothing_and_shows_the_same(monkeypatch):
    given = experiment(1030, seed=3)
    first, other = ViewRequest(given), ViewRequest(given, (700, 690), 1029)
    view.HELD.clear()
    fresh = compute_view(lambda *_: None, other)
    view.HELD.clear()
    compute_view(lambda *_: None, first)
    monkeypatch.setattr(view, "run", lambda *_: pytest.fail("it ran again"))
    again = compute_view(lambda *_: None, other)
    for buffer in (False, True):
        for one, two in zip(
            fresh.variant(buffer).trace.stages, again.variant(buffer).trace.stages, strict=True
        ):
            assert same(one, two), one.name
    view.HELD.clear()


def test_one_run_is_held_at_most_and_none_without_room(monkeypatch):
    view.HELD.clear()
    compute_view(lambda *_: None, ViewRequest(experiment(6)))
    assert not view.HELD, "a short input is quick to run again"
    for seed in (1, 2):
        compute_view(lambda *_: None, ViewRequest(experiment(1030, seed=seed)))
        assert [held.seed for held in view.HELD] == [seed]
    monkeypatch.setattr(view, "HELD_BYTES", 1000)
    compute_view(lambda *_: None, ViewRequest(experiment(1030, seed=3)))
    assert not view.HELD
