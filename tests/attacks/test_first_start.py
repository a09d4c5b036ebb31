"""The README's start command in a fresh home, with a terminal: it starts, and asks nothing."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
from streamlit_server import free_port
from websocket_visitor import get

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")


def test_the_start_command_does_not_stop_at_a_question(tmp_path):
    import pty

    ours, terminal = pty.openpty()
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py"]
    # A screen is there, but no browser is opened on it; all else is as the README has it.
    command += ["--server.headless=false", "--server.address=127.0.0.1", f"--server.port={port}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal,
        env=environment | {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "BROWSER": "true"},
    )  # fmt: skip
    try:
        deadline = monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                assert get(f"http://127.0.0.1:{port}/_stcore/health")[0] == 200
                break
            assert process.poll() is None and monotonic() < deadline, os.read(ours, 10_000)
            sleep(0.1)
        said = os.read(ours, 10_000).decode()
        assert "Email" not in said and "localhost" in said
    finally:
        process.terminate()
        process.wait(20)
        os.close(ours)
        os.close(terminal)
