"""Is memory flat under load? Two servers at once, with Streamlit's collection after each run on
and off (`runner.postScriptGC`), each with half of the visitors of a room.

    python tests/benchmarks/soak.py --minutes 20

Visitors act about every 4 s; after 40 actions a visitor closes the page and a new one comes, so
that whole sessions are left behind for the collector too. Memory is sampled every 10 s. The slope
is that of the best straight line through (actions so far, MB) after the warm-up: the first third
of the time, in which caches fill and sessions that were closed wait out Streamlit's two minutes.
It is taken of RSS: PSS also falls when another process maps the same libraries.
"""

import argparse
import bisect
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import sleep, time

from figures import slope
from load import Load
from servers import serving

WARM_UP = 1 / 3
SWITCH = {"off": "--runner.postScriptGC=false", "on": "--runner.postScriptGC=true"}


@dataclass
class Soak:
    """What one server did: samples of (time, PSS, RSS) in s and MB, and the load's Figures."""

    samples: list = field(default_factory=list)
    figures: object = None
    tracebacks: int = 0

    def warm(self):
        """Samples after the warm-up, as (actions so far, PSS, RSS)."""
        begin, end = self.samples[0][0], self.samples[-1][0]
        ended = sorted(self.figures.ended)
        return [
            (bisect.bisect(ended, when), pss, rss)
            for when, pss, rss in self.samples
            if when >= begin + WARM_UP * (end - begin)
        ]

    def slope(self):
        """MB (RSS) per 1,000 actions."""
        actions, _, rss = zip(*self.warm(), strict=True)
        return 1000 * slope(actions, rss)

    def growth(self):
        """Per cent that the straight line rises from the end of the warm-up to the end."""
        (first, _, rss), (last, _, _) = self.warm()[0], self.warm()[-1]
        return 100 * self.slope() / 1000 * (last - first) / rss

    def ends(self):
        """The first and the last sample after the warm-up, in words."""
        (_, pss, rss), (_, last_pss, last_rss) = self.warm()[0], self.warm()[-1]
        return f"RSS {rss:.0f} → {last_rss:.0f} MB, PSS {pss:.0f} → {last_pss:.0f} MB"


def soak(minutes, sessions, pace=4.0, every=10.0, leaves_after=40, names=tuple(SWITCH)):
    """{"off": Soak, "on": Soak} of servers, one for each name, that run at the same time."""
    found = {name: Soak() for name in names}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(SWITCH[name], wait=False)) for name in names}
        while not all(server.healthy() for server in servers.values()):
            sleep(0.1)
        loads = {
            name: stack.enter_context(
                Load(
                    server.address,
                    "renewing",
                    sessions=sessions,
                    seconds=60 * minutes,
                    pace=pace,
                    leaves_after=leaves_after,
                )
            )
            for name, server in servers.items()
        }
        while not all(load.over() for load in loads.values()):
            for name, server in servers.items():
                if not loads[name].over():
                    found[name].samples.append((time(), server.memory(), server.resident()))
            sleep(every)
        for name, server in servers.items():
            found[name].figures = loads[name].figures()
            found[name].tracebacks = server.tracebacks()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--sessions", type=int, default=50, help="on each of the two servers")
    chosen = parser.parse_args()
    every = min(10, 2 * chosen.minutes)  # 30 samples at least
    for name, one in soak(chosen.minutes, chosen.sessions, every=every).items():
        load = one.figures
        print(
            f"collection {name}: {load.actions:,} actions, {len(load.errors)} errors, "
            f"{one.tracebacks} tracebacks, {one.slope():+.2f} MB (RSS) per 1,000 actions; "
            f"after the warm-up: {one.ends()}"
        )
        for error in load.errors[:5]:
            print(f"  {error}")


if __name__ == "__main__":
    main()
