"""The learners' page is as light as the README says."""

import gzip
import re

from imports import ROOT

from pages.rooms.documents import learner_page


def test_a_phone_loads_what_the_readme_says():
    (said,) = re.findall(r"a light page of\s+(\d+) kB", (ROOT / "README.md").read_text("utf-8"))
    page = learner_page("BCDFGH")
    assert abs(len(gzip.compress(page.encode())) / 1000 - int(said)) < 1
    assert not re.findall(r"(?:src|href)=.?https?:", page)  # and nothing else from anywhere
