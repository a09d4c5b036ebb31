"""The script that measures what the mask costs, and the job that runs it for a page."""

from collections.abc import Callable

from core.attention import causal_attention
from core.code.building_blocks import DEVICE, OBSERVER, REGISTER, mask_needs
from core.code.script import Needs, Part, Script
from core.device.available import SIMULATED
from core.mask_cost import measure, memory_tracker, results

NEEDS = (
    DEVICE,
    *OBSERVER,
    Needs("The mask and the attention module", (causal_attention,)),
    mask_needs("Three other ways to have it"),
    Needs("What measures all four", (memory_tracker, results, measure)),
)
PROGRESS = Part("What is said meanwhile", "def report(fraction, words):\n    print(words)\n")
REPORT = """print("the same context vectors:", result.same)
for row in result.rows:
    low, median, high = (
        1000 * t for t in (row.forward.low, row.forward.median, row.forward.high)
    )
    print(f"{row.tokens} {row.way}: {median:.3f} ms ({low:.3f} to {high:.3f}), "
          f"mask {row.held:,} bytes, peak {row.peak:,}, crossed {row.crossed:,}")
for row in result.traced:
    print(f"{row.tokens} observed line by line: {row.ratio:.2f} times as long")
"""


def cost_script(device: str, longest: int) -> Script:
    """The Script that measures up to `longest` tokens on a device, and prints the figures."""
    lines = [REGISTER] * (device == SIMULATED)
    lines.append(f"result = measure(report, {device!r}, {longest})")
    return Script(
        "\n".join(lines) + "\n",
        NEEDS,
        "The measuring",
        data=(PROGRESS,),
        report=REPORT,
        report_title="What they cost",
    )


def measure_cost(
    report: Callable[[float, str], None], device: str, longest: int, attempt: int = 0
) -> results.Report:
    """Run cost_script(device, longest); a job of core.workers.pool.

    attempt only tells repeated requests apart.
    """
    return cost_script(device, longest).run(report=report)["result"]
