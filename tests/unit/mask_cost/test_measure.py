"""What the mask costs: figures against loops, arithmetic, PyTorch's profiler and counted copies."""

import dataclasses
import inspect
import itertools
import json
import math
import time
from functools import cache

import fresh_python
import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from core.attention.causal_attention import CausalAttentionWithBuffer
from core.attention.mask_variants import CopiedEachTime, RebuiltEachTime
from core.charts.devices_and_bytes import byte_ticks
from core.charts.vega_spec import round_ticks
from core.code.files import as_notebook, as_script
from core.device.simulated_device import count_copies, register
from core.lab.settings import LAB
from core.mask_cost import charts as cost_charts
from core.mask_cost import findings as costing
from core.mask_cost import measure as mask_cost
from core.mask_cost.measure import (
    COMPETITORS,
    D_HEAD,
    ROUNDS,
    Benchmark,
    measure,
    seeded,
    stopwatch,
)
from core.mask_cost.memory_tracker import track_memory
from core.mask_cost.results import MIN_BLOCKS, Cost, Report, TimingSummary, Traced
from core.mask_cost.settings import COPIED, FUSED, MASK_COST, NAMES, REBUILT, STORED
from core.mask_cost.take_home import cost_script


def quiet(fraction, words):
    pass


@cache
def measured(device):
    register()
    return measure(quiet, device, 64, rounds=1, seconds=60)


def by_loops(model, x):
    """Causal attention in float64, one number at a time; rows of context vectors."""
    query, key, value = (
        (x[0].double() @ layer.weight.double().T).tolist()
        for layer in (model.W_query, model.W_key, model.W_value)
    )
    context = []
    for i in range(len(query)):
        scores = [sum(a * b for a, b in zip(query[i], key[j], strict=True)) for j in range(i + 1)]
        raised = [math.exp(score / D_HEAD**0.5) for score in scores]
        weights = [number / sum(raised) for number in raised]
        columns = zip(*value[: i + 1], strict=True)
        context.append([sum(w * v for w, v in zip(weights, c, strict=True)) for c in columns])
    return torch.tensor(context, dtype=torch.float64)


# ------------------------------------------------------------------------------ what is measured


@pytest.mark.parametrize("device", ["cpu", "sim"])
def test_every_way_is_causal_attention(device):
    place = register() if device == "sim" else torch.device("cpu")
    x = torch.randn(1, 12, D_HEAD, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        expected = by_loops(seeded(CausalAttentionWithBuffer, D_HEAD, D_HEAD, 12, 0.0), x)
        for variant in COMPETITORS.values():
            context = seeded(variant, D_HEAD, D_HEAD, 12, 0.0).to(place)(x.to(place)).cpu()
            torch.testing.assert_close(context[0].double(), expected, rtol=1e-5, atol=1e-6)


def test_a_way_that_computes_something_else_is_noticed(monkeypatch):
    assert measured("cpu").same and measured("sim").same
    monkeypatch.setattr(RebuiltEachTime, "mask", torch.zeros(16, 16))  # hides nothing
    wrong = measure(quiet, "cpu", 16, rounds=1)
    assert not wrong.same
    assert "did not give the same" in costing.sameness(wrong)


def test_bytes_are_those_of_arithmetic():
    for row in measured("cpu").rows:
        pairs, numbers = 4 * row.tokens**2, 4 * row.tokens * D_HEAD  # bytes
        assert row.held == (pairs if row.way == STORED else 0)
        assert row.crossed == 0
        if row.way == FUSED:
            # a query, a key, a value, a context vector each; the kernel's own logsumexp
            assert row.peak == 4 * numbers + 4 * row.tokens
            assert row.largest == numbers
        else:
            # at the end: scores, scaled scores, weights, and the same four
            assert row.peak == 3 * pairs + 4 * numbers
            assert row.largest == max(pairs, numbers)


def test_the_peak_is_that_of_pytorchs_profiler(tmp_path):
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        x = torch.randn(1, 128, D_HEAD)
        for variant in (CausalAttentionWithBuffer, RebuiltEachTime, CopiedEachTime):
            model = seeded(variant, D_HEAD, D_HEAD, 128, 0.0)
            with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
                model(x)
            profiler.export_chrome_trace(str(tmp_path / "trace.json"))
            events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
            events = sorted((e for e in events if e["name"] == "[memory]"), key=lambda e: e["ts"])
            totals = itertools.accumulate(event["args"]["Bytes"] for event in events)
            assert track_memory(model, x).peak == max(totals)


def test_where_the_peak_is_and_what_is_gone_by_then():
    class Rises(torch.nn.Module):
        def forward(self, x):
            total = torch.cat((x, x, x)).sum()  # three times x, and gone after this line
            return (total + x).exp()

    watch = track_memory(Rises(), torch.ones(1000))
    assert (watch.peak_at, watch.peak) == ("sum", 4 * 3001)  # later: 1000, 1000 and 1 number

    rows = {row.way: row for row in measured("cpu").at(64)}
    assert rows[STORED].peak_at == rows[REBUILT].peak_at == "bmm"
    assert "in `bmm`, the mask that was built is gone again" in " ".join(
        costing.reasons(measured("cpu"))
    )
    higher = dataclasses.replace(rows[REBUILT], peak=rows[REBUILT].peak + 1)
    assert costing.given_back(rows[STORED], higher) == ""


def test_an_axis_of_bytes_has_several_numbers_where_bars_are():
    for largest, highest, least in ((20_000, 8, 5), (900_000, 8, 8), (2e7, 8, 4), (5e9, 10, 6)):
        ticks = byte_ticks(largest, highest)
        assert ticks == sorted(set(ticks)) and ticks[0] == 0
        assert sum(0 < tick <= largest for tick in ticks) >= least


def test_bytes_that_cross_are_those_that_sim_counts():
    rows = {row.way: row for row in measured("sim").at(64)}
    place = register()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        x = torch.randn(1, 64, D_HEAD).to(place)
        for way, variant in COMPETITORS.items():
            model = seeded(variant, D_HEAD, D_HEAD, 64, 0.0).to(place)
            with count_copies() as copies:
                model(x)
            assert rows[way].crossed == sum(copy.nbytes for copy in copies)
    assert rows[COPIED].crossed == 4 * 64**2


def test_on_the_cpu_the_copy_is_a_clone():
    rows = {row.way: row for row in measured("cpu").at(64)}
    rebuilt, copied = (rows[way].operations.count("_to_copy") for way in (REBUILT, COPIED))
    assert (rebuilt, copied) == (1, 2)  # one makes the mask bool


def test_the_clock_stands_still_while_the_thread_does():
    clock = stopwatch(torch.device("cpu"))
    before = clock()
    time.sleep(0.2)
    assert clock() - before < 0.1
    assert measured("cpu").clock == "processor time"


def test_the_mask_alone_is_timed_where_there_is_one():
    for row in measured("cpu").rows:
        assert (row.mask is None) == (row.way == FUSED)
        assert 0 < row.forward.low <= row.forward.median <= row.forward.high
        assert row.forward.blocks >= 1
        if row.mask:
            assert row.mask.median < row.forward.median


def test_the_observer_is_compared_with_a_plain_call():
    assert [row.tokens for row in measured("cpu").traced] == [16, 32, 64]
    row = Traced(16, TimingSummary(2.0, 1.0, 3.0, 9), TimingSummary(3.0, 3.0, 3.0, 9))
    assert row.ratio == 1.5


def test_nothing_of_the_process_is_changed():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    measure(quiet, "cpu", 16, rounds=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads and torch.is_grad_enabled()


# ------------------------------------------------------------------------------ time is bounded


def test_lengths_are_the_powers_of_two_up_to_the_longest():
    report = measure(quiet, "cpu", 2048, seconds=-1)
    assert report.lengths == (16, 32, 64, 128, 256, 512, 1024, 2048)


def test_when_the_time_is_up_nothing_more_begins_and_the_rest_is_marked(monkeypatch):
    begun = []
    monkeypatch.setattr(mask_cost, "Benchmark", lambda *a: begun.append(a[0]) or Benchmark(*a))
    ticks = itertools.count()
    report = measure(quiet, "cpu", 2048, seconds=20, clock=lambda: next(ticks))
    # a length takes 9 looks at the clock, and two or three more around them
    assert begun == [16, 32]
    assert report.measured == (16,) and report.missing == (32, 64, 128, 256, 512, 1024, 2048)
    assert report.rounds == 1
    said = costing.too_few(report)
    assert "32, 64, 128, 256, 512, 1,024 and 2,048 tokens were not measured" in said
    assert "What follows is of 16 tokens;" in said
    verdict = costing.fastest_verdict(FUSED, report)
    assert verdict.right is None and "2,048 tokens were not measured." in verdict.text
    assert "A point is one time" in costing.reading(report)
    assert {row["middle half"] for row in costing.figures(report)} == {"timed once", ""}
    assert costing.figures(report)[-1]["forward, median"] == "not measured"


def test_a_range_of_one_time_is_that_time():
    report = made_up(**dict.fromkeys(APART, (3, 3, 3)), blocks=1)
    text = costing.ranking(report) + " ".join(costing.reasons(report))
    assert "*SDPA* 3.00 ms" in text and "3.00 ms to" not in text
    assert "*stored buffer* took 3.00 ms, *rebuilt each time* 3.00 ms, each timed too few" in text
    assert costing.too_few(report) == ""


def test_no_time_at_all_gives_an_empty_report():
    report = measure(quiet, "cpu", 256, seconds=-1)
    assert (report.rows, report.traced, report.rounds) == ((), (), 0)
    assert report.missing == report.lengths


def test_progress_rises_to_one_at_most():
    told = []
    measure(lambda *a: told.append(a), "cpu", 32, rounds=2, seconds=60)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] <= 1
    assert told[-1][1] == "Round 2 of 2: 32 tokens" and len(told) == 4


def test_no_way_is_always_the_first():
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        contest = Benchmark(16, torch.device("cpu"))
    order = []

    class Recorder:
        def __init__(self, what):
            self.what = what

        def timeit(self, number):
            order.append(self.what)
            return self

        median, times = 1.0, (1.0,)

    contest.timers = {what: Recorder(what) for what in contest.timers}
    contest.calls = dict.fromkeys(contest.timers, 1)
    for _ in range(ROUNDS):
        assert contest.visit(lambda: False)
    count = len(contest.timers)
    rounds = [order[i : i + count] for i in range(0, len(order), count)]
    assert len({tuple(turn) for turn in rounds}) == ROUNDS
    assert all(set(turn) == set(contest.timers) for turn in rounds)


# ------------------------------------------------------------------------------ what is said


def made_up(device="cpu", fused=("_scaled_dot_product_flash",), crossed=0, blocks=9, **times):
    """A Report at 64 tokens, with (low, median, high) in ms for each way."""
    rows = []
    for name, way in (
        ("stored", STORED),
        ("rebuilt", REBUILT),
        ("copied", COPIED),
        ("sdpa", FUSED),
    ):
        low, median, high = (ms / 1000 for ms in times[name])
        mask = None if way == FUSED else TimingSummary(1e-3, 1e-3, 1e-3, 9)
        rows.append(
            Cost(way, 64, TimingSummary(median, low, high, blocks), mask, 5 * (way == STORED), 7,
                 "bmm", 3,
                 crossed * (way == COPIED), fused * (way == FUSED), 1e-7)
        )  # fmt: skip
    traced = (Traced(64, TimingSummary(1.0, 1, 1, 9), TimingSummary(1.25, 1, 1, 9)),)
    return Report(device, (64,), tuple(rows), traced, True, 7, 1.0, "processor time", "a machine")


APART = {"stored": (4, 5, 6), "rebuilt": (9, 10, 11), "copied": (12, 13, 14), "sdpa": (1, 2, 3)}


def test_a_clear_winner_is_named_with_its_lead():
    report = made_up(**APART)
    assert costing.leaders(report) == [FUSED]
    text = costing.ranking(report)
    assert "*SDPA* was the fastest, with a median of 2.00 ms" in text
    assert "*stored buffer*, took 5.00 ms, 2.50 times as long" in text
    assert costing.fastest_verdict(FUSED, report).right is True
    assert costing.fastest_verdict(STORED, report).right is False
    assert "100% longer than *stored buffer*" in " ".join(costing.reasons(report))


def test_ways_within_their_spread_cannot_be_told_apart():
    report = made_up(**APART | {"sdpa": (1, 2, 4.5)})
    assert costing.leaders(report) == [FUSED, STORED]
    text = costing.ranking(report)
    assert "cannot be told apart, since the middle halves of their times overlap" in text
    assert "was the fastest" not in text and "The next is *rebuilt each time*" in text
    for guess in (FUSED, STORED):
        verdict = costing.fastest_verdict(guess, report)
        assert verdict.right is None and "cannot tell" in verdict.text
    assert costing.fastest_verdict(COPIED, report).right is False
    near = made_up(**APART | {"rebuilt": (5.5, 7, 8)})
    assert "Here it cannot be told" in " ".join(costing.reasons(near))


def test_too_few_times_tell_nothing():
    report = made_up(**APART, blocks=MIN_BLOCKS - 1)
    assert set(costing.leaders(report)) == set(NAMES)
    assert "each was timed too few times" in costing.ranking(report)


def test_reasons_say_what_was_seen():
    here = " ".join(costing.reasons(made_up(**APART)))
    assert "Nothing crossed" in here and "Nothing was copied" not in here
    assert "*copied each time* copies its mask from there to there" in here
    call = ".to(device, copy=True)"  # as its class has it
    source = inspect.getsource(CopiedEachTime)
    assert f"`{call}`" in here and call.replace("device", "self.W_query.weight.device") in source
    assert "PyTorch computed attention in one function, `_scaled_dot_product_flash`" in here
    there = made_up(device="sim", crossed=16_384, fused=("ones", "tril", "bmm"), **APART)
    text = " ".join(costing.reasons(there))
    assert "copied 16.4 kB from `cpu` to `sim` in each forward pass" in text
    assert "3 operations ran in a forward pass, `ones`, `tril` for a mask of its own" in text
    assert "say nothing of a GPU" in costing.reading(there)
    assert "**1.25 times** as long" in costing.tracing(there)
    assert costing.measured(there) == "Measured: 4 ways at 64 tokens."


def test_all_that_take_the_least_are_named():
    text = list(costing.reasons(made_up(**APART)))[-1]
    assert text.endswith(
        "Least in all: *rebuilt each time*, *copied each time*, *SDPA*, 7 bytes each."
    )


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [
        ((0.03, 1.2, 0.06), [0.05, 0.1, 0.2, 0.5, 1]),
        ((0.004, 70), [0.01, 0.1, 1, 10]),
        ((1.1, 4.4), [1.5, 2, 2.5, 3, 4]),
        ((2.15, 2.6), [2.2, 2.3, 2.4, 2.5, 2.6]),
        ((3, 3), [3]),
    ],
)
def test_a_logarithmic_axis_has_round_ticks_enough(numbers, ticks):
    assert round_ticks(numbers) == ticks


def test_sdpa_runs_as_one_kernel_on_the_cpu():
    (row,) = (row for row in measured("cpu").at(64) if row.way == FUSED)
    assert any("scaled_dot_product" in name for name in row.operations)
    assert not {"ones", "tril", "softmax", "_softmax"} & set(row.operations)


def test_times_are_written_with_three_digits():
    assert [costing.in_words(t) for t in (1.5e-7, 9.99e-5, 1e-4, 0.0123, 1.234)] == [
        "0.150 µs", "99.9 µs", "0.100 ms", "12.3 ms", "1.23e+03 ms",
    ]  # fmt: skip


def test_charts_have_every_figure_and_need_no_colour():
    report = measured("cpu")
    spec = cost_charts.time_chart(report).to_dict()
    lines, bars, points = spec["layer"]
    assert len(spec["data"]["values"]) == len(COMPETITORS) * 3
    assert lines["encoding"]["x"]["scale"]["type"] == "log"
    assert lines["encoding"]["y"]["scale"]["type"] == "log"
    assert (bars["encoding"]["y"]["field"], bars["encoding"]["y2"]["field"]) == ("low", "high")
    for encoding in (points["encoding"]["shape"], lines["encoding"]["strokeDash"]):
        assert len({str(value) for value in encoding["scale"]["range"]}) == len(COMPETITORS)
    memory = cost_charts.memory_chart(report).to_dict()["data"]["values"]
    assert [cell["bytes"] for cell in memory] == [row.held + row.peak for row in report.rows]


def test_settings_do_not_clash_with_the_labs():
    assert MASK_COST["cost_guess"].options == NAMES
    assert not MASK_COST.keys() & LAB.keys()


@pytest.mark.parametrize("device", ["cpu", "sim"])
def test_the_code_runs_as_pasted(device, tmp_path):
    done = fresh_python.run(as_script(cost_script(device, 16).parts()), tmp_path)
    assert not done.stderr
    assert "the same context vectors: True" in done.stdout
    for row in measured(device).at(16):
        (line,) = (li for li in done.stdout.splitlines() if li.startswith(f"16 {row.way}:"))
        assert f"mask {row.held:,} bytes" in line and f"crossed {row.crossed:,}" in line
    notebook = json.loads(as_notebook(cost_script(device, 16).parts()))
    assert len(notebook["cells"]) == 2 * len(cost_script(device, 16).parts())
