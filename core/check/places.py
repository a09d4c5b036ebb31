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
def _line_of(cls: type, attribute: str) -> tuple[str, int] | None:
    try:
        lines, first = inspect.getsourcelines(cls)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr))
    found = [node.lineno for node in statements if _gives(node, attribute)]
    file = inspect.getsourcefile(cls)
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
