"""The picture of many tokens: its pixels, its blocks, its size; and that Vega-Lite takes it."""

import base64
import io
import json
import math

import altair as alt
import numpy as np
import pyarrow
import pytest
import torch
from PIL import Image

from core.charts.heatmap import MAX_CELL_TOKENS
from core.charts.palette import MASKED, SCALES, rgb
from core.charts.pooling import PIXEL_BLOCKS, reduce
from core.charts.raster_heatmap import picture, template

SIZES = [MAX_CELL_TOKENS + 1, 64, 65, 256, 1000, 1024]


def weights(size):
    masked = torch.ones(size, size).triu(1).bool()
    scores = torch.randn(size, size, generator=torch.Generator().manual_seed(size))
    return torch.softmax(scores.masked_fill(masked, -math.inf), -1), masked


def charted(size, kind="weights"):
    tensor, masked = weights(size)
    if kind == "scores":
        tensor = tensor.log()
    tokens = [f"word{i % 50}" for i in range(size)]
    return tensor, reduce(tensor, masked), picture(reduce(tensor, masked), tokens, kind, 9.0)


def table(spec, name):
    return pyarrow.ipc.open_stream(spec["datasets"][name]).read_pandas()


def parameter(spec, name):
    (value,) = (p["value"] for p in spec["params"] if p["name"] == name)
    return value


def pixels(spec):
    """The picture's colours, one a value."""
    url = table(spec, "picture")["url"][0].removeprefix("data:image/png;base64,")
    image = np.array(Image.open(io.BytesIO(base64.b64decode(url))).convert("RGB"))
    size = parameter(spec, "size")
    count = math.ceil(size / math.ceil(size / PIXEL_BLOCKS))
    times = len(image) // count
    assert times * count == len(image) >= PIXEL_BLOCKS, "no browser has to enlarge and blur it"
    assert (image == image[::times, ::times].repeat(times, 0).repeat(times, 1)).all()
    return image[::times, ::times]


@pytest.mark.parametrize("kind", SCALES)
@pytest.mark.parametrize("size", SIZES)
def test_masked_pixels_are_grey_and_only_they(size, kind):
    _, matrix, spec = charted(size, kind)
    grey = (pixels(spec) == rgb(MASKED)).all(-1)
    assert np.array_equal(grey, torch.isnan(matrix.picture).numpy())


def test_larger_weights_are_brighter_and_the_ends_have_the_ends_of_the_scale():
    masked = torch.zeros(20, 20, dtype=torch.bool)
    tensor = torch.linspace(0, 1, 400).reshape(20, 20)
    shown = pixels(picture(reduce(tensor, masked), ["t"] * 20, "weights", 1.0)).reshape(-1, 3)
    assert tuple(shown[0]) == rgb(SCALES["weights"][0])
    assert tuple(shown[-1]) == rgb(SCALES["weights"][-1])
    light = shown @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) >= -1).all() and light[-1] > light[0] + 150


def test_scores_of_zero_have_the_middle_colour():
    tensor, masked = torch.zeros(20, 20), torch.zeros(20, 20, dtype=torch.bool)
    shown = pixels(picture(reduce(tensor, masked), ["t"] * 20, "scores", 2.0))
    assert tuple(shown[0, 0]) == rgb(SCALES["scores"][5])


@pytest.mark.parametrize("size", SIZES)
def test_every_block_names_a_cell_that_has_its_value(size):
    tensor, matrix, spec = charted(size)
    blocks = table(spec, "blocks")
    words, side = parameter(spec, "words"), parameter(spec, "side")
    seen = blocks[blocks["value"].notna()]
    assert len(seen) == int((~matrix.blocks.masked).sum())
    for row in seen.itertuples():
        query, key = row.q - 1, row.k - 1
        assert tensor[query, key].item() == row.value
        assert (query // side, key // side) == (row.i, row.j)
        assert words[row.a] == f"word{query % 50}" and words[row.b] == f"word{key % 50}"
    hidden = blocks[blocks["value"].isna()]
    assert sum(hidden["end"] - hidden["j"]) == int(matrix.blocks.masked.sum())


@pytest.mark.parametrize("size", [1, 17, 65, 1024, 4096])
def test_first_and_last_token_are_named_and_few_between(size):
    masked = torch.zeros(size, size, dtype=torch.bool)
    spec = picture(reduce(torch.ones(size, size), masked), ["a"] * size, "weights", 1.0)
    for channel, most in (("x", 3), ("y", 6)):
        places = parameter(spec, f"places_{channel}")
        assert places[0] == 1 and places[-1] == size and len(places) <= most
        assert parameter(spec, f"names_{channel}")[-1] == f"{size} a"


@pytest.mark.parametrize("size", SIZES)
def test_four_pictures_stay_far_below_the_bound_of_one_interaction(size):
    for kind in SCALES:
        spec = charted(size, kind)[2]
        datasets = spec.pop("datasets")
        assert len(json.dumps(spec)) + sum(map(len, datasets.values())) < 1_500_000 / 8


@pytest.mark.parametrize("kind", SCALES)
def test_the_template_is_a_valid_chart(kind):
    spec = template(kind, "blocks") | {"usermeta": {}}
    spec.pop("datasets", None)
    alt.Chart.from_dict(spec)  # raises where the schema of Vega-Lite does not allow it
