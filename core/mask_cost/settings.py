"""The settings of "What does the mask cost?", and its question."""

from core.device.available import available_devices
from core.mask_cost.measure import COMPETITORS, MAX_SECONDS, MIN_TOKENS
from core.settings.declared import catalogue
from core.settings.prediction import prediction
from core.settings.setting import Choice, Switch

STORED, REBUILT, COPIED, FUSED = NAMES = tuple(COMPETITORS)
FASTEST = prediction("cost_guess", "Which is the fastest?", NAMES, "cost_ran", "Measure them")
NOBODY = "none of them"
CROSSES = prediction("bytes_guess", "Which one?", (*NAMES, NOBODY), "bytes_ran", "Measure them")
MASK_COST = catalogue(
    Switch("cost", "What does the mask cost?", False),
    Choice(
        "cost_device",
        "Measure on",
        "cpu",
        "`sim` computes on the CPU: what crosses to it is real, its speed is not a GPU's.",
        options=tuple(device.name for device in available_devices()),
    ),
    Choice(
        "cost_longest",
        "Longest input, in tokens",
        "1024",
        f"All powers of two from {MIN_TOKENS} on, in about {MAX_SECONDS:.0f} seconds in all.",
        options=("256", "512", "1024", "2048"),
    ),
    FASTEST,
    CROSSES,
    Switch("cost_figures", "All figures, and how they were measured", False),
)
