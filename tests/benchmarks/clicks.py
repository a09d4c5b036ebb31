"""From a click to the drawn heatmaps, in Chromium, at two lengths that take turns.

Two kinds of click: the toggle "Register the mask as a buffer", and the step-up button of the seed,
after which every number on the page is new and nothing can come from a cache. Before each toggle
the page is loaded anew with a seed that was never used. The bytes of an interaction are those of
all websocket frames that the page received for it.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field

from browser import CLOCK, QUIET, TIMEOUT, check, fresh_page, wait_until_complete
from servers import LAB

CHARTS = 4  # two heatmaps for each of two variants, compare on


@dataclass
class Clicks:
    """Seconds and bytes of each click, for one kind of click at one length."""

    seconds: list = field(default_factory=list)
    bytes: list = field(default_factory=list)


def lab_link(tokens, **more):
    """The lab's query for an input of that many tokens: 6 is the book's example."""
    query = {"predict": "false", "device": "cpu"}
    if tokens != 6:
        query |= {"input": "text", "tokens": tokens, "context_length": tokens}
    return "&".join(f"{name}={value}" for name, value in (query | more).items())


class Lab:
    """The lab in a browser page at one length."""

    def __init__(self, page, address, tokens):
        self.page, self.address, self.tokens = page, address, tokens
        self.received = 0
        page.on("websocket", lambda ws: ws.on("framereceived", self.count))

    def count(self, payload):
        self.received += len(payload)

    def load(self, seed):
        link = lab_link(self.tokens, seed=seed, inputs="true")
        self.page.goto(f"{self.address}/{LAB}?{link}")
        wait_until_complete(self.page, CHARTS)
        self.page.wait_for_timeout(QUIET)
        check(self.page)

    def click(self, target, clicks):
        self.page.evaluate(CLOCK, {"charts": CHARTS, "quiet": QUIET, "timeout": TIMEOUT})
        self.received = 0
        target.click()
        clicks.seconds.append(self.page.evaluate("window.measured") / 1000)
        clicks.bytes.append(self.received)
        check(self.page)

    def toggle(self, clicks):
        self.click(self.page.get_by_text("Register the mask as a buffer", exact=True), clicks)

    def new_seed(self, clicks):
        seed = self.page.get_by_test_id("stNumberInput").filter(
            has=self.page.get_by_label("Seed", exact=True)
        )
        self.click(seed.get_by_test_id("stNumberInputStepUp"), clicks)


def measure(browser, address, lengths, rounds, warm_up=1):
    """{(kind, length): Clicks} with kind "toggle" or "seed"; rounds to warm up are not counted."""
    with ExitStack() as stack:
        labs = [Lab(stack.enter_context(fresh_page(browser)), address, n) for n in lengths]
        found = {(kind, lab.tokens): Clicks() for kind in ("toggle", "seed") for lab in labs}
        for number in range(warm_up + rounds):
            for lab in labs if number % 2 else labs[::-1]:
                warming = number < warm_up
                toggled = Clicks() if warming else found["toggle", lab.tokens]
                seeded = Clicks() if warming else found["seed", lab.tokens]
                lab.load(10_000 + 10 * number)
                lab.toggle(toggled)
                lab.new_seed(seeded)
        return found
