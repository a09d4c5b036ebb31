"""The arithmetic of the benchmark and its table in the README."""

import statistics
from dataclasses import dataclass

BEGIN, END = "<!-- performance -->", "<!-- /performance -->"
SECTION = """## Performance

Measured by `.venv/bin/python tests/benchmarks`, which runs everything anew and writes this table.
Both sides of a ratio ran in the same run on the same machine.

{table}

## Contribute"""


@dataclass(frozen=True)
class Row:
    """A line of the table. `measured` is held against `limit`, above or below as `target` says."""

    what: str
    target: str  # in words
    limit: float | None  # None: there is no target, only a figure
    measured: float
    figures: str  # what the ratio was made of
    unit: str = "×"
    at_least: bool = False  # the limit is one to reach, not one to stay under
    errors: int = 0

    @property
    def verdict(self):
        if self.limit is None:
            return "–"
        reached = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return "met" if reached and not self.errors else "**not met**"


def percentile(values, percent):
    """The nearest-rank percentile of some values."""
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values, so no percentile")
    rank = max(1, -(-len(ranked) * percent // 100))  # rounded up
    return ranked[int(rank) - 1]


def p50(values):
    return statistics.median(values)


def p95(values):
    return percentile(values, 95)


def slope(x, y):
    """The slope of the straight line that fits best (least squares) through the points (x, y)."""
    if len(set(x)) < 2:
        raise ValueError(f"a slope needs points at two places, not {len(set(x))}")
    return statistics.linear_regression(x, y).slope


def spread(values, unit="ms", factor=1000):
    """Median and p95 in words."""
    return f"p50 {p50(values) * factor:.1f}, p95 {p95(values) * factor:.1f} {unit}"


def number(value):
    """A number with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_table(rows, machine):
    """The rows in Markdown, below a line on the machine."""
    lines = [f"*{machine}*", "", "| what | target | measured | |", "|---|---|---|---|"]
    for row in rows:
        errors = f", **{row.errors} errors**" if row.errors else ""
        figures = f"<br><small>{row.figures}{errors}</small>"
        lines.append(
            f"| {row.what} | {row.target} | {number(row.measured)} {row.unit}{figures} "
            f"| {row.verdict} |"
        )
    return "\n".join(lines)


def into_readme(text, table):
    """The README's text with the table between its marks; the section is made where missing."""
    marked = f"{BEGIN}\n{table}\n{END}"
    if BEGIN in text:
        before, _, rest = text.partition(BEGIN)
        _, found, after = rest.partition(END)
        if not found:
            raise ValueError(f"the README has {BEGIN}, but not {END} after it")
        return before + marked + after
    if text.count("## Contribute") != 1:
        raise ValueError("the README has no place for the section: one ## Contribute is needed")
    return text.replace("## Contribute", SECTION.format(table=marked))
