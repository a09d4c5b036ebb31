"""What is looked for, why it matters, and how to look for it in a module of one's own."""

import re

from core.charts.markdown_table import markdown_table
from core.check.report import KINDS, Finding

WHY = {
    "left_behind": "The module fails on a GPU, in a line that is often far from the cause.",
    "hidden_module": "What is in a plain list or dict is not moved, not trained and not saved.",
    "stale_cache": "The module fails if it ran once before it was moved: after a test run on the "
    "CPU, or from one GPU to another.",
    "made_on_cpu": "The module works on the CPU and fails on a GPU.",
    "load_fails": "There is a checkpoint, and the program that wrote it cannot load it.",
    "state_lost": "There is no error. After loading, the model gives other outputs.",
    "copies": "The device has to wait for the copy in every forward.",
    "parted": "There is no error. An optimizer may change the one while `forward` reads the other.",
    "cast": "There is no error. Often only long inputs give a wrong output.",
    "meta": "Large models are built on `meta`. What is not in the file has arbitrary values then.",
    "rebuildable": "The file is larger than needed, and its values replace the computed ones.",
}
SEVERITY_OF = {
    "error": ("left_behind", "hidden_module", "stale_cache", "made_on_cpu", "load_fails",
              "state_lost"),
    "warning": ("copies", "parted", "cast", "meta"),
    "information": ("rebuildable",),
}  # fmt: skip
NOT_REPORTED = (
    "CPU tensors without dimensions, such as `torch.tensor(2.0)`: a GPU accepts them",
    "plain tensors that `forward` does not use",
    "numbers that a cast rounds to 0, where the output stays the same",
    "another output after loading, where the output depends on earlier calls",
    "code that asks `is_cuda`: the simulated device answers yes",
)
LINES = """from buffer_check import check
report = check(lambda: MyModule(64), torch.randn(2, 64))
print(report.text())
"""
COMMAND = "python buffer_check.py my_package.my_module:case"
CASE = '''import torch


def case():
    """What to check: a function that builds the module, and the inputs of its forward."""
    return lambda: MyModule(64), torch.randn(2, 64)
'''
PYTEST = """from buffer_check import check

def test_my_module():
    report = check(lambda: MyModule(64), torch.randn(2, 64))
    assert report.ok, report.text()
"""
CI = f"""- run: pip install torch
- run: {COMMAND}
"""


def kinds_as_markdown() -> str:
    """A table of the kinds of finding."""
    rows = [
        (severity, KINDS[kind].title, WHY[kind])
        for severity, kinds in SEVERITY_OF.items()
        for kind in kinds
    ]
    return markdown_table(("severity", "fault", "why it matters"), rows)


def case_of(finding: Finding) -> str | None:
    """The failure case of a project with the same fault in the same kind of place, or None."""
    if finding.kind == "left_behind":
        if all(re.search(r"\[\d+\]$", name) for name in finding.names):
            return "tensors-in-a-list"
        return "mask-left-behind" if "a plain attribute" in finding.sentence else None
    if finding.kind == "load_fails":
        return "none-buffer-saved" if "None, persistent=False" in finding.fix else None
    return "lazy-mask" if finding.kind == "stale_cache" else None
