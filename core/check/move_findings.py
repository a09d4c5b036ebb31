"""The findings of a module that was moved, in words and with their repair as code."""

import ast
import copy
import re

from core.check.places import (
    given_in_init,
    inner_path,
    place_text,
    read_lines,
    source_line,
    value_in_init,
    where_held,
)
from core.check.repairs import Line
from core.check.report import Finding, Trial
from core.check.tensors import Held

MOST_LINES = 8  # of a repair that register a tensor each


def at(line: Line) -> str:
    return place_text(line.file, line.number)


def named(names: tuple[str, ...]) -> str:
    """Names for a sentence, the first three of many."""
    shown = ", ".join(map(_name, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def is_or_are(names: tuple[str, ...]) -> str:
    """The verb after named(names)."""
    return "is" if len(names) == 1 else "are"


def _name(path: str) -> str:
    """A tensor's path for a sentence."""
    enclosed = re.fullmatch(r"(.*)\.<closure (\w+)>", path)
    return f"`{enclosed[2]}` in `{enclosed[1]}`" if enclosed else f"`{path}`"


REPAIRS = {
    "makes": "the tensor is made on the device",
    "takes": "the tensor is moved to the device",
    "numpy": "with .cpu()",
}


def made_on_cpu(line: Line, evidence: tuple[Trial, ...]) -> Finding:
    """forward has a tensor on the CPU that no `.to()` of the module can reach."""
    text, call = source_line(line.file, line.number), line.function
    if line.role == "numpy":
        sentence = (
            f"`forward` gives a tensor to NumPy in `{text}`. NumPy can read only the CPU's memory."
        )
        fix = "tensor.cpu().numpy()  # or use PyTorch's own functions"
    elif line.role == "takes":
        sentence = (
            f"In `forward`, `{call}` gets a tensor on the CPU that is not part of the module, for "
            f"example a global variable or a NumPy array: `{text}`."
        )
        fix = "tensor.to(x.device)  # x: an input; or make it a buffer in __init__"
    else:
        sentence = (
            f"In `forward`, `{call}` makes a tensor on the CPU, even if the input is on another "
            f"device: `{text}`."
        )
        fix = f"torch.{call}(…, device=x.device)  # x: an input"
    fix = f"# {at(line)}\n{fix}"
    return Finding("error", "made_on_cpu", sentence, (call,), at(line), evidence, fix)


def left_behind(
    held: list[Held], names: tuple[str, ...], evidence: tuple, is_state: bool
) -> Finding:
    """is_state: another module computes other values, or a run in training mode changes them."""
    first = held[0]
    if first.hidden:
        return hidden_finding("error", held, evidence)
    it = "It is" if len(names) == 1 else "Each is"
    sentence = (
        f"After `.to()`, {named(names)} {is_or_are(names)} still on the CPU. {it} "
        f"{_holding(first)}, not a parameter or a buffer."
    )
    place = where_held(first)
    fix = register_fix(held, persistent=is_state)
    return Finding("error", "left_behind", sentence, names, place, evidence, fix)


def hidden_finding(severity: str, held: list[Held], evidence: tuple[Trial, ...]) -> Finding:
    """Modules in a container that PyTorch does not look into."""
    names, first = tuple(h.path for h in held), held[0]
    return Finding(
        severity,
        "hidden_module",
        f"`{first.attribute}` is a plain container of modules. PyTorch does not look into it: "
        f"`.to()`, `parameters()` and `state_dict()` do not find {named(names)}.",
        names,
        where_held(first),
        evidence,
        f"# in {type(first.owner).__name__}.__init__; nn.ModuleDict for a dict\n"
        f"self.{first.attribute} = nn.ModuleList(…)",
    )


def _holding(held: Held) -> str:
    if "<closure" in held.path:
        return "a variable that a function uses"
    plain = held.path.endswith(held.attribute)
    return "a plain attribute" if plain else f"a tensor inside `{held.attribute}`"


def register_fix(held: list[Held], persistent: bool = False) -> str:
    """Code that registers tensors of one line, and the lines that read them, corrected."""
    cls = type(held[0].owner).__name__
    news = {_read_as(h): f"self.{buffer_name(h)}" for h in held}
    as_method, reads = _as_method(held), read_lines(type(held[0].owner), news)
    lines = [f"# in {cls}.__init__"]
    if as_method:
        lines.append(f"# instead of: {as_method[0]}")
    last = "persistent=True" if persistent else "persistent=False"
    of_a_class = list({buffer_name(h): h for h in held}.items())  # once for all its modules
    for buffer, one in of_a_class[:MOST_LINES]:
        value = value_in_init(one) if "<closure" not in one.path else buffer if reads else "…"
        if one.tensor.requires_grad and one.tensor.is_leaf:
            lines.append(f"self.{buffer} = nn.Parameter({value})")
        else:
            lines.append(f'self.register_buffer("{buffer}", {value}, {last})')
    if len(of_a_class) > MOST_LINES:
        lines.append(f"# and {len(of_a_class) - MOST_LINES} more in the same way")
    if as_method:
        return "\n".join([*lines, f"# a method of {cls}", as_method[1]])
    changed = {old: new for old, new in news.items() if old != new}
    lines += [f"# {where}\n{line}" for where, line in reads if changed]
    lines += [f"# where {old} is read, use {new}" for old, new in changed.items() if not reads]
    return "\n".join(lines)


def _read_as(held: Held) -> str:
    """What stands in the source where a tensor is read: self.masks[0], or a variable's name."""
    return (
        buffer_name(held) if "<closure" in held.path else f"self.{held.attribute}{inner_path(held)}"
    )


def _as_method(held: list[Held]) -> tuple[str, str] | None:
    """(the line in `__init__`, a method that does the same) of a lambda that reads these tensors.

    A lambda that reads `self` would do too, but a deep copy of the module has the same lambda, and
    so would read the tensors of the module that it was copied from.
    """
    attribute, function = held[0].attribute, given_in_init(held[0])
    names = {buffer_name(h) for h in held}
    if not isinstance(function, ast.Lambda) or not all(_directly(h) for h in held):
        return None
    line = f"self.{attribute} = {ast.unparse(function)}"
    body = _OfSelf(names).visit(copy.deepcopy(function.body))
    arguments = ast.unparse(function.args)
    head = f"def {attribute}(self{', ' * bool(arguments)}{arguments}):"
    return line, f"{head}\n    return {ast.unparse(body)}"


def _directly(held: Held) -> bool:
    """Whether the attribute itself is the function that encloses the tensor."""
    return inner_path(held) == f".<closure {buffer_name(held)}>"


class _OfSelf(ast.NodeTransformer):
    """Reads these names from self."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.parse(f"self.{node.id}", mode="eval").body if node.id in self.names else node


def buffer_name(held: Held) -> str:
    """A name for a tensor as a buffer of its own: scales_output for scales['output']."""
    enclosed = re.search(r"<closure (\w+)>", held.path)
    if enclosed:
        return enclosed[1]
    return re.sub(r"\W+", "_", f"{held.attribute}.{inner_path(held)}").strip("_")


def stale(held: list[Held], names: tuple[str, ...], evidence: tuple) -> Finding:
    first = held[0]
    sentence = (
        f"The first run stores {named(names)} in the module, but does not register it. So `.to()` "
        "does not move it, and the next run gets tensors from two devices."
    )
    fix = (
        f"# in {type(first.owner).__name__}.__init__: None at first, then moved by .to()\n"
        f'self.register_buffer("{first.attribute}", None, persistent=False)'
    )
    return Finding("error", "stale_cache", sentence, names, where_held(first), evidence, fix)
