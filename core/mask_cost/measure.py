"""What the causal mask costs: four ways to the same context vectors, timed, their memory observed.

Dimensions: num_tokens is the context length; D_HEAD numbers in an embedding, a query, a key and a
value, as in one head of GPT-2. Times are seconds on one thread, memory is bytes.
"""

import itertools
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils import benchmark

from core.attention.causal_attention import CausalAttentionWithBuffer
from core.attention.mask_variants import CopiedEachTime, FusedAttention, RebuiltEachTime
from core.attention.trace import trace
from core.mask_cost.memory_tracker import track_memory
from core.mask_cost.results import Cost, Report, TimingSummary, Traced

D_HEAD = 64
MIN_TOKENS = 16  # tokens
SEED = 123
RTOL, ATOL = 1e-4, 1e-5  # of torch.allclose, for the context vectors of two ways
ROUNDS = 9  # visits to each way at each length
VISIT_SECONDS = 0.005  # seconds of calls in a visit, at least one call
MAX_SECONDS = 10.0  # for all of it; no visit begins later


ON_CPU = ("cpu", "sim")  # devices that the processor computes for
COMPETITORS = {
    "stored buffer": CausalAttentionWithBuffer,
    "rebuilt each time": RebuiltEachTime,
    "copied each time": CopiedEachTime,
    "SDPA": FusedAttention,
}


def seeded(way: type, *sizes: Any) -> torch.nn.Module:
    """A module of class `way`; the seed gives all ways the same weights."""
    torch.manual_seed(SEED)
    return way(*sizes)


def warm_allocator() -> None:
    """Let a large block of memory come and go, so that every length finds the same allocator.

    glibc's malloc takes the largest block freed so far, up to 32 MiB, as a measure: smaller ones
    it then keeps for the next request, where it gave them back to the system before.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def stopwatch(device: torch.device) -> Callable[[], float]:
    """A clock for Timer. On the CPU it counts only while the processor works for this thread, so
    that programs that push in between are not counted. A GPU works on after a call has returned:
    its clock is the wall's, and waits for the GPU first."""
    if device.type in ON_CPU:
        return time.thread_time
    wait = getattr(torch, device.type).synchronize

    def clock() -> float:
        wait()
        return time.perf_counter()

    return clock


class Benchmark:
    """All ways at one length: built, compared, their memory observed, ready to be timed."""

    def __init__(self, tokens: int, device: torch.device) -> None:
        self.tokens = tokens
        self.models = {
            way: seeded(variant, D_HEAD, D_HEAD, tokens, 0.0).to(device)
            for way, variant in COMPETITORS.items()
        }
        lab = seeded(CausalAttentionWithBuffer, 3, 2, tokens, 0.0).to(device)
        torch.manual_seed(SEED)
        x = torch.randn(1, tokens, D_HEAD).to(device)
        tokens_of_lab = torch.rand(1, tokens, 3).to(device)
        outputs = {way: model(x).cpu() for way, model in self.models.items()}
        first = next(iter(outputs.values()))
        self.same = all(torch.allclose(o, first, RTOL, ATOL) for o in outputs.values())
        self.differences = {w: (o - first).abs().max().item() for w, o in outputs.items()}
        self.watched = {way: track_memory(model, x) for way, model in self.models.items()}
        statements = {("forward", w): ("model(x)", m, x) for w, m in self.models.items()}
        statements |= {
            ("mask", w): ("model.mask", m, x)
            for w, m in self.models.items()
            if not isinstance(m, FusedAttention)
        }
        statements |= {
            ("lab", "plain"): ("model(x)", lab, tokens_of_lab),
            ("lab", "traced"): ("trace(model, x)", lab, tokens_of_lab),
        }
        clock = stopwatch(device)
        self.timers = {
            what: benchmark.Timer(
                statement, timer=clock, globals={"model": model, "x": x, "trace": trace}
            )
            for what, (statement, model, x) in statements.items()
        }
        self.times: dict[tuple, list[float]] = {what: [] for what in self.timers}
        self.calls: dict[tuple, int] = {}  # in a visit
        self.visits = 0

    def visit(self, over: Callable[[], bool]) -> bool:
        """Time each thing once, beginning with another one each time. False if time was up."""
        order = list(self.timers)
        shift = 2 * self.visits % len(order)
        for what in order[shift:] + order[:shift]:
            if over():
                return False
            timer = self.timers[what]
            if what not in self.calls:  # blocked_autorange would find it anew at each visit
                self.calls[what] = max(1, round(VISIT_SECONDS / timer.timeit(1).median))
            self.times[what] += timer.timeit(self.calls[what]).times
        self.visits += 1
        return True

    def timing(self, *what: Any) -> TimingSummary:
        """The times of one thing; after one visit at least."""
        times = self.times[what]
        low, median, high = statistics.quantiles(
            times * (1 + (len(times) == 1)), n=4, method="inclusive"
        )
        return TimingSummary(median, low, high, len(times))

    def costs(self) -> tuple[Cost, ...]:
        return tuple(
            Cost(
                way,
                self.tokens,
                self.timing("forward", way),
                self.timing("mask", way) if ("mask", way) in self.times else None,
                sum(buffer.nbytes for buffer in model.buffers()),
                self.watched[way].peak,
                self.watched[way].peak_at,
                self.watched[way].largest,
                self.watched[way].crossed,
                tuple(self.watched[way].operations),
                self.differences[way],
            )
            for way, model in self.models.items()
        )


def measure(
    report: Callable[[float, str], None],
    device: str,
    longest: int,
    attempt: int = 0,
    rounds: int = ROUNDS,
    seconds: float = MAX_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """Measure all ways at T = MIN_TOKENS, twice that, … up to longest, on a device by its name.

    Rounds go through all lengths, so that other load of the machine hits all alike. After
    `seconds` nothing more begins. report(fraction, words) is called on the way. attempt only
    tells repeated requests apart. PyTorch's default generator is as before on return; it must be
    nobody else's meanwhile.
    """
    place = torch.device(device)
    lengths = tuple(MIN_TOKENS * 2**i for i in range((longest // MIN_TOKENS).bit_length()))
    start = clock()

    def over() -> bool:
        return clock() - start > seconds

    benchmarks: dict[int, Benchmark] = {}
    steps = list(itertools.product(range(rounds), lengths))
    warm_allocator()
    one_thread = benchmark.set_torch_threads(1)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), one_thread:
        for step, (turn, tokens) in enumerate(steps):
            if over():
                break
            fraction = max(step / len(steps), (clock() - start) / seconds)
            report(min(fraction, 1.0), f"Round {turn + 1} of {rounds}: {tokens:,} tokens")
            if tokens not in benchmarks:
                benchmarks[tokens] = Benchmark(tokens, place)
            if not benchmarks[tokens].visit(over):
                break
    done = [one for one in benchmarks.values() if one.visits]
    return Report(
        device=device,
        lengths=lengths,
        rows=tuple(cost for one in done for cost in one.costs()),
        traced=tuple(
            Traced(c.tokens, c.timing("lab", "plain"), c.timing("lab", "traced")) for c in done
        ),
        same=all(one.same for one in done),
        rounds=min((one.visits for one in done), default=0),
        seconds=clock() - start,
        clock="processor time" if place.type in ON_CPU else "wall-clock time",
        machine=f"{platform.machine()}, {os.cpu_count()} processors, PyTorch {torch.__version__}",
    )
