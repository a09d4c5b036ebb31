"""What to keep of a look into checkpoints, in one sentence each; Markdown."""

from core.checkpoint.report import ComparisonReport, FileReport


def file_takeaway(report: FileReport) -> str:
    """Of one file: what its table has, and what no file says."""
    if report.total.clean < report.total.stored:
        return (
            "A file can hold bytes that no name in it reads: clone a small part before saving it."
        )
    if not any(entry.is_tensor for entry in report.contents.entries):
        return ""
    return "A checkpoint has names, shapes and dtypes, and does not say which tensors are buffers."


def comparison_takeaway(report: ComparisonReport) -> str:
    """Of one file that is loaded where another is expected: the first thing that stands apart."""
    found = report.differences
    if report.offered and not report.loaded:
        return (
            "A training checkpoint holds the `state_dict` under a key of its own: load that part."
        )
    if found.prefix:
        return (
            "A wrapper puts its name before every key: save the `state_dict` of the module inside."
        )
    if found.mismatched:
        return "The same key is not enough: `load_state_dict` also wants the same shape."
    if found.missing or found.unexpected:
        return "A file fits a module only where both have the same keys."
    if found.lossy:
        return "`load_state_dict` casts without a word, and numbers can change: compare the dtypes."
    if found.filled:
        return "A key that the file lacks is not always called missing: compare the keys."
    return "Two files with the same keys and the same shapes fit the same module."
