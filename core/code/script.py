"""Script: the text of an experiment together with the modules that it needs.

What runs is what is exported, by construction. `run` executes the text in a namespace that is made
of the needed modules' own names, and `parts` gives the sources of these modules and the text as one
file. A module that is missing from `needs` makes the run fail, not only the exported file.
"""

import functools
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, NamedTuple

from core.code.source import Flat, FlatFileError, defined, statements_of, used, whole


class Part(NamedTuple):
    """A piece of an exported file. Parts are in the order in which they have to run."""

    title: str
    text: str
    shown_first: bool = False  # whether it is what a learner wants to see, and not what that needs


@dataclass(frozen=True)
class Needs:
    """Modules of ours that a script needs, as one titled part. Each may ask for those before it.

    keep: "all" of each module; all of each "if used" by the script or by a later part; or of each
    "what is used".
    """

    title: str
    modules: tuple[ModuleType, ...]
    keep: Literal["all", "if used", "what is used"] = "all"
    shown_first: bool = False


@dataclass(frozen=True)
class Script:
    """An experiment as Python text, with all that the text needs.

    data and report are Python text too: what stands above the experiment (long lists of numbers),
    and what prints its results in an exported file. Raises FlatFileError if the parts do not fit
    together in one file: a module asks for something that is not above it, or a name would have two
    meanings.
    """

    text: str
    needs: tuple[Needs, ...] = ()
    title: str = "The experiment"
    data: tuple[Part, ...] = ()
    report: str = ""
    report_title: str = "What came out"

    def __post_init__(self) -> None:
        names = joined(self.flats)
        for text in (*(piece.text for piece in self.data), self.text, self.report):
            for name in assigned(text) & names.keys():
                raise FlatFileError(
                    f"`{name}` of {home(name, self.flats)} would be overwritten by “{self.title}”. "
                    "Give one of the two another name."
                )

    @property
    def flats(self) -> tuple[tuple[Needs, tuple[Flat, ...]], ...]:
        """The needed modules as pieces of a flat file."""
        texts = (self.text, self.report, *(piece.text for piece in self.data))
        return flattened(self.needs, frozenset().union(*map(read, texts)))

    def namespace(self, **given: Any) -> dict[str, Any]:
        """All names that the text finds: those of the needed modules, and those of the data.

        given: objects to take in place of some of them. Raises FlatFileError for another name: the
        exported file would not know it. Data whose names are all given are not read again.
        """
        names = dict(joined(self.flats))
        for piece in self.data:
            if not assigned(piece.text) <= given.keys():
                execute(piece.text, names, piece.title)
            names |= dict.fromkeys(assigned(piece.text) & given.keys())
        if unknown := given.keys() - names.keys():
            raise FlatFileError(f"Nothing that the script needs defines {', '.join(unknown)}.")
        return names | given

    def run(self, **given: Any) -> dict[str, Any]:
        """Execute the text, without the report; the namespace afterwards. What it raises, it
        raises."""
        names = self.namespace(**given)
        execute(self.text, names, self.title)
        return names

    def parts(self) -> tuple[Part, ...]:
        """The pieces of a file that runs from the top and prints what came out.

        Neighbours with the same title are one piece.
        """
        pieces = [Part(need.title, source(some), need.shown_first) for need, some in self.flats]
        pieces += self.data
        pieces.append(Part(self.title, self.text, shown_first=True))
        if self.report:
            pieces.append(Part(self.report_title, self.report))
        merged: list[Part] = []
        for piece in pieces:
            if merged and merged[-1].title == piece.title:
                above = merged.pop()
                piece = above._replace(text=f"{above.text}\n\n{piece.text}")
            merged.append(piece)
        return tuple(merged)


def execute(text: str, names: dict[str, Any], title: str) -> None:
    """Execute Python text in a namespace; a traceback calls the text by its title."""
    exec(compile(text, f"<{title}>", "exec"), names)


def source(flats: tuple[Flat, ...]) -> str:
    """The text of pieces of a flat file, one below the other, their imports above them."""
    imports = dict.fromkeys(line for flat in flats for line in flat.imports)
    texts = ("\n".join(sorted(imports, key=first_word)), *(flat.text.strip("\n") for flat in flats))
    return "\n\n\n".join(text for text in texts if text) + "\n"


def first_word(line: str) -> bool:
    """For the order of imports: first those of the standard library, then those of torch."""
    return "torch" in line


def module_source(*modules: ModuleType) -> str:
    """The source of whole modules, without their imports from core."""
    return source(tuple(whole(module) for module in modules))


@functools.lru_cache(256)
def read(text: str) -> frozenset[str]:
    """The names that a text reads."""
    return frozenset().union(*(statement.reads for statement in statements_of(text)))


@functools.lru_cache(256)
def assigned(text: str) -> frozenset[str]:
    """The names that a text gives a meaning to, but for imports."""
    return defined(statements_of(text))


@functools.lru_cache(256)
def flattened(
    needs: tuple[Needs, ...], reads: frozenset[str]
) -> tuple[tuple[Needs, tuple[Flat, ...]], ...]:
    """Each Needs with its modules as pieces of a flat file. reads: names that the texts read."""
    found = []
    for need in reversed(needs):
        flats: list[Flat] = []
        before = reads
        for module in reversed(need.modules):
            flat = used(module, reads) if need.keep == "what is used" else whole(module)
            reads = reads.union(name for name, _ in flat.asks + flat.asks_later)
            flats.append(flat)
        if need.keep == "if used" and not any(before & flat.defines for flat in flats):
            reads = before
            continue
        found.append((need, tuple(flat for flat in reversed(flats) if flat.names)))
    return tuple((need, flats) for need, flats in reversed(found) if flats)


@functools.lru_cache(256)
def joined(flats: tuple[tuple[Needs, tuple[Flat, ...]], ...]) -> dict[str, Any]:
    """The names of all pieces in one namespace. Raises FlatFileError where they do not fit."""
    names: dict[str, Any] = {}
    pieces = [flat for _, some in flats for flat in some]
    for flat in pieces:
        missing(flat, flat.asks, names)
        for name, value in flat.namespace.items():
            if name in names and names[name] is not value:
                raise FlatFileError(
                    f"`{name}` of {flat.module.__name__} has another meaning in "
                    f"{home(name, flats)}. In one file there is room for one."
                )
            names[name] = value
    for flat in pieces:
        missing(flat, flat.asks_later, names)
    return names


def missing(flat: Flat, asks: tuple[tuple[str, Any], ...], names: dict[str, Any]) -> None:
    """Raise FlatFileError if a piece asks for something that is not in names."""
    for name, value in asks:
        if isinstance(value, ModuleType):
            raise FlatFileError(
                f"{flat.module.__name__} uses the module `{name}`, and in one file there are no "
                "modules of ours. Import the names that it defines."
            )
        if names.get(name) is not value:
            raise FlatFileError(
                f"{flat.module.__name__} asks for `{name}`, which no module above it defines. Add "
                "the one that does to what the script needs."
            )


def home(name: str, flats: tuple[tuple[Needs, tuple[Flat, ...]], ...]) -> str:
    """The name of the module that defines a name."""
    return next(f.module.__name__ for _, some in flats for f in some if name in f.names)
