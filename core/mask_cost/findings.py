"""What was measured of the mask's cost, in words."""

from collections.abc import Iterator

from core.charts.byte_words import in_bytes
from core.charts.markdown_table import markdown_table
from core.mask_cost.measure import ATOL, ROUNDS, RTOL
from core.mask_cost.results import MIN_BLOCKS, Cost, Report, TimingSummary
from core.mask_cost.settings import COPIED, NAMES, NOBODY, REBUILT, STORED
from core.settings.prediction import Verdict, verdict


def in_words(seconds: float) -> str:
    """A time to three significant digits, in milliseconds or microseconds."""
    number, unit = (seconds * 1e3, "ms") if seconds >= 1e-4 else (seconds * 1e6, "µs")
    return f"{number:#.3g}".rstrip(".") + f" {unit}"


def at_longest(report: Report) -> dict[str, Cost]:
    """The rows of the longest input that was measured, by way."""
    return {row.way: row for row in report.at(report.measured[-1])}


def leaders(report: Report) -> list[str]:
    """The ways that may be the fastest at the longest input, the smallest median first.

    The others cannot be told from the first by the middle halves of their times.
    """
    rows = sorted(at_longest(report).values(), key=lambda row: row.forward.median)
    return [row.way for row in rows if not row.forward.distinguishable_from(rows[0].forward)]


def fastest_verdict(guess: str, report: Report) -> Verdict:
    """What a guess at the fastest way was worth, as far as the measurement can tell."""
    first = leaders(report)
    if report.lengths[-1] in report.missing:
        right, said = None, f"{report.lengths[-1]:,} tokens were not measured."
    elif guess not in first:
        right, said = False, "It was not the fastest."
    elif len(first) == 1:
        right, said = True, "That is what came out."
    else:
        right, said = None, "It may be, but the measurement cannot tell."
    return Verdict(guess, right, said, ranking(report))


def crossing_verdict(guess: str, report: Report) -> Verdict:
    """What a guess at the way that copies most bytes to the device in each forward was worth."""
    rows = at_longest(report)
    most = max(rows.values(), key=lambda row: row.crossed)
    happened = most.way if most.crossed else NOBODY
    each = ", ".join(f"*{way}* {in_bytes(row.crossed)}" for way, row in rows.items())
    return verdict(
        guess,
        happened,
        f"In each forward pass at {report.measured[-1]:,} tokens these bytes crossed to "
        f"`{report.device}`: {each}. `sim` computes on the CPU, so its times say nothing of a GPU; "
        "what crosses to it is real.",
    )


def ranking(report: Report) -> str:
    """Which way was the fastest at the longest input, as far as the figures tell; Markdown."""
    rows, first = at_longest(report), leaders(report)
    where = f"At {report.measured[-1]:,} tokens on `{report.device}`"
    if len(first) > 1:
        spans = ", ".join(f"*{way}* {span(rows[way].forward)}" for way in first)
        few = min(rows[way].forward.blocks for way in first) < MIN_BLOCKS
        why = "each was timed too few times" if few else "the middle halves of their times overlap"
        text = f"{where} these cannot be told apart, since {why}: {spans}."
        rest = [row for way, row in rows.items() if way not in first]
        if not rest:
            return text
        near = min(rest, key=lambda row: row.forward.median)
        return f"{text} The next is *{near.way}*, with {span(near.forward)}."
    fastest = rows[first[0]].forward
    near = min((r for r in rows.values() if r.way != first[0]), key=lambda r: r.forward.median)
    return (
        f"{where}, *{first[0]}* was the fastest, with a median of {in_words(fastest.median)}. The "
        f"next, *{near.way}*, took {in_words(near.forward.median)}, "
        f"{near.forward.median / fastest.median:.2f} times as long."
    )


def span(spread: TimingSummary) -> str:
    """The middle half of the times; one time where both ends are the same."""
    low, high = in_words(spread.low), in_words(spread.high)
    return low if low == high else f"{low} to {high}"


def too_few(report: Report) -> str:
    """That less was measured than was asked for; Markdown, empty where nothing is missing."""
    if not report.missing:
        return ""
    names = [[f"{tokens:,}" for tokens in of] for of in (report.missing, report.measured)]
    missing, seen = (" and ".join(filter(None, (", ".join(n[:-1]), n[-1]))) for n in names)
    return (
        f"**The time was up after {report.seconds:.0f} seconds: {missing} tokens were not "
        f"measured.** What follows is of {seen} tokens; longer inputs may come out otherwise. "
        "*Measure again* when this machine has less to do, or choose a shorter input."
    )


def reasons(report: Report) -> Iterator[str]:
    """Where the time and the bytes went at the longest input, sentence by sentence; Markdown."""
    rows = at_longest(report)
    stored, rebuilt, copied, fused = (rows[name] for name in NAMES)
    alone = {way.way: way.mask.median for way in (stored, rebuilt, copied) if way.mask}
    share = alone[REBUILT] / rebuilt.forward.median
    yield (
        f"**The mask alone.** To read the *stored buffer* took {in_words(alone[STORED])}. "
        f"To build a mask took {in_words(alone[REBUILT])}, {share:.0%} of the forward pass of "
        f"*{REBUILT}*. To build one on the CPU and copy it took {in_words(alone[COPIED])}."
    )
    if not stored.forward.distinguishable_from(rebuilt.forward):
        few = min(stored.forward.blocks, rebuilt.forward.blocks) < MIN_BLOCKS
        yield (
            f"**Does storing save time?** Here it cannot be told: *{STORED}* took "
            f"{span(stored.forward)}, *{REBUILT}* {span(rebuilt.forward)}"
            f"{', each timed too few times' * few}."
        )
    else:
        change = rebuilt.forward.median / stored.forward.median - 1
        yield (
            f"**Does storing save time?** *{REBUILT}* took {abs(change):.0%} "
            f"{'longer' if change > 0 else 'less'} than *{STORED}*."
        )
    if copied.crossed:
        yield (
            f"**From device to device.** *{COPIED}* copied {in_bytes(copied.crossed)} from `cpu` "
            f"to `{report.device}` in each forward pass; *{STORED}* copied "
            f"{in_bytes(stored.crossed)}."
        )
    else:
        yield (
            f"**From device to device.** Nothing crossed: mask and scores are both on "
            f"`{report.device}`. *{COPIED}* copies its mask from there to there, with "
            "`.to(device, copy=True)`. Measure on another device to see a difference."
        )
    yield f"**Inside SDPA.** {kernel(fused)}"
    least = min(row.total for row in rows.values())
    smallest = [f"*{row.way}*" for row in rows.values() if row.total == least]
    each = " each" if len(smallest) > 1 else ""
    yield (
        f"**Memory.** *{STORED}* holds {in_bytes(stored.held)} of mask all the time, and a forward "
        f"pass adds {in_bytes(stored.peak)} at its peak. *{REBUILT}* holds "
        f"{in_bytes(rebuilt.held)} and adds {in_bytes(rebuilt.peak)}{given_back(stored, rebuilt)}. "
        f"Least in all: {', '.join(smallest)}, {in_bytes(least)}{each}."
    )


def given_back(stored: Cost, rebuilt: Cost) -> str:
    """Why a mask that is built in each forward pass adds nothing to the peak, if so."""
    if (rebuilt.peak, rebuilt.peak_at) != (stored.peak, stored.peak_at):
        return ""
    return (
        f", no more than with a stored mask: at the peak, in `{rebuilt.peak_at}`, the mask that "
        "was built is gone again"
    )


def kernel(row: Cost) -> str:
    """What scaled_dot_product_attention turned into, by the operations that were seen."""
    fused = [name for name in row.operations if "scaled_dot_product" in name]
    if fused:
        return (
            f"PyTorch computed attention in one function, `{fused[0]}`. The largest tensor of the "
            f"forward pass took {in_bytes(row.largest)}; the scores of all pairs of tokens would "
            f"take {in_bytes(4 * row.tokens**2)}."
        )
    builds = [f"`{name}`" for name in ("ones", "tril", "where") if name in row.operations]
    mask = f", {', '.join(builds)} for a mask of its own among them" if builds else ""
    return (
        f"PyTorch has no single function for it here: {len(row.operations)} operations ran in a "
        f"forward pass{mask}. The largest tensor took {in_bytes(row.largest)}."
    )


def sameness(report: Report) -> str:
    """Whether all ways gave the same context vectors, in a sentence."""
    largest = max(row.difference for row in report.rows)
    how = (
        f"the largest difference between two numbers is {largest:.2g}, over all lengths "
        f"(`torch.allclose` with rtol={RTOL:g}, atol={ATOL:g})"
    )
    if report.same:
        return f"All four gave the same context vectors: {how}."
    return f"The four did not give the same context vectors: {how}. Do not compare their times."


def tracing(report: Report) -> str:
    """What the lab's observer costs, in a sentence."""
    longest = report.traced[-1]
    return (
        "The attention lab writes down every tensor of a forward pass, line by line. At "
        f"{longest.tokens:,} tokens on `{report.device}` a plain call of its module took "
        f"{in_words(longest.plain.median)}, the same call while it was watched "
        f"{in_words(longest.traced.median)}: **{longest.ratio:.2f} times** as long."
    )


def measured(report: Report) -> str:
    """What was measured, in a sentence."""
    lengths = [f"{tokens:,}" for tokens in report.measured]
    span = f"{len(lengths)} lengths, from {lengths[0]} to {lengths[-1]}"
    return f"Measured: {len(NAMES)} ways at {span if lengths[1:] else lengths[0]} tokens."


def reading(report: Report) -> str:
    """How to read the charts of times and memory."""
    text = (
        "A point is the median of the measured times, a bar their middle half: a quarter of the "
        "times were shorter, a quarter longer."
    )
    if max(report.blocks) == 1:
        text = "A point is one time: there was no second, so nothing shows how times vary."
    text += " Other machines and sizes can rank the ways otherwise."
    if report.device == "sim":
        text += " `sim` computes on the CPU: its times say nothing of a GPU."
    return text


def limits(report: Report) -> str:
    """How it was measured, and what that cannot say."""
    text = (
        f"{report.clock.capitalize()} of one thread, by `torch.utils.benchmark` on this machine "
        f"({report.machine}): {report.rounds} of {ROUNDS} rounds in {report.seconds:.1f} seconds, "
        "the ways in rotating order. "
    )
    if report.clock == "processor time":
        text += (
            "Processor time stands still while other programs hold the processor; they slow it "
            "all the same through shared caches and memory. "
        )
    else:
        text += "Whatever else the machine does meanwhile counts too. "
    return text + (
        "The peak of memory is the sum of the results of PyTorch's operations that are alive at "
        "the same time; what an operation takes and gives back inside is not seen."
    )


def figures(report: Report) -> list[dict[str, str]]:
    """All figures as rows of a table: a dict of texts for each length and way."""
    rows = [
        {
            "tokens, the mask": f"{row.tokens:,}, {row.way}",
            "forward, median": in_words(row.forward.median),
            "middle half": span(row.forward) if row.forward.blocks > 1 else "timed once",
            "mask alone": in_words(row.mask.median) if row.mask else "none",
            "bytes held": f"{row.held:,}",
            "peak of a forward": f"{row.peak:,}",
            "reached in": row.peak_at,
            "bytes crossed": f"{row.crossed:,}",
        }
        for row in report.rows
    ]
    for tokens in report.missing:
        row = {"tokens, the mask": f"{tokens:,}, all", "forward, median": "not measured"}
        rows.append(dict.fromkeys(rows[0], "") | row)
    return rows


def traced_table(report: Report) -> str:
    """The plain and the observed call as a Markdown table."""
    rows = [
        (
            f"{row.tokens:,}",
            in_words(row.plain.median),
            in_words(row.traced.median),
            f"{row.ratio:.2f}",
        )
        for row in report.traced
    ]
    return markdown_table(("tokens", "plain call", "watched call", "ratio"), rows, "rrrr")
