"""From a click to the picture on every page, against a bare page with a toggle and one chart.

The bare page has what no lesson can do without: Streamlit, one toggle, one Altair chart of 36 cells
whose numbers change with the toggle. Both run on servers with the same settings and take turns.
"""

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from browser import CLOCK, QUIET, TIMEOUT, check, fresh_page, wait_until_complete
from servers import LAB, ROOT, TUNED, serving

from core.check.settings import GUESS_NAMES

BARE = TUNED.replace(
    'st.write("x")',
    """from bare import page
    page()""",
)
BARE_PAGE = """import altair as alt
import streamlit as st


def page():
    on = st.toggle("other numbers")
    cells = [{"x": i % 6, "y": i // 6, "value": (i * (7 if on else 5)) % 36} for i in range(36)]
    chart = alt.Chart(alt.Data(values=cells)).mark_rect()
    st.altair_chart(chart.encode(x="x:O", y="y:O", color="value:Q"))
"""
TOGGLE = "Register the mask as a buffer"
GUESSED = "&".join(f"{name}=it+moves" for name in GUESS_NAMES.values())
PAGES = {  # page: (link, the text or the class of what is clicked, charts)
    "the lab, T=6": (f"{LAB}?predict=false&device=cpu", TOGGLE, 4),
    "the lab, T=6 on sim": (f"{LAB}?predict=false", TOGGLE, 3),
    "Moving devices": ("Moving_devices?predict=false", "Mask moved by hand", 0),
    "state_dict": ("State_dict?predict=false&keys=false&edit=true", "zeros", 4),
    "the ledger": ("What_is_state?predict=false", "Predict first", 0),
    "Training, before its run": ("Training", "Change the settings", 0),
    "Training, its slider": ("Training?predict=false&steps=20", ".stSlider", 10),
    "a failure case": (
        "Failure_cases?case=mask-left-behind&guess=it+works",
        "Run it, and the fix",
        0,
    ),
    "the check": (f"Check_your_module?{GUESSED}", "Check it", 0),
}
QUESTION = "Run the forward pass"


@dataclass
class Clicked:
    """Of the clicks on one page: seconds to the picture, bytes and messages."""

    seconds: list = field(default_factory=list)
    bytes: list = field(default_factory=list)
    messages: list = field(default_factory=list)


class Counter:
    """What a page receives over its websocket: bytes and frames."""

    def __init__(self, page):
        self.bytes = self.frames = 0
        page.on("websocket", lambda ws: ws.on("framereceived", self.frame))

    def frame(self, payload):
        self.bytes += len(payload)
        self.frames += 1


@contextlib.contextmanager
def serving_bare():
    """A Server of the bare page, with the settings and the lifespan of ours."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("core", "pages", ".streamlit"):
            Path(folder, name).symlink_to(ROOT / name)
        Path(folder, "bare.py").write_text(BARE_PAGE)
        Path(folder, "start.py").write_text(BARE)
        with serving(script="start.py", folder=Path(folder)) as server:
            yield server


def click(browser, address, link, text, charts):
    """(seconds, bytes, messages) of one click in a fresh page."""
    with fresh_page(browser) as page:
        counter = Counter(page)
        page.goto(f"{address}/{link}")
        wait_until_complete(page, charts)
        page.wait_for_timeout(QUIET)
        check(page)
        page.evaluate(CLOCK, {"charts": charts, "quiet": QUIET, "timeout": TIMEOUT})
        bytes, frames = counter.bytes, counter.frames
        what = page.locator(text) if text[0] == "." else page.get_by_text(text, exact=True)
        what.first.click()
        seconds = page.evaluate("window.measured") / 1000
        check(page)
        return seconds, counter.bytes - bytes, counter.frames - frames


def measure(browser, lab, bare, rounds, warm_up=1, pages=None):
    """{name of a page, or "bare": Clicked}; the pages take turns."""
    links = {"bare": (bare, "", "other numbers", 1)}
    links |= {name: (lab, *page) for name, page in list(PAGES.items())[:pages]}
    found = {name: Clicked() for name in links}
    for number in range(warm_up + rounds):
        for name, (address, *what) in links.items():
            seconds, bytes, messages = click(browser, address, *what)
            if number >= warm_up:
                found[name].seconds.append(seconds)
                found[name].bytes.append(bytes)
                found[name].messages.append(messages)
    return found


@dataclass
class Visits:
    """Of cold visits to one page: seconds until it can be used, bytes on the wire, requests."""

    seconds: list = field(default_factory=list)
    bytes: int = 0
    requests: int = 0

    def add(self, browser, address, ready):
        """Visit once more, with an empty cache, until what ready(page) names is there."""
        sizes = []
        with fresh_page(browser) as page:
            network = page.context.new_cdp_session(page)
            network.on(
                "Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"])
            )
            network.send("Network.enable")
            start = perf_counter()
            page.goto(address, wait_until="commit")
            ready(page).wait_for()
            wait_until_complete(page, 0)
            self.seconds.append(perf_counter() - start)
            self.bytes, self.requests = sum(sizes), len(sizes)


def cold(browser, lab, empty, rounds, warm_up=1):
    """(Visits to the lab until its first question can be answered, to an empty page), in turns."""
    asked, nothing = Visits(), Visits()
    for number in range(warm_up + rounds):
        if number == warm_up:
            asked, nothing = Visits(), Visits()
        asked.add(browser, f"{lab}/{LAB}", lambda page: page.get_by_role("button", name=QUESTION))
        nothing.add(browser, empty, lambda page: page.get_by_text("x", exact=True))
    return asked, nothing


def window(browser, address, tokens, rounds):
    """Seconds from asking for another window of an input of so many tokens to its numbers."""
    seconds = []
    with fresh_page(browser) as page:
        link = f"{LAB}?predict=false&device=cpu&compare=false&input=text&tokens={tokens}&zoom=true"
        page.goto(f"{address}/{link}")
        wait_until_complete(page, 2)
        box = page.get_by_test_id("stNumberInput").filter(
            has=page.get_by_label("First key of the window", exact=False)
        )
        for _ in range(rounds):
            page.wait_for_timeout(QUIET)
            page.evaluate(CLOCK, {"charts": 2, "quiet": QUIET, "timeout": TIMEOUT})
            box.get_by_test_id("stNumberInputStepUp").click()
            seconds.append(page.evaluate("window.measured") / 1000)
        check(page)
    return seconds
