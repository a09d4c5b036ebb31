"""What a timeline is made of: how a module begins, and the steps that can be done to it."""

from dataclasses import dataclass

from core.attention import causal_attention as attention
from core.attention import mask_variants
from core.device.available import SIMULATED, available_devices
from core.settings.setting import SettingError

MAX_STEPS = 12


@dataclass(frozen=True)
class Step:
    """One thing to do to `model`: its name in the link, a label, the lines that do it."""

    name: str
    label: str
    source: str

    @property
    def marked(self) -> str:
        """The label as Markdown: one that is a word or two of Python is code."""
        return self.label if " " in self.label else f"`{self.label}`"


def _steps() -> dict[str, Step]:
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
            "register the mask as a buffer",
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
    "lazy": (
        mask_variants.CausalAttentionLazyMask,
        "`None` until `forward` first runs and builds it",
    ),
    "reserved": (
        mask_variants.CausalAttentionReservedMask,
        "a buffer registered as `None`; `forward` fills it when it first runs",
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
        "Move the module",
        "plain",
        ("to-sim", "forward"),
        "The weights move to `sim`. Does the mask move too? What will the forward pass do?",
    ),
    "fixed": Preset(
        "Mask moved by hand",
        "plain",
        ("to-sim", "by-hand", "forward", "cpu", "forward"),
        "First the module moves, then the mask, by hand. How long does that last?",
    ),
    "alias": Preset(
        "A list holds the mask too",
        "buffer",
        ("list", "to-sim", "float64", "forward"),
        "A list holds the buffer too. The module moves to `sim`, and is cast to float64: its "
        "numbers get 64 bits instead of 32. Which of the two tensors follows the module, in device "
        "and in dtype?",
    ),
    "lazy": Preset(
        "Built in the first forward",
        "lazy",
        ("forward", "to-sim", "forward"),
        "The first forward pass builds the mask, on the CPU. Then the module moves. What will the "
        "second forward pass do?",
    ),
    "half": Preset(
        "Half precision",
        "plain",
        ("half", "forward", "register", "half", "forward"),
        "`.half()` casts a module to float16: its numbers get 16 bits instead of 32. It runs "
        "twice: before the mask is registered as a buffer, and after that. When is the mask cast?",
    ),
    "meta": Preset(
        "Move to meta",
        "plain",
        ("to-meta", "forward"),
        "The module moves to `meta`, a device without memory, and the mask stays on the CPU. What "
        "will the forward pass do?",
    ),
}
for _device in available_devices()[1:-1]:
    PRESETS[_device.name] = Preset(
        f"The same on {_device.name}",
        "plain",
        (f"to-{_device.name}", "forward"),
        "The same steps on a real GPU. What will the forward pass do?",
    )


@dataclass(frozen=True)
class Timeline:
    """What to build and what to do to it, validated on construction (SettingError)."""

    start: str
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise SettingError("start", self.start, "one of " + ", ".join(STARTS))
        check_steps(self.steps)

    @property
    def name(self) -> str:
        """A short name, unique for a timeline."""
        return ".".join((self.start, *self.steps))


def check_steps(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names, or raise SettingError unless they are at most MAX_STEPS known steps."""
    if len(names) > MAX_STEPS:
        raise SettingError("steps", f"{len(names)} steps", f"at most {MAX_STEPS} steps")
    for name in names:
        if name not in STEPS:
            raise SettingError("steps", name, "made of " + ", ".join(f"`{n}`" for n in STEPS))
    return names
