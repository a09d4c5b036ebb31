"""Uploads: where they are kept, and how much of them."""

import asyncio
import contextlib
import http.client
import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from coroutines import run
from websocket_visitor import connect, get, rerun

MB = 2**20
COOKIE = "_streamlit_xsrf"


def session_ids(messages):
    return [m.new_session.initialize.session_id for m in messages if m.HasField("new_session")]


def put(attacked, session, name, size, chunked=False, while_it_waits=None):
    """(status, text) of an upload, in chunks where something is to happen before the last one."""
    _, headers, _ = get(attacked.address + "/_stcore/health")
    token = re.search(f"{COOKIE}=([^;]*)", headers["set-cookie"])[1]
    head = (b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.pt"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n")  # fmt: skip
    parts = [head, *[bytes(MB)] * (size // MB), bytes(size % MB), b"\r\n--b--\r\n"]
    target = urlsplit(attacked.address)
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
    asked = {"Content-Type": "multipart/form-data; boundary=b", "X-Xsrftoken": token,
             "Cookie": f"{COOKIE}={token}"}  # fmt: skip

    def in_chunks():
        yield from parts[:-1]
        if while_it_waits:
            while_it_waits()
        yield parts[-1]

    chunked = chunked or bool(while_it_waits)
    body = in_chunks() if chunked else b"".join(parts)
    try:
        connection.request("PUT", f"/_stcore/upload_file/{session}/{name}", body, asked,
                           encode_chunked=chunked)  # fmt: skip
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (BrokenPipeError, ConnectionResetError):
        return 413, "hung up on"
    finally:
        connection.close()


def in_sessions(attacked, count, play):
    """Play with the ids of so many open sessions."""

    async def play_all():
        sockets = [await connect(attacked.address) for _ in range(count)]
        ids = [session_ids(await rerun(socket))[0] for socket in sockets]
        try:
            return await asyncio.to_thread(play, ids)
        finally:
            for socket in sockets:
                await socket.close()

    return run(play_all())


@pytest.mark.parametrize("chunked", [False, True])
def test_sessions_addresses_and_all_have_their_bounds(attacked, chunked):
    def play(ids):
        one, two = ids
        found = [put(attacked, one, "a", 6 * MB, chunked), put(attacked, one, "b", 6 * MB, chunked)]
        found += [
            put(attacked, two, "a", 5 * MB, chunked),
            put(attacked, two, "b", 2 * MB, chunked),
        ]
        for session in ids:
            for name in "ab":
                delete(attacked, session, name)
        return found

    statuses = in_sessions(attacked, 2, play)
    assert [status for status, _ in statuses] == [204, 413, 204, 413]
    assert statuses[1][1] == (
        "There is no room for this file: your uploads on this page may hold 8 MB at a time, "
        f"and hold {8 if chunked else 6} MB. Remove a file, or try again later."
    )
    assert "uploads from your network address may hold 12 MB" in statuses[3][1]


def delete(attacked, session, name):
    _, headers, _ = get(attacked.address + "/_stcore/health")
    token = re.search(f"{COOKIE}=([^;]*)", headers["set-cookie"])[1]
    url = f"{attacked.address}/_stcore/upload_file/{session}/{name}"
    assert get(url, "DELETE", X_Xsrftoken=token, Cookie=f"{COOKIE}={token}")[0] == 204


def test_empty_files_are_counted_too(attacked):
    def play(ids):
        last = 0
        for number in range(300):
            last, _ = put(attacked, ids[0], str(number), 0)
            if last == 413:
                break
        for name in range(number):
            delete(attacked, ids[0], str(name))
        return last

    assert in_sessions(attacked, 1, play) == 413


def open_files(pid):
    """What the descriptors of a process lead to, but for those that were closed in the meantime."""
    found = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(one))
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads Linux's list of open files")
def test_an_upload_is_not_written_to_disk(attacked):
    def play(ids):
        seen = []

        def look():
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline:
                seen.extend(open_files(attacked.pid))
                time.sleep(0.02)

        status, _ = put(attacked, ids[0], "a", 7 * MB, while_it_waits=look)
        delete(attacked, ids[0], "a")
        return status, seen

    status, seen = in_sessions(attacked, 1, play)
    assert status == 204
    # a temporary file without a name, as starlette opens one
    assert seen and [name for name in seen if "(deleted)" in name] == []
