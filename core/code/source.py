"""The source of our modules as pieces of one flat file, in which nothing imports from `core`.

In that file every definition stands in one namespace. So an import of something that stands above
is dropped, and whatever cannot be flattened is refused with a FlatFileError: a name under another
name (`as`), a module of ours as a name, `from __future__`.
"""

import ast
import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


class FlatFileError(Exception):
    """An error of ours: these modules cannot stand in one file. The message says what to do."""


@dataclass(frozen=True, eq=False)
class Flat:
    """One module, or what is needed of it, as a piece of a flat file."""

    module: ModuleType
    imports: tuple[str, ...]  # lines that may stand above several pieces; none of a whole module
    text: str
    names: frozenset[str]  # what it brings into the namespace, imports of libraries included
    defines: frozenset[str]  # those that are its own
    asks: tuple[tuple[str, Any], ...]  # (name, object) that have to stand above it
    asks_later: tuple[tuple[str, Any], ...]  # likewise, by the time its functions are called

    @property
    def namespace(self) -> dict[str, Any]:
        """{name: object} of all that the piece defines."""
        return {name: vars(self.module)[name] for name in self.names}


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a module."""

    node: ast.stmt
    binds: tuple[str, ...]
    reads: frozenset[str]

    @property
    def imports(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)


@dataclass(frozen=True)
class Dissected:
    """A module without its imports from core, taken apart."""

    text: str
    statements: tuple[Statement, ...]
    asks: tuple[tuple[str, Any], ...]
    asks_later: tuple[tuple[str, Any], ...]


def defined(statements: Iterable[Statement]) -> frozenset[str]:
    """The names that statements give a meaning to, but for imports."""
    return frozenset(name for s in statements if not s.imports for name in s.binds)


def statements_of(text: str) -> tuple[Statement, ...]:
    """The statements at the top of a text."""
    return tuple(
        Statement(node, tuple(bound_names(node)), frozenset(read_names(node)))
        for node in ast.parse(text).body
    )


@functools.cache
def dissected(module: ModuleType) -> Dissected:
    """A module's Dissected. Raises FlatFileError if it cannot be part of a flat file."""
    text, top, nested = without_core_imports(inspect.getsource(module), module)
    return Dissected(text, statements_of(text), tuple(top), tuple(nested))


@functools.cache
def whole(module: ModuleType) -> Flat:
    """All of a module, without its imports from core."""
    d = dissected(module)
    names = {name for name in vars(module) if not (name.startswith("__") and name.endswith("__"))}
    names -= dict(d.asks).keys()
    own = defined(d.statements)
    return Flat(module, (), d.text, frozenset(names), own, d.asks, d.asks_later)


def used(module: ModuleType, roots: frozenset[str]) -> Flat:
    """The definitions of a module with these names, what they use of it, and the imports they need.

    Names that the module does not define are passed over.
    """
    d = dissected(module)
    by_name = {name: statement for statement in d.statements for name in statement.binds}
    wanted: set[str] = set()
    reads: set[str] = set()
    to_do = [name for name in roots if name in by_name]
    while to_do:
        name = to_do.pop()
        if name not in wanted:
            wanted.add(name)
            reads |= by_name[name].reads
            to_do += [other for other in by_name[name].reads if other in by_name]
    kept = [statement for statement in d.statements if not wanted.isdisjoint(statement.binds)]
    asks, later = (tuple(ask for ask in some if ask[0] in reads) for some in (d.asks, d.asks_later))
    return Flat(
        module,
        tuple(text for s in kept for text in only(s.node, wanted)),
        "\n\n\n".join(text_of(s.node, d.text) for s in kept if not s.imports),
        frozenset(wanted),
        defined(kept) & wanted,
        asks,
        later,
    )


def only(node: ast.stmt, wanted: set[str]) -> list[str]:
    """An import of those names alone that are wanted; nothing of another statement."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return []
    names = [alias for alias in node.names if imported_name(alias) in wanted]
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import(names))]
    return [ast.unparse(ast.ImportFrom(node.module, names, node.level))]


def last_line(function: Callable) -> str:
    """The last line of a function's source."""
    return inspect.getsource(function).rstrip().rpartition("\n")[2].strip()


def text_of(node: ast.stmt, text: str) -> str:
    """A top-level statement as it is written, with its decorators."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return "\n".join(text.split("\n")[first - 1 : node.end_lineno])


def without_core_imports(text: str, module: ModuleType) -> tuple[str, list, list]:
    """(text without the imports from core, what those at the top ask for, what the others do)."""
    rows = text.split("\n")
    lines: list[str | None] = [*rows]
    top, nested = [], []

    def visit(body: list[ast.stmt], asked: list | None) -> None:
        dropped = [node for node in body if is_core(node, module)]
        for node in dropped:
            last = node.end_lineno or node.lineno
            before = rows[node.lineno - 1][: node.col_offset]
            after = rows[last - 1][node.end_col_offset :].strip()
            if before.strip() or (after and not after.startswith("#")):
                raise FlatFileError(
                    f"{module.__name__}, line {node.lineno}: give the import a line of its own."
                )
            if asked is not None:
                asked += asks_of(node, module)
            lines[node.lineno - 1 : last] = [None] * (last - node.lineno + 1)
        if dropped and dropped == body:
            lines[body[0].lineno - 1] = " " * body[0].col_offset + "pass"
        for node in body:
            for inner in blocks(node):
                visit(inner, asked_by(node, asked))

    def asked_by(node: ast.stmt, asked: list | None) -> list | None:
        if asked is None or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            return None  # only a type checker reads these
        return nested if isinstance(node, ast.FunctionDef | ast.ClassDef) else asked

    visit(ast.parse(text).body, top)
    return "\n".join(line for line in lines if line is not None), top, nested


def blocks(node: ast.AST) -> list[list[ast.stmt]]:
    """The indented blocks of a statement."""
    fields = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
    found = [field for field in fields if isinstance(field, list) and field]
    others = [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    return found + [other.body for other in others]


def is_core(node: ast.stmt, module: ModuleType) -> bool:
    """Whether a statement imports from core. Raises FlatFileError for `from __future__`."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        raise FlatFileError(
            f"{module.__name__} has `from __future__`, which must be the first line of a file. "
            "Write the annotations in quotes."
        )
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "core" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and origin(node, module).split(".")[0] == "core"


def origin(node: ast.ImportFrom, module: ModuleType) -> str:
    """The full name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    package = (module.__package__ or "").split(".")
    return ".".join([*package[: len(package) - node.level + 1], node.module or ""]).rstrip(".")


def asks_of(node: ast.stmt, module: ModuleType) -> list[tuple[str, Any]]:
    """(name, object) of all that a statement imports from core."""
    asked: list[tuple[str, Any]] = []
    assert isinstance(node, ast.Import | ast.ImportFrom)
    for alias in node.names:
        where = f"{module.__name__}, line {node.lineno}: "
        if isinstance(node, ast.Import) or alias.name == "*":
            raise FlatFileError(where + "import single names, as in `from core.a import name`.")
        if alias.asname:
            raise FlatFileError(
                f"{where}`{alias.name} as {alias.asname}` has another name in a flat file. "
                "Import it under its own name."
            )
        source = __import__(origin(node, module), fromlist=[alias.name])
        asked.append((alias.name, getattr(source, alias.name)))
    return asked


def imported_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def bound_names(node: ast.AST) -> list[str]:
    """The names that a statement gives a meaning to where it stands, in its blocks too."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [imported_name(alias) for alias in node.names]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    if isinstance(node, ast.Lambda | ast.comprehension):
        return []
    return [name for child in ast.iter_child_nodes(node) for name in bound_names(child)]


def read_names(node: ast.AST) -> set[str]:
    """The names that are read anywhere in a piece of code."""
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {name.id for name in names if not isinstance(name.ctx, ast.Store)}
