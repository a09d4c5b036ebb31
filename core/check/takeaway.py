"""What to keep of a report on a module, in one sentence; Markdown."""

from core.check.report import Report

TAKEAWAYS = {  # by the kind of a finding
    "left_behind": "`.to()` takes along what is registered: make the others buffers.",
    "hidden_module": "A module does not look into lists and dicts: use `nn.ModuleList`.",
    "stale_cache": "A cache that outlives a move has to be a buffer.",
    "made_on_cpu": "What `forward` makes, it makes on `x.device`.",
    "load_fails": "What a module saves, a fresh one must be able to load.",
    "state_lost": "What no constructor can give back has to be in the file.",
    "copies": "What is needed in every pass should be there before it: register it.",
    "parted": "A move unties buffers that were one tensor.",
    "cast": "To register a floating-point tensor is to agree to casts.",
    "meta": "What `__init__` computes is lost on `meta`, unless the file brings it back.",
    "rebuildable": "What can be computed again need not be saved: `persistent=False`.",
}


def takeaway(report: Report) -> str:
    """The sentence on what weighs most in a Report."""
    if report.findings:
        return TAKEAWAYS[report.findings[0].kind]
    if any(check.not_run for check in report.checks):
        return "Nothing was found in what could be tried; that says nothing of the rest."
    return "Nothing was left behind, lost or spoiled: that is what registering is for."
