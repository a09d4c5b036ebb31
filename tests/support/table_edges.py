"""Whether a table that scrolls sideways shows that it goes on to the right."""

import io

import numpy as np
from PIL import Image


def edge_is_shaded(scroller):
    """Whether the right edge of what a Locator finds is darker than what stands 30 pixels left."""
    picture = np.asarray(Image.open(io.BytesIO(scroller.screenshot())).convert("L"), dtype=float)
    return bool(np.median(picture[:, -34] - picture[:, -4]) > 20)
