"""The findings of a module that was moved, in words and with their repair as code."""

import re

from core.check.places import place_text, source_line, where_held
from core.check.repairs import Line
from core.check.report import Finding, Trial
from core.check.tensors import Held


def at(line: Line) -> str:
    return place_text(line.file, line.number)


def named(names: tuple[str, ...]) -> str:
    """Names for a sentence, the first three of many."""
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


REPAIRS = {"makes": "made on the device", "takes": "moved to the device", "numpy": "with .cpu()"}


def made_on_cpu(line: Line, evidence: tuple[Trial, ...]) -> Finding:
    """forward has a tensor on the CPU that no `.to()` of the module can reach."""
    text, call = source_line(line.file, line.number), line.function
    if line.role == "numpy":
        sentence = f"`forward` needs the numbers in NumPy, in `{text}`; NumPy knows only the CPU."
        fix = "tensor.cpu().numpy()  # or the same with PyTorch's own functions"
    elif line.role == "takes":
        sentence = (
            f"In `forward`, `{call}` gets a tensor on the CPU that is no part of the module, such "
            f"as a global variable, or what came from NumPy: `{text}`."
        )
        fix = "tensor.to(x.device)  # x: an input; or a buffer, in __init__"
    else:
        sentence = (
            f"In `forward`, `{call}` makes a tensor on the CPU, wherever the input is: `{text}`."
        )
        fix = f"torch.{call}(…, device=x.device)  # x: an input"
    fix = f"# {at(line)}\n{fix}"
    return Finding("error", "made_on_cpu", sentence, (call,), at(line), evidence, fix)


def left_behind(held: list[Held], names: tuple[str, ...], evidence: tuple) -> Finding:
    first = held[0]
    if first.hidden:
        return hidden_finding("error", held, evidence)
    sentence = f"`.to()` leaves {named(names)} on the CPU: {_holding(first)} is not registered."
    place = where_held(first)
    return Finding("error", "left_behind", sentence, names, place, evidence, register_fix(first))


def hidden_finding(severity: str, held: list[Held], evidence: tuple[Trial, ...]) -> Finding:
    """Modules in a container that PyTorch does not look into."""
    names, first = tuple(h.path for h in held), held[0]
    return Finding(
        severity,
        "hidden_module",
        f"`{first.attribute}` holds modules and is no module itself: `.to()`, `parameters()` and "
        f"`state_dict()` do not find {named(names)}.",
        names,
        where_held(first),
        evidence,
        f"# in {type(first.owner).__name__}.__init__; nn.ModuleDict for a dict\n"
        f"self.{first.attribute} = nn.ModuleList(…)",
    )


def _holding(held: Held) -> str:
    if "<closure" in held.path:
        return "a tensor that a function encloses"
    plain = held.path.endswith(held.attribute)
    return "a plain attribute" if plain else f"a tensor inside `{held.attribute}`"


def register_fix(held: Held, persistent: bool = False) -> str:
    """Code that registers a tensor."""
    cls, name = type(held.owner).__name__, held.attribute
    if held.tensor.requires_grad and held.tensor.is_leaf:
        return f"# in {cls}.__init__\nself.{name} = nn.Parameter(…)"
    last = "persistent=True" if persistent else "persistent=False"
    buffer = buffer_name(held)
    read = "" if buffer == name else f"; then read self.{buffer} in place of it"
    return f'# in {cls}.__init__{read}\nself.register_buffer("{buffer}", …, {last})'


def buffer_name(held: Held) -> str:
    """A name for a tensor as a buffer of its own: scales_output for scales['output']."""
    enclosed = re.search(r"<closure (\w+)>", held.path)
    if enclosed:
        return enclosed[1]
    inner = held.path.rpartition(held.attribute)[2]
    return re.sub(r"\W+", "_", f"{held.attribute}.{inner}").strip("_")


def stale(held: list[Held], names: tuple[str, ...], evidence: tuple) -> Finding:
    first = held[0]
    sentence = (
        f"The first run keeps {named(names)}; `.to()` leaves it where it is, and the next run uses "
        "it on another device."
    )
    fix = (
        f"# in {type(first.owner).__name__}.__init__: the name is reserved, what it holds moves\n"
        f'self.register_buffer("{first.attribute}", None, persistent=False)'
    )
    return Finding("error", "stale_cache", sentence, names, where_held(first), evidence, fix)
