"""What to keep of a report on a module, in one sentence; Markdown."""

from core.check.report import Report

TAKEAWAYS = {  # by the kind of a finding
    "left_behind": "`.to()` moves what is registered: make the other tensors buffers.",
    "hidden_module": "PyTorch does not look into plain lists and dicts: use `nn.ModuleList`.",
    "stale_cache": "A cache that is kept between runs has to be a buffer.",
    "made_on_cpu": "Create tensors in `forward` with `device=x.device`.",
    "load_fails": "What one module saves, a new one has to be able to load.",
    "state_lost": "Save what a new module cannot compute by itself.",
    "copies": "Register a tensor that every forward needs: then it is copied only once.",
    "parted": "After `.to()`, two names are one tensor only if they are one `nn.Parameter`.",
    "cast": "A cast of the module casts its floating-point buffers too.",
    "meta": "On `meta`, what `__init__` computes is lost unless the file contains it.",
    "rebuildable": "What can be computed again need not be saved: `persistent=False`.",
}


def takeaway(report: Report) -> str:
    """The sentence on what weighs most in a Report."""
    if report.findings:
        return TAKEAWAYS[report.findings[0].kind]
    if any(check.not_run for check in report.checks):
        return "The checks that ran found nothing; the others could not look."
    return "Moved, cast, saved and loaded, this module works as before."
