"""How much slower is the CPU once `sim` is registered? Prints a ratio; 1.00 is no difference.

    python tests/benchmarks/bench_simulated_device.py

Two processes, one with and one without registration, take turns timing the same small forward, so
that whatever else the machine does hits both. A turn is short; the median over turns is printed.
"""

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TURNS, FORWARDS = 60, 200

WORKER = f"""
import sys, time, torch
torch.set_num_threads(1)
if sys.argv[1] == "registered":
    from core.device.simulated_device import register
    register()
torch.manual_seed(0)
layer = torch.nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
x = torch.rand(2, 16, 32)
for _ in range({FORWARDS}):
    layer(x)
for _ in sys.stdin:  # a line is a turn
    start = time.perf_counter()
    for _ in range({FORWARDS}):
        layer(x)
    print((time.perf_counter() - start) / {FORWARDS}, flush=True)
"""


def start(variant: str) -> subprocess.Popen:
    command = [sys.executable, "-c", WORKER, variant]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def turn(worker: subprocess.Popen) -> float:
    """Seconds per forward."""
    worker.stdin.write("\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def measure(turns: int = TURNS) -> dict[str, list[float]]:
    """Seconds per forward in each turn, plain and with `sim` registered."""
    workers = {variant: start(variant) for variant in ("plain", "registered")}
    seconds = {variant: [] for variant in workers}
    for number in range(turns):
        order = list(workers) if number % 2 else list(reversed(workers))
        for variant in order:
            seconds[variant].append(turn(workers[variant]))
    for worker in workers.values():
        worker.communicate()
    return seconds


def main() -> None:
    seconds = measure()
    plain, registered = (statistics.median(seconds[v]) for v in ("plain", "registered"))
    print(f"CPU forward: {plain * 1e6:.0f} us plain, {registered * 1e6:.0f} us with sim registered")
    ratios = [r / p for r, p in zip(seconds["registered"], seconds["plain"], strict=True)]
    print(f"ratio, median of {TURNS} turns: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
