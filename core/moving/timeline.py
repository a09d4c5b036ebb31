"""A timeline: a module, built and then changed step by step, with a ledger of where tensors are.

Each step is a line or two of Python. `run_timeline` executes exactly these lines, one step after
the other, and after each writes down the device and dtype of every tensor. A step that raises ends
the timeline with the real exception.
"""

import copy
import linecache
import traceback
from dataclasses import dataclass

import torch

from core.attention import causal_attention as attention
from core.attention import mask_variants as lazy_mask
from core.attention.trace import module_tensors
from core.device.available import SIMULATED, available_devices
from core.device.simulated_device import register
from core.inputs.embeddings import SIX_TOKENS
from core.lab.experiment import own_random_numbers
from core.settings.setting import SettingError

MAX_STEPS = 12


@dataclass(frozen=True)
class Step:
    """One thing to do to `model`: its name in the link, a label, the lines that do it."""

    name: str
    label: str
    source: str


def _steps():
    steps = [Step(f"to-{SIMULATED}", 'to("sim")', 'model.to("sim")')]
    for device in available_devices():
        if not device.simulated and device.name != "cpu":
            name = device.name
            steps.append(Step(f"to-{name}", f'to("{name}")', f'model.to("{name}")'))
    steps += [
        Step("cpu", "cpu()", "model.cpu()"),
        Step("to-meta", 'to("meta")', 'model.to("meta")'),
        Step("half", "half()", "model.half()"),
        Step("float64", "to(torch.float64)", "model.to(torch.float64)"),
        Step(
            "by-hand",
            "move the mask by hand",
            "model.mask = model.mask.to(model.W_query.weight.device)",
        ),
        Step("list", "keep the mask in a list too", "model.masks = [model.mask]"),
        Step(
            "register",
            "register the mask again",
            'mask = model.mask\ndel model.mask\nmodel.register_buffer("mask", mask)',
        ),
        Step("deepcopy", "deepcopy", "model = copy.deepcopy(model)"),
        Step(
            "forward",
            "forward",
            "x = inputs.to(model.W_query.weight)  # its device and dtype\noutput = model(x)",
        ),
    ]
    return {step.name: step for step in steps}


STEPS = _steps()
STARTS = {
    "plain": (attention.CausalAttentionWithoutBuffers, "a plain attribute"),
    "buffer": (attention.CausalAttentionWithBuffer, "a registered buffer"),
    "lazy": (lazy_mask.CausalAttentionLazyMask, "None, built in the first forward"),
    "reserved": (
        lazy_mask.CausalAttentionReservedMask,
        "a None buffer, built in the first forward",
    ),
}


@dataclass(frozen=True)
class Preset:
    """A story to start from: a title, and what it asks of the reader."""

    title: str
    start: str
    steps: tuple[str, ...]
    question: str


PRESETS = {
    "notebook": Preset(
        "The notebook's story",
        "plain",
        ("to-sim", "forward"),
        "The weights move. Does the mask?",
    ),
    "fixed": Preset(
        "The notebook's fix",
        "plain",
        ("to-sim", "by-hand", "forward", "cpu", "forward"),
        "The mask was moved by hand. How long does that last?",
    ),
    "alias": Preset(
        "The stale alias",
        "buffer",
        ("list", "to-sim", "float64", "forward"),
        "A list holds the buffer too. Does what the list holds follow?",
    ),
    "lazy": Preset(
        "The mask built too early",
        "lazy",
        ("forward", "to-sim", "forward"),
        "The first forward builds the mask, on the CPU. What does the second find?",
    ),
    "half": Preset(
        "Half precision",
        "plain",
        ("half", "forward", "register", "half", "forward"),
        "Which tensors does .half() cast, before and after the mask is registered?",
    ),
    "meta": Preset(
        "No error, no proof",
        "plain",
        ("to-meta", "forward"),
        "The mask stays on the CPU. Will the forward pass complain?",
    ),
}
for _device in available_devices()[1:-1]:
    PRESETS[_device.name] = Preset(
        f"The same on {_device.name}",
        "plain",
        (f"to-{_device.name}", "forward"),
        "A real GPU. Is it any different?",
    )


@dataclass(frozen=True)
class Timeline:
    """What to build and what to do to it, validated on construction (SettingError)."""

    start: str
    steps: tuple[str, ...]

    def __post_init__(self):
        if self.start not in STARTS:
            raise SettingError("start", self.start, "one of " + ", ".join(STARTS))
        check_steps(self.steps)

    @property
    def name(self):
        """A short name, unique for a timeline."""
        return ".".join((self.start, *self.steps))


def check_steps(names):
    """Return names, or raise SettingError unless they are at most MAX_STEPS known steps."""
    if len(names) > MAX_STEPS:
        raise SettingError("steps", f"{len(names)} steps", f"at most {MAX_STEPS} steps")
    for name in names:
        if name not in STEPS:
            raise SettingError("steps", name, "made of " + ", ".join(f"`{n}`" for n in STEPS))
    return names


@dataclass(frozen=True)
class Place:
    """Where a tensor was after a step, what it was, and how the module held it."""

    device: str
    dtype: str
    kind: str  # as in core.lab.experiment, or "input", "output", "in a list"


@dataclass(frozen=True)
class Column:
    """One step as it went: its lines, and every tensor's Place afterwards."""

    label: str
    source: str
    ledger: dict[str, Place]


@dataclass(frozen=True)
class StepError:
    """The exception that ended a timeline."""

    type: str
    message: str
    line: str  # the line of the module, or of the step, that raised it


@dataclass(frozen=True)
class Story:
    """What came out of a Timeline: a column for each step that was reached."""

    timeline: Timeline
    columns: tuple[Column, ...]
    error: StepError | None

    @property
    def outcome(self):
        """As in the lab: "it works", "a device error" or "something else"."""
        if self.error is None:
            return "it works"
        about_devices = self.error.type == "RuntimeError" and "device" in self.error.message
        return "a device error" if about_devices else "something else"


def setup(timeline):
    """The lines before the first step: the input, and a module on the CPU."""
    rows = "\n".join(f"    {list(row)}," for _, row in SIX_TOKENS)
    cls = STARTS[timeline.start][0].__name__
    return (
        f"inputs = torch.tensor([[\n{rows}\n]])  # (1, 6 tokens, d_in)\n"
        "torch.manual_seed(123)\n"
        f"model = {cls}(d_in=3, d_out=2, context_length=6, dropout=0.0)\n"
    )


def places(model, names):
    """{tensor's name: Place} of a module, and of x and output where names has them."""
    found = {}
    for name, tensor in module_tensors(model).items():
        path, _, attribute = name.rpartition(".")
        owner = model.get_submodule(path)
        kind = "in a list" if attribute.endswith("]") else "plain attribute"
        kind = "parameter" if attribute in owner._parameters else kind
        found[name] = place(tensor, "buffer" if attribute in owner._buffers else kind)
    for name, kind in (("x", "input"), ("output", "output")):
        if name in names:
            found[name] = place(names[name], kind)
    return found


def place(tensor, kind):
    return Place(str(tensor.device), str(tensor.dtype).removeprefix("torch."), kind)


def run_timeline(timeline):
    """Execute the steps of a Timeline one by one and return the Story."""
    register()  # the script does so where it needs to
    names = {"torch": torch, "copy": copy}
    names |= {cls.__name__: cls for cls, _ in STARTS.values()}
    columns, error = [], None
    steps = [Step("construct", "construct", setup(timeline)), *(STEPS[n] for n in timeline.steps)]
    with own_random_numbers(), torch.no_grad():
        for step in steps:
            names.pop("x", None), names.pop("output", None)
            try:
                exec(compile(step.source, f"<{step.name}>", "exec"), names)
            except Exception as exception:
                error = step_error(exception, step)
            columns.append(Column(step.label, step.source, places(names["model"], names)))
            if error:
                break
    return Story(timeline, tuple(columns), error)


def script(timeline):
    """The whole timeline as lines that run after the modules' sources (core.code.export)."""
    lines = ["import copy", "", SHOW, setup(timeline) + 'show("construct")']
    for name in timeline.steps:
        extra = ", x=x, output=output" if name == "forward" else ""
        lines += ["", STEPS[name].source, f"show({STEPS[name].label!r}{extra})"]
    if f"to-{SIMULATED}" in timeline.steps:
        lines.insert(2, "register()  # the simulated accelerator\n")
    return "\n".join(lines) + "\n"


SHOW = """def show(step, **others):
    print(step)
    for name, tensor in {**module_tensors(model), **others}.items():
        print("   ", name, tensor.device, tensor.dtype)


torch.set_grad_enabled(False)
"""


def step_error(exception, step):
    """The exception with the line of our module that raised it, or else the step's own line."""
    line = ""
    for frame, number in traceback.walk_tb(exception.__traceback__):
        file = frame.f_code.co_filename
        if file in (attention.__file__, lazy_mask.__file__):
            line = linecache.getline(file, number).strip()
        elif file == f"<{step.name}>":
            line = step.source.splitlines()[number - 1]
    return StepError(type(exception).__name__, str(exception), line)
