"""What is written in and around heatmaps can be read: by where it stands in a real Chromium."""

import math
from itertools import pairwise
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.browser
LAB = "/Attention_lab?predict=false&device=cpu&input=sentence&sentence="
SENTENCES = {
    "long words": "extraordinarily incomprehensible internationalization extraordinarily big whale",
    "ten words": "internationalization needs extraordinarily patient readers everywhere now too",
    "repeated": "the cat saw the cat and the dog saw the dog at the end",
}
MEASURE = """svg => {
  const box = e => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; };
  const of = selector => [...svg.querySelectorAll(selector)].map(e => ({
    text: e.textContent, said: e.getAttribute('aria-label') || '', box: box(e),
    turned: Number((/rotate\\((\\d+)/.exec(e.getAttribute('transform')) || [0, 0])[1]),
    at: Number((/translate\\(([\\d.]+)/.exec(e.getAttribute('transform')) || [0, 0])[1]),
    shown: e.getAttribute('opacity') !== '0', size: parseFloat(e.getAttribute('font-size')), }));
  const labels = of('.role-axis-label text').filter(e => e.text && e.shown);
  return { across: labels.filter(e => e.turned), down: labels.filter(e => !e.turned),
    cells: of("path[aria-label^='query ']"), numbers: of('.mark-text.role-mark text'),
    scale: of('.role-legend text'), svg: box(svg) };
}"""


@pytest.fixture(params=SENTENCES)
def heatmaps(request, visit):
    """What is written in each of the four heatmaps, in pixels, for a sentence."""
    visitor = visit(viewport={"width": 1280, "height": 720})
    visitor.open(LAB + quote(SENTENCES[request.param]))
    visitor.settled(charts=4)
    return [svg.evaluate(MEASURE) for svg in visitor.page.locator("svg.marks").all()]


def middle(box):
    return box[1] + box[3] / 2


def test_labels_and_numbers_stand_where_they_can_be_read(heatmaps):
    for drawn in heatmaps:
        down, across, cells = drawn["down"], drawn["across"], drawn["cells"]
        assert down and across and cells
        rows = sorted({round(middle(cell["box"]), 1) for cell in cells})
        for label in down:
            near = min(abs(middle(label["box"]) - row) for row in rows)
            assert near <= 2, f"{label['text']} is {near} pixels off its row's middle"
        for above, below in pairwise(down):
            assert middle(below["box"]) - middle(above["box"]) >= above["size"]
        for left, right in pairwise(across):
            apart = (right["at"] - left["at"]) * math.sin(math.radians(360 - left["turned"]))
            assert apart >= left["size"], f"{left['text']} and {right['text']}: {apart} pixels"
        widest = max((number["box"][2] for number in drawn["numbers"]), default=0)
        assert widest < cells[0]["box"][2], "numbers of neighbouring cells touch"
        for mark in (*drawn["scale"], *across, *down):
            x, _, width, _ = mark["box"]
            left, right = drawn["svg"][0], drawn["svg"][0] + drawn["svg"][2]
            assert left <= x and x + width <= right, f"{mark['text']} is cut off"


def test_a_repeated_token_keeps_its_position_in_its_label(visit):
    visitor = visit(viewport={"width": 1280, "height": 720})
    page = visitor.open(LAB + quote("internationalization of internationalization"))
    visitor.settled(charts=4)
    for svg in page.locator("svg.marks").all():
        labels = svg.locator(".role-axis-label text").all_text_contents()
        assert labels == ["int… (1)", "of", "int… (3)"] * 2
