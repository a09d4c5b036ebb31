"""Where the source says so: the line that gives an attribute its tensor."""

import ast
import functools
import inspect
import linecache
import os
import re
import textwrap

import torch
from torch import nn

from core.check.tensors import Held

LONGEST_VALUE = 70  # characters of an expression that a repair repeats


def where_held(held: Held) -> str:
    """ "file.py:12" of the line that gives an attribute its tensor, or of its class, or ""."""
    for cls in type(held.owner).__mro__:
        if cls is nn.Module:
            break
        line = _line_of(cls, held.attribute)
        if line:
            return place_text(*line)
    return where_class(type(held.owner))


def where_class(cls: type) -> str:
    """ "file.py:12" of a class, or ""."""
    try:
        return place_text(inspect.getsourcefile(cls) or "", inspect.getsourcelines(cls)[1])
    except (OSError, TypeError):
        return ""


@functools.lru_cache(maxsize=512)
def _source_of(cls: type) -> tuple[ast.Module, list[str], str, int] | None:
    """(tree, lines without common indentation, file, number of the first line) of a class."""
    try:
        lines, first = inspect.getsourcelines(cls)
        text = textwrap.dedent("".join(lines))
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        return None
    return tree, text.splitlines(), inspect.getsourcefile(cls) or "", first


def _line_of(cls: type, attribute: str) -> tuple[str, int] | None:
    source = _source_of(cls)
    if source is None:
        return None
    tree, _, file, first = source
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr))
    found = [node.lineno for node in statements if _gives(node, attribute)]
    return (file, min(found) + first - 1) if found and file else None


def _gives(node: ast.AST, attribute: str) -> bool:
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [leaf for target in targets for leaf in ast.walk(target)]
        return any(isinstance(n, ast.Attribute) and n.attr == attribute for n in names) and not (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and node.value.value is None
        )
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        return node.args[0].value == attribute
    return False


# --------------------------------------------------------------- what a repair says again


def given_in_init(held: Held) -> ast.expr | None:
    """What `__init__` gives the attribute of a tensor, if it does so once."""
    for cls in type(held.owner).__mro__:
        source = _source_of(cls) if cls is not nn.Module and cls is not object else None
        given = [
            value
            for function in (ast.walk(source[0]) if source else ())
            if isinstance(function, ast.FunctionDef) and function.name == "__init__"
            for node in ast.walk(function)
            if isinstance(node, ast.stmt | ast.Call) and _gives(node, held.attribute)
            for value in [_given(node)]
        ]
        if given:
            return given[0] if len(given) == 1 else None
    return None


def _given(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Call):  # register_buffer(name, value)
        return node.args[1] if len(node.args) > 1 else None
    alone = not isinstance(node, ast.Assign) or (
        len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute)
    )
    return getattr(node, "value", None) if alone else None


def value_in_init(held: Held) -> str:
    """The expression that gives a tensor in `__init__`, or "…" where it is not told so simply."""
    value, steps = given_in_init(held), ast.parse(f"_{inner_path(held)}", mode="eval").body
    if isinstance(value, ast.Call) and ast.unparse(value.func).endswith(("Buffer", "Parameter")):
        value = value.args[0] if value.args else None
    if isinstance(steps, ast.Subscript):  # of a list or a dict that is written out
        value = _part(value, steps.slice) if isinstance(steps.value, ast.Name) else None
    text = ast.unparse(value) if value else ""
    return text if 0 < len(text) <= LONGEST_VALUE else "…"


def _part(value: ast.expr | None, index: ast.expr) -> ast.expr | None:
    if isinstance(value, (ast.List, ast.Tuple)):
        parts = dict(enumerate(value.elts))
    elif isinstance(value, ast.Dict):
        keys = (key.value if isinstance(key, ast.Constant) else None for key in value.keys)
        parts = dict(zip(keys, value.values, strict=True))
    else:
        return None
    part = parts.get(index.value) if isinstance(index, ast.Constant) else None
    return None if any(isinstance(p, ast.Starred) for p in parts.values()) else part


def inner_path(held: Held) -> str:
    """The path of a tensor from its attribute: "[0]", or "" where the attribute is the tensor."""
    return held.path.rpartition(held.attribute)[2]


def read_lines(cls: type, news: dict[str, str]) -> list[tuple[str, str]]:
    """(place, line) of the lines of a class that read expressions, with what is to stand there.

    news: `self.masks[0]` or a variable that a function in a method reads: what is to stand there.
    """
    source = _source_of(cls)
    if source is None:
        return []
    tree, lines, file, first = source
    spots = {
        (n.lineno, n.col_offset, n.end_col_offset or 0, news[ast.unparse(n)])
        for n in (*_reads_of_self(tree), *_reads_in_functions(tree))
        if n.lineno == n.end_lineno and ast.unparse(n) in news
    }
    changed: dict[int, bytes] = {}
    for number, start, end, new in sorted(spots, reverse=True):  # from the right: columns stay
        line = changed.get(number, lines[number - 1].encode())
        changed[number] = line[:start] + new.encode() + line[end:]
    return [
        (place_text(file, number + first - 1), changed[number].decode().strip())
        for number in sorted(changed)
    ]


def _reads_of_self(tree: ast.AST) -> list[ast.expr]:
    parts = (n for n in ast.walk(tree) if isinstance(n, ast.Subscript | ast.Attribute))
    return [n for n in parts if isinstance(n.ctx, ast.Load)]


def _reads_in_functions(tree: ast.AST) -> list[ast.expr]:
    """Variables that are read in a function inside a method."""
    methods = [n for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in c.body]
    inside = (n for m in methods for n in ast.walk(m) if n is not m)
    functions = [n for n in inside if isinstance(n, ast.FunctionDef | ast.Lambda)]
    return [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Name)]


def place_text(file: str, line: int) -> str:
    """A file and a line, the file short: its last two parts."""
    if not file:
        return ""
    return "/".join(re.split(r"[\\/]", file)[-2:]) + f":{line}"


def source_line(file: str, line: int) -> str:
    """A line of source, without its indentation."""
    return linecache.getline(file, line).strip()


TORCH_FOLDER = os.path.dirname(torch.__file__) + os.sep


@functools.lru_cache(maxsize=512)
def asks_for_cuda(cls: type) -> bool:
    """Whether a class compares the type of a device with "cuda", so that only CUDA can judge it."""
    try:
        text = inspect.getsource(cls)
    except (OSError, TypeError):
        return False
    return bool(re.search(r"""type\s*[!=]=\s*["']cuda|["']cuda["']\s*(in\b|[!=]=)""", text))
