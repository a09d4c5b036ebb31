"""Several processes of Buffer Lab behind a real nginx, as .deploy has it."""

import contextlib
import subprocess
from time import monotonic, sleep

from redis_server import program
from streamlit_server import ROOT, RunningServer, free_port, started

MAIN = """daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  include {folder}/site.conf;
}}
"""


@contextlib.contextmanager
def nginx(folder, ports):
    """The address of an nginx with the site that .deploy has, for servers on these ports."""
    port = free_port()
    lines = []
    for line in (ROOT / ".deploy" / "nginx.conf").read_text("utf-8").splitlines():
        if line.strip() == "listen 80;":
            line = f"listen 127.0.0.1:{port};"
        if line.strip().startswith("server 127.0.0.1:"):
            if ":8501" not in line:
                continue
            line = "\n".join(line.replace("8501", str(one)) for one in ports)
        lines.append(line)
    (folder / "site.conf").write_text("\n".join(lines))
    (folder / "main.conf").write_text(MAIN.format(folder=folder))
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "main.conf")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        deadline = monotonic() + 10
        while process.poll() is None and not (folder / "pid").exists():
            assert monotonic() < deadline
            sleep(0.02)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def several(number, where, kind=RunningServer):
    """So many servers with their rooms in one place; they answer."""
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(started(variables={"BUFFERLAB_ROOMS": str(where)}, kind=kind))
            for _ in range(number)
        ]
        for server in servers:
            server.wait_until_healthy()
        yield servers


@contextlib.contextmanager
def rooms_at(where):
    """The rooms of that place, for this process."""
    from core.rooms.rooms import Rooms, open_store

    store = open_store(str(where))
    with contextlib.closing(store):
        yield Rooms(store)


def port_of(server):
    return int(server.address.rpartition(":")[2])
