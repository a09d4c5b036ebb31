"""Streamlit servers to measure: started for a script, asked for their memory, stopped by pid."""

import contextlib
import os
import shutil
import tempfile
import tomllib
from pathlib import Path
from time import monotonic, sleep

from streamlit_server import ROOT, RunningServer, started

LAB = "Attention_lab"
EMPTY = 'import streamlit as st\nst.write("x")\n'
# Its visitors wait until it is warm, as ours do: Altair stumbles over a half-imported pandas.
TUNED = """import streamlit as st
from starlette.middleware import Middleware
from pages.server import lifespan as server
if __name__ == "__main__":
    st.write("x")
else:
    warm = Middleware(server.wait_until_warm)
    app = st.App(__file__, lifespan=server.lifespan, middleware=[warm])
"""
IMPORTS = "import altair\nimport pandas\nimport torch\n" + EMPTY
LOOKS = ("browser", "client", "theme")  # sections of our config.toml that change no speed


class Server(RunningServer):
    """A running server that says what it takes: `memory()`, `processor()`."""

    rest = 2.5  # seconds of it tell that it has warmed up; 0: that is not waited for

    def come_to_rest(self):
        """Wait until the server has warmed up, which it does while it answers already."""
        deadline = monotonic() + 120
        before, now = -1.0, self.processor()
        while now - before > 0.05:
            assert monotonic() < deadline, "the server did not come to rest"
            sleep(self.rest)
            before, now = now, self.processor()

    def processor(self):
        """Seconds of processor time that the server's own process took so far."""
        text = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """MB (PSS) of the server and of all its child processes."""
        return sum(pss(pid) for pid in family(self.pid))

    def resident(self):
        """MB (RSS) of the server's own process."""
        return rollup(self.pid, "Rss")

    def tracebacks(self):
        """How many exceptions the server's log has."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")


@contextlib.contextmanager
def serving(*options, script="dashboard.py", folder=ROOT, wait=True):
    """A Server for a script of a folder; wait: until it answers and has warmed up."""
    with started(*options, script=script, folder=folder, kind=Server) as server:
        if wait:
            server.wait_until_healthy()
            server.come_to_rest()
        yield server


@contextlib.contextmanager
def plain_page():
    """A folder with a page that imports what the lab imports and shows one letter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "empty.py").write_text(IMPORTS)
        shutil.copytree(ROOT / ".streamlit", Path(folder, ".streamlit"))
        yield Path(folder)


@contextlib.contextmanager
def at_defaults():
    """A copy of the checkout that Streamlit serves as it serves any script.

    config.toml keeps the sections on looks alone, so every option that affects speed has
    Streamlit's default; and dashboard.py is one line without `app`, so nothing of
    pages/server/lifespan.py runs: no warm-up, no setting of sockets or of the collector. The pages
    and core are ours, unchanged, caches included.
    """
    with copied() as folder:
        (folder / "dashboard.py").write_text(EMPTY)
        (folder / ".streamlit" / "config.toml").write_text(looks_alone())
        yield folder


@contextlib.contextmanager
def copied():
    """A folder with copies of core, pages and our settings."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("core", "pages", ".streamlit"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, Path(folder, part), ignore=ignored)
        yield Path(folder)


class House:
    """Gives the parts of the benchmark their servers: fresh ones, or, to save time, shared ones."""

    def __init__(self, share):
        self.share, self.stack, self.running = share, contextlib.ExitStack(), {}

    def lab(self):
        return self.give("lab", serving)

    def empty(self):
        return self.give("empty", serving_empty)

    @contextlib.contextmanager
    def give(self, name, serve):
        if not self.share:
            with serve() as server:
                yield server
            return
        if name not in self.running:
            self.running[name] = self.stack.enter_context(serve())
        yield self.running[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()


@contextlib.contextmanager
def serving_empty():
    """A Server of an empty page with all that makes the lab's server fast: settings, lifespan."""
    with copied() as folder:
        (folder / "empty.py").write_text(TUNED)
        with serving(script="empty.py", folder=folder) as server:
            yield server


def looks_alone():
    """Our config.toml without the sections that are not on looks, as text."""
    kept, lines = True, []
    for line in (ROOT / ".streamlit" / "config.toml").read_text().splitlines():
        if line.startswith("["):
            kept = line.strip("[] ").split(".")[0] in LOOKS
        if kept:
            lines.append(line)
    text = "\n".join(lines) + "\n"
    assert set(tomllib.loads(text)) <= set(LOOKS)
    return text


def family(pid):
    """A process id and those of all its descendants."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # gone in the meantime
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def rollup(pid, name):
    """MB of an entry of /proc/<pid>/smaps_rollup, 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return 0.0


def pss(pid):
    """MB of a process, shared pages divided among those that share them."""
    return rollup(pid, "Pss")


def available():
    """MB of memory that the machine can still give."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) / 1024
