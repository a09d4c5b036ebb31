"""The parts of the benchmark. Each measures both sides of its ratios in one run and gives Rows."""

from dataclasses import dataclass
from statistics import median
from time import sleep

import bench_follow
import bench_rooms
import bench_simulated_device
import forward
import kernels
from chromium import launched
from clicks import lab_link
from clicks import measure as measure_clicks
from figures import Row, number, p50, p95, spread
from load import Load, load
from picture import PAGES, cold, serving_bare, window
from picture import measure as measure_pictures
from servers import at_defaults, serving
from soak import soak as measure_soak
from startup import starts, visits

from core.cases.catalogue import CASES


@dataclass(frozen=True)
class Size:
    """How much of everything; seconds unless said otherwise."""

    long: int = 1024  # tokens
    heavy: int = 4096  # tokens
    lengths: tuple = (1, 6, 8, 16, 24, 32, 48, 64, 65, 100, 128, 256, 512, 1024, 2048, 4096)
    clicks: int = 10  # rounds
    turns: int = 4  # in which two sides alternate
    turn: float = 12
    room: int = 100  # sessions
    crowd: int = 8  # sessions that act as fast as they can
    pace: float = 4
    paced: float = 60
    single: int = 40  # actions
    held: int = 500  # sessions
    learners: int = 50
    starts: int = 5  # rounds
    visits: int = 8  # rounds
    soak: float = 20  # minutes
    soakers: int = 50  # sessions on each of two servers
    collection: tuple = ("off", "on")  # after each run, on a server each
    sample: float = 10
    leaves_after: int = 40  # actions
    forwards: int = 60
    pages: int = len(PAGES)  # that are clicked on
    warm_up: int = 1  # rounds of clicks and visits that are not counted
    room_learners: int = 500
    room_streams: int = 2000
    followers: int = 100  # with the lab open
    room_questions: int = 3
    room_idle: float = 20
    room_processes: tuple = (1, 2, 4)
    room_attempts: int = 8  # answers of each learner, as fast as they come
    burst: float = 2  # in which a room's learners answer
    follow: float = 6  # a light session beside followers
    rest: float = 2.5  # in which a server that has warmed up takes no processor time
    share: bool = False  # one server for several parts


SHORT = Size(
    long=64, heavy=64, lengths=(1, 64), clicks=1, turns=1, turn=0.5, room=3, crowd=2, pace=0.2,
    paced=1, single=4, held=3, learners=1, starts=1, visits=1, soak=0.05, soakers=2,
    room_learners=6, room_streams=9, room_questions=1, room_idle=0.2, room_processes=(1, 2),
    followers=4, room_attempts=2, burst=0.5, follow=1.5, rest=0,
    collection=("on",), sample=0.2, leaves_after=3, forwards=3, pages=1, warm_up=0, share=True,
)  # fmt: skip


def faults(*servers, loads=()):
    """How much went wrong: exceptions in servers' logs and errors that visitors met."""
    for one in loads:
        for error in one.errors[:3]:
            print(f"  error: {error}")
    return sum(s.tracebacks() for s in servers) + sum(len(one.errors) for one in loads)


def length(size, house):
    """Item 1: an interaction at T=1024 against T=6, and what it sends."""
    with house.lab() as server, launched() as browser:
        found = measure_clicks(browser, server.address, (6, size.long), size.clicks, size.warm_up)
        sent = {}
        loads = [
            load(server.address, "changer", query=lab_link(tokens), actions=4, seconds=120)
            for tokens in size.lengths
        ]
        for tokens, one in zip(size.lengths, loads, strict=True):
            sent[tokens] = max(one.bytes, default=float("nan"))
        errors = faults(server, loads=loads)
    rows = []
    for kind, name in (("toggle", "the buffer toggle"), ("seed", "a new seed, all numbers new")):
        short, long = found[kind, 6].seconds, found[kind, size.long].seconds
        rows.append(
            Row(
                f"Length: click to drawn heatmaps in Chromium, {name}, T={size.long} against T=6",
                "at most 3 ×",
                3,
                p50(long) / p50(short),
                f"T=6: {spread(short)}; T={size.long}: {spread(long)}",
                errors=errors,
            )
        )
    at_six = max(found["toggle", 6].bytes + found["seed", 6].bytes)
    at_long = max(found["toggle", size.long].bytes + found["seed", size.long].bytes)
    rows.append(
        Row("Payload of an interaction at T=6, in Chromium", "under 60 kB", 60, at_six / 1e3,
            "the largest of all clicks", "kB")
    )  # fmt: skip
    most = max(sent, key=sent.get)
    figures = f"in Chromium at T={size.long}: {at_long / 1e3:.0f} kB; by length: " + ", ".join(
        f"{tokens}: {bytes / 1e3:.0f} kB" for tokens, bytes in sent.items()
    )
    rows.append(
        Row(f"Largest payload of an interaction at any T, here T={most}", "under 1.5 MB", 1.5,
            max(sent[most], at_long) / 1e6, figures, "MB", errors=errors)
    )  # fmt: skip
    return rows


def learner(size, house):
    """Item 2: a toggle's server time against the rerun of an empty script, same settings."""
    toggles, reruns = [], []
    with house.lab() as lab, house.empty() as empty:
        for _ in range(size.turns):
            toggles.append(load(lab.address, "toggler", actions=size.single, seconds=120))
            reruns.append(
                load(empty.address, "rerunner", page="", actions=size.single, seconds=120)
            )
        errors = faults(lab, empty, loads=toggles + reruns)
    lab, empty = ([s for one in side for s in one.seconds] for side in (toggles, reruns))
    return [
        Row(
            "One learner: server time of a toggle at T=6 against an empty script's rerun on a "
            "server with the same settings and lifespan",
            "at most 8 ×",
            8,
            p50(lab) / p50(empty),
            f"toggle: {spread(lab)}; empty: {spread(empty)}",
            errors=errors,
        )
    ]


def crowd(size, house):
    """Item 3, first half: actions a second, closed loop, against Streamlit's defaults."""
    ours, theirs = [], []
    with house.lab() as tuned, at_defaults() as folder, serving(folder=folder) as default:
        for _ in range(size.turns):
            for server, found in ((tuned, ours), (default, theirs)):
                found.append(
                    load(server.address, "learner", sessions=size.crowd, seconds=size.turn)
                )
        errors = faults(tuned, default, loads=ours + theirs)
    fast, slow = (median(one.rate for one in side) for side in (ours, theirs))
    return [
        Row(
            f"Room: actions a second, {size.crowd} sessions in a closed loop, against the same "
            "page at Streamlit's default settings",
            "at least 8 ×",
            8,
            fast / slow,
            f"{number(fast)} against {number(slow)} a second",
            at_least=True,
            errors=errors,
        )
    ]


def in_a_room(size, address, kind, **page):
    """(one visitor's Figures of each kind of the mix, those of all who act at a human pace)."""
    alone = []
    for first in (0, 3):  # who sees results; who guesses, of whose actions each third is timed
        by_one = {"first": first, "actions": size.single * 3 // 4, "pace": 0.3}
        alone.append(load(address, kind, **page, **by_one, seconds=120))
    return alone, load(address, kind, **page, **at_a_pace(size), first=8)


def at_a_pace(size):
    """How many act together, and how fast."""
    return {"sessions": size.room, "pace": size.pace, "seconds": size.paced}


def room_rows(about, alone, many, figures, more, errors):
    """The two rows of a room, against the p50 of one session."""
    one = [seconds for load in alone for seconds in load.seconds]
    figures = f"one session: {spread(one)}; {figures}"
    return [
        Row(f"Room: p50 of {about}, against the p50 of one", "at most 2 ×", 2,
            p50(many.seconds) / p50(one), figures, errors=errors),
        Row(f"Room: p95 of {about}, against the p50 of one", "at most 5 ×", 5,
            p95(many.seconds) / p50(one), more, errors=errors),
    ]  # fmt: skip


def room(size, house):
    """Item 3: a hundred sessions at a human pace against one, and what held sessions cost."""
    with house.lab() as server:
        alone, many = in_a_room(size, server.address, "mixed")
        harder = load(server.address, "renewing", **at_a_pace(size), first=8 + size.room)
        errors = faults(server, loads=[*alone, many, harder])
    figures = (
        f"{size.room} sessions: {spread(many.seconds)}, "
        f"{many.actions} actions, {number(len(many.seconds) / many.lasted)} timed a second; "
        "p50 by control: "
        + ", ".join(f"{k} {p50(v) * 1000:.1f} ms" for k, v in many.by_widget().items())
    )
    seeds = f"with a new seed in every fifth action: {spread(harder.seconds)}"
    about = f"{size.room} sessions acting every {size.pace:g} s"
    return room_rows(about, alone, many, figures, f"the same run; {seeds}", errors)


def cases(size, house):
    """The room of item 3, on the page of failure cases: a hundred who read, guess and run."""
    fast = [slug for slug, case in CASES.items() if not case.slow]
    page = {"page": "Failure_cases", "query": "", "cases": fast}
    with house.lab() as server:
        load(server.address, "reading", **page, actions=len(fast), seconds=120)  # each case once
        alone, many = in_a_room(size, server.address, "reading", **page)
        errors = faults(server, loads=[*alone, many])
    figures = f"{size.room} sessions: {spread(many.seconds)}, {many.actions} actions"
    about = f"{size.room} sessions on failure cases, acting every {size.pace:g} s"
    return room_rows(about, alone, many, figures, "the same run", errors)


def held(size, house):
    """Item 3: memory of sessions that are open and idle."""
    with house.lab() as server:
        loads = [load(server.address, "learner", sessions=2, actions=5, seconds=60)]
        before = server.memory()
        with Load(server.address, sessions=size.held, hold=True, first=8) as holding:
            holding.opened()
            sleep(min(5, size.turn))
            after = server.memory()
            loads.append(holding.figures())
        errors = faults(server, loads=loads)
    each = (after - before) / size.held
    return [
        Row(f"Room: memory of each of {size.held} sessions held open on the lab", "under 0.5 MB",
            0.5, each, f"PSS {before:.0f} → {after:.0f} MB", "MB", errors=errors)
    ]  # fmt: skip


def soak(size, house):
    """Item 3: memory over time."""
    rows = []
    found = measure_soak(
        size.soak,
        size.soakers,
        size.pace,
        size.sample,
        leaves_after=size.leaves_after,
        names=size.collection,
    )
    for name, one in found.items():
        load = one.figures
        rows.append(
            Row(
                f"Soak of {size.soak:g} minutes, {size.soakers} sessions, collection after each "
                f"run {name}: growth after the warm-up",
                "flat: within 5 %",
                5,
                one.growth(),
                f"{one.ends()}, {one.slope():+.2f} MB (RSS) per 1,000 actions, "
                f"{load.actions:,} actions",
                "%",
                errors=len(load.errors) + one.tracebacks,
            )
        )
        for error in load.errors[:3]:
            print(f"  error: {error}")
    return rows


def jupyter(size, house):
    """Item 4: one Jupyter kernel a learner, against one server for all."""
    learners = kernels.that_fit(size.learners)
    if not learners:
        raise MemoryError("there is no memory for a single kernel")
    theirs = kernels.measure(learners, size.paced, size.pace)
    with house.lab() as server:
        ours = load(
            server.address,
            "changer",
            query="device=cpu&compare=false",
            sessions=learners,
            pace=size.pace,
            seconds=size.paced,
        )
        memory = server.memory()
        errors = faults(server, loads=[ours, theirs])
    fewer = "" if learners == size.learners else f" ({size.learners} do not fit in memory)"
    about = f"{learners} learners{fewer}, each with a Jupyter kernel"
    return [
        Row(f"Memory (PSS) of {about}, against one Buffer Lab", "at least 20 ×", 20,
            theirs.memory / memory, f"{theirs.memory:.0f} against {memory:.0f} MB",
            at_least=True, errors=errors),
        Row(f"p50 of {about}, against one Buffer Lab", "at least 50 ×", 50,
            p50(theirs.seconds) / p50(ours.seconds),
            f"kernels: {spread(theirs.seconds)}; lab: {spread(ours.seconds)}",
            at_least=True, errors=errors),
    ]  # fmt: skip


def picture(size, house):
    """Click to picture on every page against a bare page, messages, first bytes, far windows."""
    with house.lab() as server, serving_bare() as bare, launched() as browser:
        found = measure_pictures(
            browser, server.address, bare.address, size.clicks, size.warm_up, size.pages
        )
        with house.empty() as empty:
            asked, nothing = cold(browser, server.address, empty.address, size.visits, size.warm_up)
        near, far = (
            window(browser, server.address, tokens, size.clicks)
            for tokens in (size.long, size.heavy)
        )
        errors = faults(server, bare)
    base = found.pop("bare").seconds
    rows = [
        Row(
            f"Click to picture in Chromium: {name}, against a bare page with a toggle and a chart",
            f"at most {1.4 if name == 'the lab, T=6' else 2} ×",
            1.4 if name == "the lab, T=6" else 2,
            p50(one.seconds) / p50(base),
            f"{spread(one.seconds)}; bare: {spread(base)}; {p50(one.messages):.0f} messages, "
            f"{p50(one.bytes) / 1e3:.0f} kB",
            errors=errors,
        )
        for name, one in found.items()
    ]
    toggled = found["the lab, T=6"]
    return [
        *rows,
        Row("Messages of a toggle in the lab at T=6", "at most 25", 25, p50(toggled.messages),
            "websocket frames that the page received", ""),
        Row("First visit of the lab, cold, until its question can be answered, against an empty "
            "page", "at most 1.5 ×", 1.5, p50(asked.seconds) / p50(nothing.seconds),
            f"{spread(asked.seconds)}; empty: {spread(nothing.seconds)}"),
        Row("Bytes on the wire of such a visit", "–", None, asked.bytes / 1e6,
            f"{asked.requests} requests; empty: {nothing.bytes / 1e6:.2f} MB, {nothing.requests} "
            "requests", "MB"),
        Row(f"Another window at T={size.heavy} against T={size.long}", "under 5 ×", 5,
            p50(far) / p50(near), f"T={size.heavy}: {spread(far)}; T={size.long}: {spread(near)}"),
    ]  # fmt: skip


def heavy(size, house):
    """Item 5: a light session while two heavy ones run."""
    quiet, busy, weights = [], [], []
    with house.lab() as server:
        for turn in range(size.turns):
            light = {"pace": 0.2, "seconds": size.turn, "first": 10 * turn}
            quiet.append(load(server.address, "learner", **light))
            with Load(
                server.address,
                "changer",
                sessions=2,
                query=lab_link(size.heavy),
                seconds=1.5 * size.turn,
                first=10 * turn + 2,
            ) as weight:
                sleep(min(3, size.turn))  # their first runs are under way
                busy.append(load(server.address, "learner", **light | {"first": 10 * turn + 1}))
                weights.append(weight.figures())
        errors = faults(server, loads=quiet + busy + weights)
    alone, beside = ([s for one in side for s in one.seconds] for side in (quiet, busy))
    heavies = [s for one in weights for s in one.seconds + one.opened]
    return [
        Row(
            f"A light session's p95 while two heavy ones (T={size.heavy}) run, against its p95 "
            "alone",
            "at most 2 ×",
            2,
            p95(beside) / p95(alone),
            f"alone: {spread(alone)}; beside: {spread(beside)}; the heavy ones: {spread(heavies)}",
            errors=errors,
        )
    ]


def start(size, house):
    """Item 6: from `streamlit run` to the first page, and later first visits."""
    with launched() as browser:
        lab, bare = starts(browser, size.starts)
        with house.lab() as server, house.empty() as empty:
            seen, plain = visits(browser, server.address, empty.address, size.visits, size.warm_up)
    return [
        Row(
            "Start: from `streamlit run` to the first complete lab page in Chromium, against an "
            "empty page with the same imports",
            "at most 1.5 ×",
            1.5,
            median(lab) / median(bare),
            f"medians: {median(lab):.2f} s against {median(bare):.2f} s",
        ),
        Row(
            "Later first visits (new browser, running server), against an empty page",
            "under 2 ×",
            2,
            median(seen) / median(plain),
            f"medians: {median(seen):.2f} s against {median(plain):.2f} s",
        ),
    ]


def traced(size, house):
    """Item 7: the traced forward against the plain one."""
    found = forward.measure(size.long, size.forwards)
    return [
        Row(
            f"The traced forward at T={size.long}, against the plain module's",
            "at most 1.5 ×",
            1.5,
            p50(found["traced"]) / p50(found["plain"]),
            f"traced: {spread(found['traced'])}; plain: {spread(found['plain'])}",
        )
    ]


def sim(size, house):
    """What registering the simulated device costs the CPU."""
    found = bench_simulated_device.measure(size.forwards)
    ratios = [r / p for r, p in zip(found["registered"], found["plain"], strict=True)]
    return [
        Row("A forward on the CPU with `sim` registered, against without", "no more than 1.1 ×",
            1.1, median(ratios),
            f"{median(found['registered']) * 1e6:.0f} against "
            f"{median(found['plain']) * 1e6:.0f} µs")
    ]  # fmt: skip


def rooms(size, house):
    """Workshop rooms: a whole workshop on one process, several processes, and deaths."""
    rows = bench_rooms.one_process(size, house) + bench_follow.following(size, house)
    return rows + bench_rooms.one_file(size) + bench_rooms.failures(size)


PARTS = {
    part.__name__: part
    for part in (
        soak,
        length,
        picture,
        learner,
        crowd,
        room,
        cases,
        held,
        jupyter,
        heavy,
        start,
        traced,
        sim,
        rooms,
    )
}
