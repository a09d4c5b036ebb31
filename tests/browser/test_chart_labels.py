"""What is written in and around heatmaps can be read: by where it stands in a real Chromium."""

import math
import re
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LAB = "/Attention_lab?predict=false&device=cpu&input=sentence&inputs=true&sentence="
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

FOUR = """cells => [...document.querySelectorAll('svg.marks')].filter(
  svg => svg.querySelectorAll("path[aria-label^='query ']").length === cells).length === 4"""


def middle(box):
    return box[1] + box[3] / 2


def type_sentence(visitor, sentence):
    """Type a sentence into the lab, and wait until all its tokens are in the four heatmaps."""
    box = visitor.page.get_by_label("Your sentence", exact=True)
    box.fill(sentence)
    box.press("Enter")
    expect(visitor.page).to_have_url(
        re.compile(rf"sentence={re.escape(quote_plus(sentence))}(&|$)")
    )
    visitor.settled(charts=4)
    visitor.page.wait_for_function(FOUR, arg=len(sentence.split()) ** 2)


def test_labels_and_numbers_stand_where_they_can_be_read(visit):
    visitor = visit(viewport={"width": 1280, "height": 720})
    page = visitor.open(LAB + quote(SENTENCES["long words"]))
    visitor.settled(charts=4)
    for name, sentence in SENTENCES.items():
        if name != "long words":
            type_sentence(visitor, sentence)
        can_be_read([svg.evaluate(MEASURE) for svg in page.locator("svg.marks").all()])
    type_sentence(visitor, "internationalization of internationalization")
    for svg in page.locator("svg.marks").all():  # a repeated token keeps its position
        labels = svg.locator(".role-axis-label text").all_text_contents()
        assert labels == ["int… (1)", "of", "int… (3)"] * 2


def can_be_read(heatmaps):
    """Fail where something in heatmaps, as MEASURE has them, is cut off or lies on other things."""
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
