"""What is looked for, why it matters, and how to look for it in a module of one's own."""

from core.charts.markdown_table import markdown_table
from core.check.report import KINDS

WHY = {
    "left_behind": "The first forward on another device fails, in a line far from the cause.",
    "hidden_module": "Nothing moves, trains or saves what a plain list or dict holds.",
    "stale_cache": "It fails only for whoever runs the module before moving it: after a trial run "
    "on the CPU, or on the way from one GPU to the next.",
    "made_on_cpu": "It works on every machine without a GPU, and on none with one.",
    "load_fails": "The checkpoint is there, and the program that made it cannot read it.",
    "state_lost": "Nothing fails. After a restart the model answers differently.",
    "copies": "A copy makes the device wait for the CPU, in every forward.",
    "parted": "An optimizer trains the one and forward reads the other, without a message.",
    "cast": "The output is wrong at long inputs, and right in every short test.",
    "meta": "Large models are built on `meta`. What no file fills, somebody has to compute again.",
    "rebuildable": "Larger files, and a mask that is saved overwrites the one that was built.",
}
SEVERITY_OF = {
    "error": ("left_behind", "hidden_module", "stale_cache", "made_on_cpu", "load_fails",
              "state_lost"),
    "warning": ("copies", "parted", "cast", "meta"),
    "information": ("rebuildable",),
}  # fmt: skip
NOT_REPORTED = (
    "tensors with one number and no dimension, which devices take as arguments",
    "plain tensors that forward does not read",
    "numbers that a cast rounds to 0 without an effect on the output",
    "another output after loading, where the output depends on earlier calls by design",
    "code for CUDA that asks `is_cuda`: it is answered yes",
)
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
    return markdown_table(("severity", "what is looked for", "why it matters"), rows)
