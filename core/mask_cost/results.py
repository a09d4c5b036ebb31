"""What was measured of the mask's cost: times, bytes, operations. Times are seconds."""

from dataclasses import dataclass

MIN_BLOCKS = 4  # that a middle half needs


@dataclass(frozen=True)
class TimingSummary:
    """Times of one thing: the median and the middle half, in seconds."""

    median: float
    low: float  # first quartile
    high: float  # third quartile
    blocks: int  # measured times, one a visit; each is the mean of a block of calls

    def distinguishable_from(self, other: "TimingSummary") -> bool:
        """Whether the middle halves lie apart, and rest on enough blocks to mean something."""
        enough = min(self.blocks, other.blocks) >= MIN_BLOCKS
        return enough and (self.low > other.high or other.low > self.high)


@dataclass(frozen=True)
class Cost:
    """What one way costs at one length."""

    way: str
    tokens: int
    forward: TimingSummary
    mask: TimingSummary | None  # getting the mask alone, where there is one
    held: int  # bytes of mask that the module holds between two forward passes
    peak: int  # bytes that one forward pass adds at its peak
    peak_at: str  # the operation after which it is reached
    largest: int  # bytes of the largest tensor that it makes
    crossed: int  # bytes that one forward pass copies from one device to another
    operations: tuple[str, ...]  # of PyTorch, in one forward pass
    difference: float  # largest, of a context vector's number to that of the first way

    @property
    def total(self) -> int:
        return self.held + self.peak


@dataclass(frozen=True)
class Traced:
    """The lab's module (3 numbers in, 2 out) called plainly, and observed line by line."""

    tokens: int
    plain: TimingSummary
    traced: TimingSummary

    @property
    def ratio(self) -> float:
        return self.traced.median / self.plain.median


@dataclass(frozen=True)
class Report:
    """What was measured. lengths were asked for; those without rows were not measured."""

    device: str
    lengths: tuple[int, ...]
    rows: tuple[Cost, ...]  # by length, then in the order of COMPETITORS
    traced: tuple[Traced, ...]
    same: bool  # all context vectors, within RTOL and ATOL
    rounds: int  # complete ones
    seconds: float  # that all of it took
    clock: str  # what the times are: "processor time" or "wall-clock time"
    machine: str

    @property
    def measured(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(row.tokens for row in self.rows))

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(tokens for tokens in self.lengths if tokens not in self.measured)

    @property
    def blocks(self) -> tuple[int, ...]:
        """How many times each forward pass was timed, in the order of the rows."""
        return tuple(row.forward.blocks for row in self.rows)

    def at(self, tokens: int) -> tuple[Cost, ...]:
        return tuple(row for row in self.rows if row.tokens == tokens)
