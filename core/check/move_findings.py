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


def left_behind(held: list[Held], names: tuple[str, ...], evidence: tuple) -> Finding:
    first = held[0]
    if first.hidden:
        return hidden_finding("error", held, evidence)
    it = "It is" if len(names) == 1 else "Each is"
    sentence = (
        f"After `.to()`, {named(names)} {is_or_are(names)} still on the CPU. {it} "
        f"{_holding(first)}, not a parameter or a buffer."
    )
    place = where_held(first)
    return Finding("error", "left_behind", sentence, names, place, evidence, register_fix(first))


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


def register_fix(held: Held, persistent: bool = False) -> str:
    """Code that registers a tensor."""
    cls, name = type(held.owner).__name__, held.attribute
    if held.tensor.requires_grad and held.tensor.is_leaf:
        return f"# in {cls}.__init__\nself.{name} = nn.Parameter(…)"
    last = "persistent=True" if persistent else "persistent=False"
    buffer = buffer_name(held)
    read = "" if buffer == name else f"; in forward, use self.{buffer} instead"
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
        f"The first run stores {named(names)} in the module, but does not register it. So `.to()` "
        "does not move it, and the next run gets tensors from two devices."
    )
    fix = (
        f"# in {type(first.owner).__name__}.__init__: None at first, then moved by .to()\n"
        f'self.register_buffer("{first.attribute}", None, persistent=False)'
    )
    return Finding("error", "stale_cache", sentence, names, where_held(first), evidence, fix)
