"""What visitors would wait for, done once: some of it before the first, the rest after.

A folder of pages may have a module `warm_up` with `before_visitors()` and `after_first_page()`.
"""

import gc
import importlib
from pathlib import Path

import torch

PAGES = Path(__file__).parents[1]
CORE = PAGES.parent / "core"
OWN = Path(__file__)
FOLDERS = sorted(path.parent.name for path in PAGES.glob("*/warm_up.py") if path != OWN)


def call_in_pages(name: str) -> None:
    """Call the function of that name in the module `warm_up` of each folder that has one."""
    for folder in FOLDERS:
        getattr(importlib.import_module(f"pages.{folder}.warm_up"), name)()


def warm_up() -> None:
    """Import all pages, and do what they want done before the first visitor.

    Pages import nothing later: Altair looks at pandas even when another thread has only half
    imported it. PyTorch gets one thread: every rerun is a fresh thread, for which it would start a
    team of its own.
    """
    for path in sorted(PAGES.glob("*/*.py")):
        importlib.import_module(f"pages.{path.parent.name}.{path.stem}")
    for path in sorted(CORE.glob("*/takeaway.py")):  # the pages themselves import these
        importlib.import_module(f"core.{path.parent.name}.takeaway")
    torch.set_num_threads(1)
    call_in_pages("before_visitors")


def tune_gc() -> None:
    """Do what pages want done later, and leave the garbage collector less to do.

    What is loaded by now stays: it need not look at it again. It also comes less often, for a full
    collection takes a tenth of a second with a hundred sessions open, and everybody waits; what it
    collects is some 1,000 small objects a second.
    """
    call_in_pages("after_first_page")
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 25)
