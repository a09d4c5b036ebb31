"""From `streamlit run` to the first complete page in Chromium, and visits to a running server."""

from time import perf_counter, sleep

from browser import check, fresh_page, wait_until_complete
from clicks import CHARTS, lab_link
from servers import LAB, plain_page, serving

LINK = f"/{LAB}?{lab_link(6)}"


def start_lab(browser):
    """Seconds from the spawn of `streamlit run dashboard.py` to a complete lab page."""
    return first_page(browser, LINK, CHARTS)


def start_empty(browser, folder):
    """The same for an empty page that imports what the lab imports."""
    return first_page(browser, "/", 0, script="empty.py", folder=folder)


def first_page(browser, link, charts, **server):
    with fresh_page(browser) as page:
        start = perf_counter()
        with serving(wait=False, **server) as running:
            while not running.healthy():
                sleep(0.01)
            page.goto(running.address + link, wait_until="commit")
            wait_until_complete(page, charts)
            seconds = perf_counter() - start
            check(page)
    return seconds


def starts(browser, rounds):
    """(seconds of each start of the lab, of the empty page with the same imports), alternating."""
    lab, empty = [], []
    with plain_page() as folder:
        for number in range(rounds):
            turns = [
                lambda: lab.append(start_lab(browser)),
                lambda: empty.append(start_empty(browser, folder)),
            ]
            for turn in turns if number % 2 else turns[::-1]:
                turn()
    return lab, empty


def visit(browser, address, charts):
    """Seconds from asking for a page to its being complete, in a browser context of its own."""
    with fresh_page(browser) as page:
        start = perf_counter()
        page.goto(address, wait_until="commit")
        wait_until_complete(page, charts)
        seconds = perf_counter() - start
        check(page)
    return seconds


def visits(browser, lab, empty, rounds, warm_up=1):
    """(seconds of first visits to the lab, to an empty page) on servers that run; alternating."""
    found = [], []
    for number in range(warm_up + rounds):
        turns = [(0, f"{lab}{LINK}&seed={number + 500}", CHARTS), (1, empty, 0)]
        for side, address, charts in turns if number % 2 else turns[::-1]:
            seconds = visit(browser, address, charts)
            if number >= warm_up:
                found[side].append(seconds)
    return found
