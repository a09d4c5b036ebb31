"""A Redis of a test's own: on this machine only, stopped by its own pid."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from time import monotonic, sleep

import pytest
from streamlit_server import free_port


def program(name):
    """The path of a server's program; without one the test is skipped, and fails in CI."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None and os.environ.get("CI") == "true" and sys.platform == "linux":
        pytest.fail(f"{name} is not installed, and CI has to run this")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


class RunningRedis:
    """A Redis that keeps what it has on a disk: `address`, `kill()` and `start()` again."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        command = [program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", str(self.folder), "--save", "", "--appendonly", "yes"]
        command += ["--appendfsync", "everysec", "--daemonize", "no", "--loglevel", "warning"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = monotonic() + 20
        while not self.answers():
            assert monotonic() < deadline and self.process.poll() is None
            sleep(0.02)

    def answers(self):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 2) as c,
        ):
            c.sendall(b"PING\r\n")
            return c.recv(5) == b"+PONG"
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running_redis(folder):
    server = RunningRedis(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
