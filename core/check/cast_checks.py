"""Does a cast to 16 bits spoil the output, more than 16 bits must?

Compared are outputs and not tensors. Three modules run in float32, on inputs that 16 bits can hold:
as built; with all floating-point numbers rounded to 16 bits; with the parameters alone rounded.
Where the second is far off and the third is not, the buffers lost what the output needs. How far
off depends on the inputs, often on their length.
"""

import torch
from torch import nn

from core.check.move_findings import is_or_are, named
from core.check.outputs import as_share, difference
from core.check.places import where_held
from core.check.repairs import smallest
from core.check.report import Finding, Trial
from core.check.subject import Subject, copied
from core.check.tensors import Held, tensors_of

SPOILED = 0.1  # of the largest number of the output
NEAR = 0.25  # the repaired output has at most this part of the error
DTYPES = (torch.float16, torch.bfloat16)


def cast_check(subject: Subject) -> tuple[list[Finding], dict[str, str]]:
    """At most one finding, for the first of the two dtypes that spoils the output."""
    if not subject.call(subject.fresh().eval()).ok:
        return [], {"16-bit casts": "in evaluation mode it fails on the CPU"}
    for dtype in DTYPES:
        found = _check(subject, dtype)
        if found:
            return [found], {}
    return [], {}


def _check(subject: Subject, dtype: torch.dtype) -> Finding | None:
    inputs = copied(copied(subject.inputs, dtype=dtype), dtype=torch.float32)
    right = subject.call(subject.fresh().eval(), inputs=inputs)
    again = subject.call(subject.fresh().eval(), inputs=inputs)
    buffers = [h for h in tensors_of(subject.fresh()) if _is_buffer(h)]
    if not buffers or not right.ok or difference(right.output, again.output) > 1e-4:
        return None

    def error(kept: frozenset) -> float:
        run = subject.call(_rounded(subject, dtype, kept), inputs=inputs)
        return difference(right.output, run.output) if run.ok else float("inf")

    everything = frozenset(h.unit for h in buffers)
    spoiled, repaired = error(frozenset()), error(everything)
    if spoiled < SPOILED or repaired > NEAR * min(spoiled, 1.0):
        return None
    cast = subject.call(subject.fresh().eval().to(dtype), inputs=inputs, dtype=dtype)
    if not cast.ok or difference(right.output, cast.output) < SPOILED:
        return None
    limit = max(2 * repaired, NEAR * SPOILED)
    units = smallest(everything, lambda kept: error(kept) <= limit) or everything
    chosen = [h for h in buffers if h.unit in units]
    return _finding(dtype, chosen, difference(right.output, cast.output), error(frozenset(units)))


def _is_buffer(held: Held) -> bool:
    return "buffer" in held.holding and held.tensor.is_floating_point()


def _rounded(subject: Subject, dtype: torch.dtype, kept: frozenset) -> nn.Module:
    """A float32 module with numbers that dtype can hold, but for the buffers of some units."""
    module = subject.fresh().eval()
    for held in tensors_of(module):
        rounded = held.holding != "plain" and held.tensor.dtype is torch.float32
        if rounded and held.unit not in kept:
            with torch.no_grad():
                held.tensor.data = held.tensor.data.to(dtype).to(torch.float32)
    return module


def _finding(dtype: torch.dtype, chosen: list[Held], distance: float, left: float) -> Finding:
    names = tuple(h.path for h in chosen)
    method = ".half()" if dtype is torch.float16 else ".to(torch.bfloat16)"
    first = chosen[0]
    return Finding(
        "warning",
        "cast",
        f"`{method}` also rounds {named(names)} to 16 bits, and the output needs more digits. The "
        "error depends on the inputs: often it grows with their length.",
        names,
        where_held(first),
        (
            Trial(f"run it after {method}, compare with float32", as_share(distance), False),
            Trial(
                f"the same, but {named(names)} {is_or_are(names)} in float32", as_share(left), True
            ),
        ),
        f"# in {type(first.owner).__name__}.forward: compute in float32, cast only the result\n"
        f"table = compute_in_float32(…)  # from integers, not from a buffer that was cast\n"
        "return table.to(x.dtype)",
    )
