"""Which file imports what, by reading the source: nothing is run."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("core", "pages")


def python_files(*folders):
    """All Python files of our folders, as paths relative to the root."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path.relative_to(ROOT) for path in paths]


def imported_modules(path):
    """The dotted names that a file imports, also those within functions; with `from` the names too.

    A relative import is written out.
    """
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[: len(path.parts) - node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def third_parties(paths, standard_library):
    """The top names that files import and that are neither ours nor of the standard library."""
    tops = {name.split(".")[0] for path in paths for name in imported_modules(path)}
    return tops - set(standard_library) - set(OURS)


def room(name):
    """The package that a dotted name or a path of ours lies in, such as core/lab; None of others.

    A module that lies in core or pages itself is its own room.
    """
    if isinstance(name, Path):
        name = ".".join(name.with_suffix("").parts)
    parts = name.split(".")
    if parts[0] == "dashboard":
        return "dashboard"
    return "/".join(parts[:2]) if parts[0] in OURS and len(parts) > 1 else None


def arrows(paths):
    """All pairs (room, imported room) of files, each with the files that have it."""
    found = {}
    for path in paths:
        for name in imported_modules(path):
            pair = room(path), room(name)
            if pair[1] and pair[0] != pair[1]:
                found.setdefault(pair, set()).add(path.as_posix())
    return found
