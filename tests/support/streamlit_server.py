"""A Streamlit server for tests and benchmarks: on this machine only, stopped by its own pid."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # to start, at most


def free_port():
    """A port of this machine that nobody listens on, below those that connections get, so that
    none takes it before the server does."""
    while True:
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", secrets.choice(range(10_000, 32_000))))
            return listener.getsockname()[1]


class RunningServer:
    """A server that was started: `address`, `pid`, `log` (a path)."""

    def __init__(self, process, port, log):
        self.process, self.log = process, log
        self.pid, self.address = process.pid, f"http://127.0.0.1:{port}"

    def healthy(self):
        """Whether it answers. Raises RuntimeError with the end of its log where it ended."""
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=5).close()
            return True
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended:\n{self.log.read_text()[-2000:]}")
        return False

    def wait_until_healthy(self):
        deadline = monotonic() + SECONDS
        while not self.healthy():
            assert monotonic() < deadline, "the server did not start"
            sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def started(
    *options,
    script="dashboard.py",
    folder=ROOT,
    kind=RunningServer,
    port=None,
    prefix=(),
    variables=None,
):
    """A server for a script of a folder, with options for `streamlit run`; it may not answer yet.

    kind: RunningServer or a subclass. It gets no STREAMLIT_ variable of ours, but these variables.
    prefix: a command that runs the one that follows it; port: a free one without it.
    """
    port = port or free_port()
    command = [*prefix, sys.executable, "-m", "streamlit", "run", script]
    command += ["--server.headless=true", "--server.address=127.0.0.1"]
    command += [f"--server.port={port}", *options]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    with tempfile.TemporaryDirectory() as logs:
        log = Path(logs, "log")
        environment["BUFFERLAB_ROOMS"] = str(Path(logs, "rooms.sqlite3"))
        environment |= variables or {}
        with log.open("w") as file:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=file, stderr=file
            )
        server = kind(process, port, log)
        try:
            yield server
        finally:
            server.stop()
