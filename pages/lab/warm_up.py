"""What visitors of the lab and of the home page would wait for: pages.server.warm_up calls it."""

from core.charts.raster_heatmap import template
from core.lab.experiment import Experiment
from core.lab.view import ViewRequest, view_cached
from core.mask_cost.measure import warm_allocator
from pages.lab.panels import BESIDE_HEIGHT, chart


def before_visitors() -> None:
    """Make the first observation and its charts."""
    observation = view_cached(ViewRequest(Experiment()))
    run, tokens = observation.with_buffer, observation.experiment.tokens
    for name, change, kind in (("attn_scores", 1, "scores"), ("attn_weights", 0, "weights")):
        chart(run.trace.get(name, change).tensor, tokens, kind, 1.0, BESIDE_HEIGHT)


def after_first_page() -> None:
    """Build the charts of many tokens, and let every length find the same allocator."""
    warm_allocator()
    for kind in ("scores", "weights"):
        for shows in ("cells", "blocks"):
            template(kind, shows)
