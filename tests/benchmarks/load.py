"""Load: many visitors at once, in a process of their own. Jobs come in as JSON, figures go out.

    echo '{"address": "http://127.0.0.1:8501", "kind": "learner", "sessions": 2}' | python load.py

A visitor of kind
- "looker" works in the lab with its results in sight: buffer toggle, device (cpu or sim);
- "learner" does too, and takes a new seed in every fifth action, so that all numbers are new;
- "guesser" keeps *Predict first* on: toggles, guesses, presses Run. Only the press shows charts, so
  only it is timed; the other two reruns happen, at the same pace, and are checked;
- "mixed": three lookers and a guesser, and so on; "renewing": three learners and a guesser;
- "toggler" toggles the buffer; "changer" toggles the buffer and takes a new seed in turn;
- "rerunner" asks for the same page again;
- "reader" goes from one failure case to the next and sees both outcomes; "answerer" guesses first,
  and only the press that shows them is timed; "reading": three readers and an answerer, and so on.
Every visitor has seeds of its own, so nobody gets another's cached result.
"""

import asyncio
import atexit
import contextlib
import json
import random
import select
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qsl, urlencode

from session import Session, Wrong

AT_ONCE = 4  # visits that open at the same time
IDLE = []  # processes that wait for a job
SEEING = ("looker", "learner", "toggler", "changer")  # the kinds that have the results in sight
SEEDING = ("learner", "changer")  # those that use the seed's control
# What most visitors of a mix are, and every fourth one.
MIXES = {
    "mixed": ("looker", "guesser"),
    "renewing": ("learner", "guesser"),
    "reading": ("reader", "answerer"),
}
READING = ("reader", "answerer")  # the kinds that are on the page of failure cases
GUESSES = ("it works", "a device error", "something else")


@dataclass(frozen=True)
class Job:
    """What a load is made of."""

    address: str
    kind: str = "learner"
    sessions: int = 1
    seconds: float = 10  # how long the visitors act
    pace: float = 0  # seconds from one action of a visitor to the next, or 0: as fast as possible
    page: str = "Attention_lab"
    query: str = "device=cpu"
    actions: int = 0  # of each visitor, after which it is over; 0: until the time is up
    leaves_after: int = 0  # actions after which a visitor closes the page and a new one comes
    hold: bool = False  # open the pages, do nothing, and wait for a line on stdin
    cases: list = field(default_factory=list)  # that readers go through, by their names in links
    first: int = 0  # number of the first visitor: two loads on one server take different ones


@dataclass
class Figures:
    """What came of it: seconds and bytes of each timed action, and when it ended (time.time)."""

    seconds: list = field(default_factory=list)
    bytes: list = field(default_factory=list)
    ended: list = field(default_factory=list)
    what: list = field(default_factory=list)  # the widget that each was done to
    opened: list = field(default_factory=list)  # seconds of each first run of a page
    actions: int = 0  # timed or not
    errors: list = field(default_factory=list)
    lasted: float = 0

    def by_widget(self):
        """Seconds of the actions on each widget: {"buffer": […], "device": […]}."""
        found = {}
        for name, seconds in zip(self.what, self.seconds, strict=True):
            found.setdefault(name, []).append(seconds)
        return found

    @property
    def rate(self):
        """Timed actions a second."""
        return len(self.seconds) / self.lasted


class Visitor:
    """A visitor with a number, who does what its kind does."""

    def __init__(self, job, number, figures):
        self.job, self.number, self.figures = job, number, figures
        self.kind = job.kind
        if self.kind in MIXES:
            self.kind = MIXES[self.kind][number % 4 == 3]
        self.seed = 1000 * (number + 1)
        self.session, self.expected = None, {}

    async def open(self):
        query = {}
        if self.kind in READING:
            query = {"case": self.job.cases[self.number % len(self.job.cases)]}
            query |= {"predict": "false"} if self.kind == "reader" else {}
        elif self.kind != "rerunner":
            query = dict(parse_qsl(self.job.query)) | {"seed": self.seed}
        if self.kind in SEEING:
            query["predict"] = "false"
        if self.kind in SEEDING:
            query["inputs"] = "true"
        self.session = Session(self.job.address)
        answer = await self.session.open(self.job.page, urlencode(query))
        self.figures.opened.append(answer.seconds)
        if self.kind in SEEING:
            if not answer.charts:
                answer = await self.session.wait_for_charts(1)
            self.look(answer)

    def look(self, answer):
        """Charts must be there, and the same number whenever the controls are the same."""
        state = {name: self.session.value(name) for name in ("buffer", "device")}
        least = 1
        if state["device"] == "cpu":  # nothing fails there: two heatmaps for each variant
            least = 2 if "compare=false" in self.job.query else 4
        expected = self.expected.setdefault(tuple(state.values()), answer.charts)
        if answer.charts < least or answer.charts != expected:
            raise Wrong(f"{answer.charts} charts at {state}")

    def both_outcomes(self):
        """A case's code, what it printed, and what its repair printed must be there."""
        blocks = sum(element.kind == "code" for element in self.session.elements.values())
        if blocks < 3:
            raise Wrong(f"{blocks} blocks of code at {self.session.query}")

    async def next_case(self):
        """Follow the link to the next case."""
        query = dict(parse_qsl(self.session.query))
        cases = self.job.cases
        after = cases[(cases.index(query["case"]) + 1) % len(cases)]
        kept = {name: value for name, value in query.items() if name == "predict"}
        self.session.query = urlencode(kept | {"case": after})
        return await self.session.rerun()

    async def guess(self):
        """Choose one of the answers."""
        return await self.session.choose("guess", random.choice(self.session.options("guess")))

    async def steps(self):
        """One round of actions; each is awaited by `act`."""
        session = self.session
        if self.kind == "reader":
            yield self.next_case, ()
        elif self.kind == "answerer":
            yield self.next_case, ()
            yield self.guess, ()
            yield session.press, ("Run it, and the fix",)
        elif self.kind == "rerunner":
            yield session.rerun, ()
        elif self.kind == "toggler":
            yield session.toggle, ("buffer",)
        elif self.kind == "changer":
            yield session.toggle, ("buffer",)
            yield session.set, ("seed", self.new_seed())
        elif self.kind in ("looker", "learner"):
            yield session.toggle, ("buffer",)
            yield session.choose, ("device", "sim")
            yield session.toggle, ("buffer",)
            yield session.choose, ("device", "cpu")
            if self.kind == "learner":
                yield session.set, ("seed", self.new_seed())
        else:
            for name, value in (("device", "sim"), ("buffer", None), ("device", "cpu")):
                if value is None:
                    yield session.toggle, (name,)
                elif session.value(name) != value:
                    yield session.choose, (name, value)
                yield session.choose, ("guess", random.choice(GUESSES))
                yield session.press, ("Run the forward pass",)

    def new_seed(self):
        self.seed += 1
        return self.seed

    async def act(self, action, arguments):
        answer = await action(*arguments)
        self.figures.actions += 1
        if self.kind in ("guesser", "answerer") and action != self.session.press:
            return  # no results yet
        if self.kind in READING:
            self.both_outcomes()
        elif not answer.charts and self.session.timers:  # a worker computes them
            later = await self.session.wait_for_charts(1)
            answer.seconds += later.seconds
            answer.bytes += later.bytes
            answer.charts = later.charts
        if self.kind != "rerunner" and self.kind not in READING:
            self.look(answer)
        self.figures.seconds.append(answer.seconds)
        self.figures.bytes.append(answer.bytes)
        self.figures.ended.append(time.time())
        self.figures.what.append(arguments[0] if arguments else "page")

    async def live(self, end):
        """Act until the time is up."""
        job, done = self.job, 0
        await asyncio.sleep(job.pace * random.random())  # visitors do not act in step
        while True:
            async for action, arguments in self.steps():
                began = time.monotonic()
                if began >= end() or (job.actions and done >= job.actions):
                    return
                await self.act(action, arguments)
                done += 1
                pause = began + job.pace * random.uniform(0.75, 1.25) - time.monotonic()
                if job.pace:
                    await asyncio.sleep(max(0, min(pause, end() - time.monotonic())))
            if job.leaves_after and done >= job.leaves_after:
                await self.session.close()
                done = 0
                await self.open()


async def carry_out(job, wait=None):
    """Open all pages, then let the visitors act (or hold); the Figures."""
    figures, doors = Figures(), asyncio.Semaphore(AT_ONCE)
    visitors = [Visitor(job, job.first + i, figures) for i in range(job.sessions)]

    @contextlib.asynccontextmanager
    async def noting():
        try:
            yield
        except Exception as error:
            figures.errors.append(f"{type(error).__name__}: {error}")

    async def enter(visitor):
        async with doors, noting():
            await visitor.open()
            return visitor

    entered = await asyncio.gather(*(enter(visitor) for visitor in visitors))
    visitors = [visitor for visitor in entered if visitor]
    start = time.monotonic()
    if job.hold:
        await wait()
    else:

        async def live(visitor):
            async with noting():
                await visitor.live(lambda: start + job.seconds)

        await asyncio.gather(*(live(visitor) for visitor in visitors))
    figures.lasted = time.monotonic() - start
    for visitor in visitors:
        with contextlib.suppress(Exception):
            await visitor.session.close()
    return figures


class Load:
    """A Job that another process carries out: begun at once, asked for its Figures later.

    Such a process takes one job after another, so that its imports are paid for once.
    """

    def __init__(self, address, kind="learner", **rest):
        self.job = Job(address, kind, **rest)
        self.process = IDLE.pop() if IDLE else start()
        self.say(json.dumps(asdict(self.job)))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator failed; its message stands above")
        return json.loads(line)

    def opened(self):
        """Wait until the pages of a job that holds are open."""
        assert self.hear() == "open"

    def over(self):
        """Whether the figures are there, or the process is gone."""
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def figures(self):
        """Wait for the end (of a job that holds: end it) and return the Figures."""
        if self.job.hold:
            self.say("end")
        figures = Figures(**self.hear())
        IDLE.append(self.process)
        self.process = None
        return figures

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:  # its figures were never fetched
            self.process.kill()
            self.process.wait()


def start():
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True)
    atexit.register(process.kill)
    return process


def load(address, kind="learner", **rest):
    """Carry a Job out in another process and return its Figures."""
    with Load(address, kind, **rest) as running:
        return running.figures()


def main():
    async def wait():
        print('"open"', flush=True)
        await asyncio.to_thread(sys.stdin.readline)

    while line := sys.stdin.readline():
        print(json.dumps(asdict(asyncio.run(carry_out(Job(**json.loads(line)), wait)))), flush=True)


if __name__ == "__main__":
    main()
