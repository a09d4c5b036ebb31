"""The observer of one forward pass: it sees everything and changes nothing."""

import gc
import sys
import threading
import weakref

import torch

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.attention.tensor_table import module_tensors
from core.attention.trace import changing_lines, trace
from core.device.simulated_device import register


def model_and_input(variant=CausalAttentionWithBuffer, dropout=0.0):
    torch.manual_seed(0)
    return variant(3, 2, 6, dropout), torch.rand(1, 6, 3)


def test_raw_scores_survive_the_fill_in_place():
    model, x = model_and_input()
    seen = trace(model, x)
    raw, masked = seen.get("attn_scores", 0).tensor, seen.get("attn_scores", 1).tensor
    queries, keys = model.W_query(x), model.W_key(x)
    assert torch.equal(raw, queries @ keys.transpose(1, 2))
    hidden = torch.triu(torch.ones(6, 6), diagonal=1).bool()
    assert torch.isinf(masked[0][hidden]).all()
    assert torch.equal(masked[0][~hidden], raw[0][~hidden])
    assert torch.isfinite(raw).all()


def test_every_stage_is_named_in_the_order_of_forward():
    seen = trace(*model_and_input())
    assert [(stage.name, stage.change) for stage in seen.stages] == [
        ("x", 0),
        ("queries", 0),
        ("keys", 0),
        ("values", 0),
        ("attn_scores", 0),
        ("attn_scores", 1),
        ("scaled_scores", 0),
        ("attn_weights", 0),
        ("dropped_weights", 0),
        ("context_vec", 0),
    ]
    assert all(stage.name in stage.source for stage in seen.stages)


def test_traced_output_is_the_plain_output():
    model, x = model_and_input()
    assert torch.equal(trace(model, x).output, model(x))


def test_dropout_is_seen_apart_from_the_weights():
    seen = trace(*model_and_input(dropout=0.5))
    weights, dropped = (seen.get(n).tensor for n in ("attn_weights", "dropped_weights"))
    kept = dropped != 0
    assert torch.allclose(dropped[kept], 2 * weights[kept])
    assert (weights[~kept] != 0).any()


def test_an_error_keeps_what_came_before_and_says_where_everything_was():
    register()
    model, x = model_and_input(CausalAttentionWithoutBuffers)
    seen = trace(model.to("sim"), x.to("sim"))
    assert seen.output is None
    assert seen.stages[-1].name == "attn_scores"
    assert seen.error.type == "RuntimeError"
    assert seen.error.source.startswith("attn_scores.masked_fill_(self.mask")
    places = dict(seen.error.devices)
    assert places["self.mask"] == "cpu"
    assert places["attn_scores"] == places["self.W_query.weight"] == "sim:0"


def test_the_line_of_an_error_is_the_line_in_the_file():
    model, x = model_and_input()
    error = trace(model, x[..., :2]).error
    with open(sys.modules["core.attention.causal_attention"].__file__) as file:
        assert file.read().splitlines()[error.line - 1].strip() == error.source == "self.check(x)"


def test_the_callers_own_tracer_is_put_back():
    def mine(*_):
        return None

    before = sys.gettrace()
    sys.settrace(mine)
    try:
        trace(*model_and_input())
        assert sys.gettrace() is mine
    finally:
        sys.settrace(before)


def test_threads_do_not_see_each_others_tensors():
    results = {}

    def work(number):
        torch.manual_seed(0)
        model = CausalAttentionWithBuffer(3, 2, number + 1, 0.0)
        results[number] = trace(model, torch.full((1, number + 1, 3), float(number)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, seen in results.items():
        assert len(seen.stages) == 10
        assert torch.equal(seen.get("x").tensor, torch.full((1, number + 1, 3), float(number)))


def test_module_tensors_finds_all_four_kinds():
    model = CausalAttentionWithBuffer(3, 2, 6, 0.0, qkv_bias=True)
    model.extra = torch.ones(1)
    names = set(module_tensors(model))
    assert names == {
        *("mask", "extra"),
        *(f"W_{part}.{kind}" for part in ("query", "key", "value") for kind in ("weight", "bias")),
    }


class Changing(torch.nn.Module):
    """Changes large tensors in place in every way that a line can."""

    def forward(self, x):
        start = x + 0
        view = start[:10]
        start[0] = 7.0
        start += 1
        start.mul_(2)
        result = torch.relu(start)
        return result + view.sum()


def test_large_tensors_are_kept_as_they_were_at_each_line():
    x = torch.randn(300, 300, generator=torch.Generator().manual_seed(0))
    seen = trace(Changing(), x)
    first = x.clone()
    first[0] = 7.0
    for change, expected in enumerate((x, first, first + 1, (first + 1) * 2)):
        assert torch.equal(seen.get("start", change).tensor, expected), change
    assert torch.equal(seen.get("view", 0).tensor, x[:10])
    assert torch.equal(seen.get("result").tensor, ((first + 1) * 2).relu())


def test_a_large_tensor_that_nothing_changes_is_not_copied():
    x = torch.randn(300, 300)
    held = trace(Changing(), x).get("x").tensor
    assert held.device == x.device
    changed = {line - Changing.forward.__code__.co_firstlineno
               for line in changing_lines(Changing.forward.__code__)}  # fmt: skip
    assert changed == {3, 4, 5}


def test_a_trace_that_is_gone_keeps_no_tensor():
    """Not even until the garbage collector comes: a room of visitors would hold gigabytes."""
    gc.disable()
    try:
        seen = trace(Changing(), torch.randn(300, 300))
        held = [weakref.ref(stage.tensor) for stage in seen.stages]
        del seen
        assert not any(tensor() is not None for tensor in held)
    finally:
        gc.enable()
