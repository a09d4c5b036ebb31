"""What visitors would wait for, done once: some of it before the first, the rest after."""

import gc
import importlib
from pathlib import Path

import torch

from core.charts.raster_heatmap import template
from core.lab.experiment import Experiment
from core.lab.view import Look, look_here
from core.mask_cost.measure import warm_allocator
from pages.lab.panels import chart

PAGES = Path(__file__).parents[1]


def warm_up() -> None:
    """Import all pages, and make the first observation and its charts.

    Pages import nothing later: Altair looks at pandas even when another thread has only half
    imported it. PyTorch gets one thread: every rerun is a fresh thread, for which it would start a
    team of its own.
    """
    for path in sorted(PAGES.glob("*/*.py")):
        importlib.import_module(f"pages.{path.parent.name}.{path.stem}")
    torch.set_num_threads(1)
    observation = look_here(Look(Experiment()))
    run, tokens = observation.with_buffer, observation.experiment.tokens
    for name, change, kind in (("attn_scores", 1, "scores"), ("attn_weights", 0, "weights")):
        chart(run.trace.get(name, change).tensor, tokens, kind, 1.0)


def tune_gc() -> None:
    """Build the charts of many tokens, and leave the garbage collector less to do.

    What is loaded by now stays: it need not look at it again. It also comes less often, for a full
    collection takes a tenth of a second with a hundred sessions open, and everybody waits; what it
    collects is some 1,000 small objects a second.
    """
    warm_allocator()
    for kind in ("scores", "weights"):
        for shows in ("cells", "blocks"):
            template(kind, shows)
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 25)
