"""What the load-failure lab can run: two modules that differ, one loading, a fix; validated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.device.available import SIMULATED
from core.settings.declared import Declared, declared, settings_of
from core.settings.setting import Choice, Switch, Whole

WITHOUT_MASK = 'state = {key: tensor for key, tensor in state.items() if not key.endswith("mask")}'


@dataclass(frozen=True)
class Fix:
    """One way out: what it does (Markdown), its lines, and the situations that it fits.

    before: lines between state_dict and load_state_dict. after: lines after load_state_dict.
    """

    text: str
    before: str = ""
    after: str = ""
    fits: Callable[[LoadExperiment], bool] = lambda loading: True


def has_mask(loading: LoadExperiment) -> bool:
    """Whether the state that is loaded has a mask."""
    return loading.source == "buffer"


FIXES = {
    "none": Fix("no fix"),
    "strip-prefix": Fix(
        "Take the wrapper's prefix off every key",
        'state = {key.removeprefix("module.").removeprefix("_orig_mod."): tensor'
        " for key, tensor in state.items()}",
        fits=lambda loading: loading.wrapped != "nothing",
    ),
    "drop-mask": Fix(
        "Take the mask out of the state: the target has built its own",
        WITHOUT_MASK,
        fits=has_mask,
    ),
    "add-mask": Fix(
        "Put the target's own mask into the state",
        'state = {**state, "mask": target.mask}',
        fits=lambda loading: loading.target == "buffer",
    ),
    "register-anew": Fix(
        "Make the target's mask a buffer with `persistent=False`",
        "del target.mask\n"
        'target.register_buffer("mask", causal_mask(target.context_length, device), '
        "persistent=False)",
        fits=lambda loading: loading.target == "buffer",
    ),
    "rebuild": Fix(
        "Build the target's mask again after loading",
        after="fresh = causal_mask(target.context_length, target.W_query.weight.device)\n"
        "target.mask = fresh",
    ),
    "assign": Fix(
        "Load once more, with `assign=True`",
        after="target.load_state_dict(state, assign=True)",
        fits=lambda loading: not loading.assign,
    ),
    "to-target": Fix(
        "Cast and move the loaded module to where it was wanted",
        after="target.to(device, torch.float32)",
    ),
}


HOLDS = ("buffer", "non-persistent", "plain")


class LoadOutcome(StrEnum):
    """What came of a loading; the values stand in links."""

    LOADS = "it loads"
    RAISES = "it raises"
    WRONG = "it loads, and something is wrong"


def _hold(name: str, label: str) -> Choice:
    return Choice(name, label, "buffer", options=HOLDS)


def _length(name: str, label: str) -> Whole:
    return Whole(name, label, 6, "", 4, 64)


@dataclass(frozen=True)
class LoadExperiment(Declared):
    """A source, a target and how one is loaded into the other; validated (SettingError)."""

    source: str = declared(_hold("source", "Source holds its mask as"))
    source_length: int = declared(_length("source_length", "Source's context length"))
    source_dtype: str = declared(
        Choice(
            "source_dtype",
            "Source's dtype",
            "float32",
            options=("float32", "float16", "bfloat16", "float64"),
        )
    )
    source_device: str = declared(
        Choice("source_device", "Source is on", "cpu", options=("cpu", SIMULATED))
    )
    wrapped: str = declared(
        Choice(
            "wrapped",
            "Source is wrapped by",
            "nothing",
            options=("nothing", "DataParallel", "torch.compile"),
        )
    )
    target: str = declared(_hold("target", "Target holds its mask as"))
    target_length: int = declared(_length("target_length", "Target's context length"))
    target_device: str = declared(
        Choice("target_device", "Target is on", "cpu", options=("cpu", SIMULATED, "meta"))
    )
    strict: bool = declared(
        Switch("strict", "strict", True, "Whether missing and unexpected keys raise.")
    )
    assign: bool = declared(
        Switch("assign", "assign", False, "Take the loaded tensors themselves, not their values.")
    )
    fix: str = declared(Choice("fix", "Fix", "none", options=tuple(FIXES)))

    @property
    def name(self) -> str:
        """A short name, unique for a LoadExperiment."""
        return ".".join(str(getattr(self, name)) for name in FIELDS)


FIELDS = settings_of(LoadExperiment)
# Named after the situation, never after what comes of it; the first three to begin with.
PRESETS = {
    "Source's mask: plain attribute": LoadExperiment(source="plain"),
    "Target's mask: persistent=False": LoadExperiment(target="non-persistent"),
    "Target: context length 4": LoadExperiment(target_length=4),
    "Target's mask: plain attribute": LoadExperiment(target="plain"),
    "Context length 4, strict=False": LoadExperiment(target_length=4, strict=False),
    "Source in DataParallel": LoadExperiment(wrapped="DataParallel"),
    "Source in torch.compile": LoadExperiment(wrapped="torch.compile"),
    "DataParallel, strict=False": LoadExperiment(wrapped="DataParallel", strict=False),
    "Source in float16, assign=True": LoadExperiment(source_dtype="float16", assign=True),
    "Target on meta": LoadExperiment(target_device="meta"),
    "Target on meta, persistent=False": LoadExperiment(
        source="non-persistent", target="non-persistent", target_device="meta", assign=True
    ),
    "Source on sim, assign=True": LoadExperiment(source_device=SIMULATED, assign=True),
}


def fix_text(loading: LoadExperiment) -> str:
    """What the fix of a LoadExperiment does there; Markdown."""
    more = {
        "register-anew": ", and take the mask out of the state",
        "add-mask": ", in the place of the source's",
    }
    also = more.get(loading.fix, "") if has_mask(loading) else ""
    return FIXES[loading.fix].text + also


def fix_lines(loading: LoadExperiment) -> tuple[str, str]:
    """The lines of a LoadExperiment's fix: (before load_state_dict, after it)."""
    fix = FIXES[loading.fix]
    before = [fix.before] * bool(fix.before)
    before += [WITHOUT_MASK] * (loading.fix == "register-anew" and has_mask(loading))
    return "\n".join(before), fix.after
