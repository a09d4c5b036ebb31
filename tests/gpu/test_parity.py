"""`sim` beside a real GPU: every rule, every outcome of the lab, every message, in one table.

    PARITY_TABLE=parity.md python -m pytest tests/gpu

Skipped where there is no CUDA. The cases are those of tests/unit/device; each runs on `sim` and on
`cuda`, and what came out (numbers, or an exception's type and message) has to be the same but for
the names of the devices. The table goes to the file that PARITY_TABLE names, with the card's name.
PARITY_DEVICE=sim holds `sim` against itself: a trial of this file on a machine without a GPU.
"""

import os
import re
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "device"))

import test_device_checks as checks
import test_generators as generators
import test_simulated_device as device_tests

from core.device.simulated_device import register
from core.lab.experiment import Experiment
from core.lab.run import run

register()
JUDGE = os.environ.get("PARITY_DEVICE", "cuda")
pytestmark = pytest.mark.skipif(
    JUDGE == "cuda" and not torch.cuda.is_available(), reason="needs a CUDA device"
)


def pairs(table, make=lambda entry: entry):
    """Calls of two tensors, one of each device, both ways round, and both on the device."""
    for name, entry in table.items():
        for a, b in (("{}", "cpu"), ("cpu", "{}"), ("{}", "{}")):
            yield f"{name} {a.format('device')} {b.format('device')}", make(entry), a, b


def two_tensors(call, a, b, device):
    torch.manual_seed(0)
    return call(*(torch.eye(3, device=where.format(device)) for where in (a, b)))


def attention(options, device):
    seen = run(Experiment(device=device, **options))
    return [
        (variant.trace.error.type, variant.trace.error.message)
        if variant.trace.error
        else [(stage.name, stage.tensor.cpu()) for stage in variant.trace.stages]
        for variant in (seen.without_buffers, seen.with_buffer)
    ]


LAB = {
    "never moved": {"move_model": False},
    "model moved": {},
    "mask moved by hand": {"move_mask": True},
    "only the mask moved": {"move_model": False, "move_mask": True},
    "persistent=False": {"persistent": False},
}
CASES = {}
for family, table in (
    ("message", {name: call for name, (call, _) in device_tests.MESSAGES.items()}),
    ("pointwise", device_tests.POINTWISE),
    ("named", device_tests.NAMED),
):
    for name, call, a, b in pairs(table):
        CASES[f"{family}: {name}"] = lambda d, call=call, a=a, b=b: two_tensors(call, a, b, d)
for method in device_tests.IN_PLACE:
    entry = {method: lambda x, y, method=method: getattr(x, method)(y)}
    for name, call, a, b in pairs(entry):
        CASES[f"in place: {name}"] = lambda d, call=call, a=a, b=b: two_tensors(call, a, b, d)
for name, call in generators.DRAWS.items():
    CASES[f"generator of the CPU: {name}"] = lambda d, c=call: c(d, torch.Generator())
    CASES[f"generator of the device: {name}"] = lambda d, c=call: c("cpu", torch.Generator(d))
    CASES[f"random numbers: {name}"] = lambda d, c=call: c(d, torch.Generator(d)).device
for name, (call, _) in checks.INTEGER_PRODUCTS.items():
    for dtype in (torch.int64, torch.uint8, torch.bool):
        CASES[f"integers: {name} {dtype}"] = lambda d, c=call, t=dtype: c(
            torch.ones(2, 2, dtype=t, device=d)
        )
NUMBERS = {
    "clamp": lambda x, n: x.clamp(n),
    "clamp_min": lambda x, n: x.clamp_min(n),
    "clamp_max": lambda x, n: x.clamp_max(n),
    "where": lambda x, n: torch.where(x > 0, x, n),
    "add": lambda x, n: x + n,
    "fill_": lambda x, n: x.fill_(n),
    "masked_fill": lambda x, n: x.masked_fill(x > 0, n),
    "setitem": lambda x, n: x.__setitem__(torch.tensor([0]), n),
    "index_fill": lambda x, n: x.index_fill(0, torch.tensor([0], device=x.device), n),
    "lerp": lambda x, n: x.lerp(x, n),
    "gcd": lambda x, n: torch.gcd(x.long(), n.long()),
}
for name, call in NUMBERS.items():
    CASES[f"number: {name} device cpu"] = lambda d, c=call: c(
        torch.ones(2, device=d), torch.tensor(2.0)
    )
    CASES[f"number: {name} cpu device"] = lambda d, c=call: c(
        torch.ones(2), torch.tensor(2.0, device=d)
    )
CASES["numpy"] = lambda d: torch.ones(2, device=d).numpy()
CASES["convolution"] = lambda d: torch.conv1d(torch.ones(1, 2, 5, device=d), torch.ones(1, 2, 2))
CASES["indices of the device for a CPU tensor"] = lambda d: torch.ones(3)[
    torch.tensor([0], device=d)
]
CASES["a number as a device"] = lambda d: (
    torch.ones(2).to(0).device.type == JUDGE,
    next(torch.nn.Linear(1, 1).to(0).parameters()).device.type == JUDGE,
)
for name, options in LAB.items():
    CASES[f"lab: {name}"] = lambda d, o=options: attention(o, d)


def neutral(text):
    """A text without the names that differ by device on purpose."""
    text = re.sub(r"\bsim\b|\bcuda\b", "DEVICE", text)
    return text.replace("wrapper_PrivateUse1", "wrapper_").replace("wrapper_CUDA", "wrapper_")


def outcome(call, device):
    """What came out: numbers, or an exception in words, without names of devices."""
    try:
        found = call(device)
    except Exception as error:
        return neutral(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    return found


def same(one, other):
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if neutral(str(one.device)) != neutral(str(other.device)) or one.dtype != other.dtype:
            return False
        return torch.allclose(one.cpu(), other.cpu(), rtol=1e-4, atol=1e-5, equal_nan=True)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return neutral(str(one)) == neutral(str(other))


def in_words(found):
    text = found if isinstance(found, str) else "runs"
    return text.replace("|", "\\|")


ROWS = {}


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    path = os.environ.get("PARITY_TABLE")
    if path and ROWS:
        card = torch.cuda.get_device_name() if JUDGE == "cuda" else JUDGE
        equal = sum(row[0] for row in ROWS.values())
        lines = [f"`sim` and {card}: {equal} of {len(ROWS)} cases alike.", ""]
        lines += ["| case | alike | on sim | on the judge |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {'yes' if alike else 'NO'} | {in_words(ours)} | {in_words(theirs)} |"
            for name, (alike, ours, theirs) in ROWS.items()
        ]
        Path(path).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("name", CASES)
def test_sim_does_what_the_gpu_does(name):
    ours, theirs = (outcome(CASES[name], device) for device in ("sim", JUDGE))
    ROWS[name] = (same(ours, theirs), ours, theirs)
    assert ROWS[name][0], f"sim: {ours}\n{JUDGE}: {theirs}"
