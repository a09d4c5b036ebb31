"""150 visitors where 256 open files are allowed: who finds no place hears so, and nothing ends."""

import asyncio
import contextlib
import sys
from time import monotonic, sleep

import pytest
import websockets
from coroutines import run
from streamlit_server import started
from websocket_visitor import connect, get, rerun

VISITORS = 150
LIMIT = ["bash", "-c", 'ulimit -n 256; exec "$@"', "--"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")


async def visit_all(address):
    """How many got in, the status that the others got, and what the server said meanwhile."""
    async with contextlib.AsyncExitStack() as sockets:
        inside, refused = [], []
        for _ in range(VISITORS):
            try:
                inside.append(await sockets.enter_async_context(connect(address)))
            except websockets.InvalidStatus as error:
                refused.append(error.response.status_code)
        page = await asyncio.to_thread(get, f"{address}/Attention_lab")
        health = await asyncio.to_thread(get, f"{address}/_stcore/health")
        ran = await rerun(inside[0])
        return len(inside), refused, page, health, ran


def wait_until_place(address):
    deadline = monotonic() + 60
    while get(f"{address}/_stcore/health")[0] != 200:
        assert monotonic() < deadline, "there is no place again after all have left"
        sleep(0.2)


def test_a_full_server_says_so_and_goes_on():
    with started("--server.disconnectedSessionTTL=1", prefix=LIMIT) as server:
        server.wait_until_healthy()
        inside, refused, page, health, ran = run(visit_all(server.address))
        wait_until_place(server.address)
        log = server.log.read_text()
        assert inside > 20 and inside + len(refused) == VISITORS
        assert set(refused) == {503}
        status, headers, body = page
        assert status == 503 and headers["retry-after"] == "60"
        assert b"<h1>This server is full</h1>" in body and b"Please try again" in body
        assert health[0] == 503, "whoever asks for it hears the truth"
        assert ran, "those inside go on"
        assert "Traceback" not in log and "Too many open files" not in log
