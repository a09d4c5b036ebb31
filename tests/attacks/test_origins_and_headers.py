"""Other sites' pages knock, and browsers ask in all ways that HTTP has."""

import subprocess
import sys
from pathlib import Path

import pytest
import websockets
from coroutines import run
from websocket_visitor import connect, get, rerun

ROOT = Path(__file__).parents[2]
FOREIGN = ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "http://[::1",
           "http://localhost:99999999", "https://user@127.0.0.1:{port}", "ftp://127.0.0.1:{port}",
           "http://127.0.0.1:{port}.evil.example", ""]  # fmt: skip
ROUTES = [
    "/",
    "/Attention_lab",
    "/r",
    "/r/new",
    "/_stcore/health",
    "/_stcore/host-config",
    "/no/such/file.js",
]


async def status_of_websocket(address, **options):
    try:
        async with connect(address, **options) as socket:
            return 101, await rerun(socket)
    except websockets.InvalidStatus as error:
        return error.response.status_code, None


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_is_refused(attacked, origin):
    origin = origin.replace("{port}", attacked.address.rpartition(":")[2])
    status, _ = run(status_of_websocket(attacked.address, origin=origin))
    assert status == 403
    status, _, body = get(attacked.address + "/_stcore/host-config", Origin=origin)
    assert status == 403 and b"corsAllowedOrigins" in body


def test_the_servers_own_origin_is_let_in(attacked):
    status, messages = run(status_of_websocket(attacked.address, origin=attacked.address))
    assert status == 101 and messages
    assert get(attacked.address + "/", Origin=attacked.address)[0] == 200


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_answer_carries_the_security_headers(attacked, route, method):
    status, headers, _ = get(attacked.address + route, method)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["frame-ancestors"] == "'self'" and policy["object-src"] == "'none'"
    assert "http" not in headers["content-security-policy"], "no other host"
    assert "server" not in policy and status in (200, 404)


def test_a_hostile_host_does_not_get_into_the_policy(attacked):
    _, headers, _ = get(attacked.address + "/", Host="evil.example; script-src *")
    assert "evil" not in headers["content-security-policy"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("route", ["/_stcore/metrics", "/_stcore/agent/openapi.json",
                                   "/_stcore/script-health-check"])  # fmt: skip
def test_what_is_nobodys_business_is_not_there(attacked, route, method):
    assert get(attacked.address + route, method)[0] == 404


def script_of(address):
    page = get(address + "/Attention_lab")[2].decode()
    return "/static/js/index." + page.split("/static/js/index.")[1].split('"')[0]


def test_a_script_is_sent_as_http_says(attacked):
    url = attacked.address + script_of(attacked.address)
    answers = [get(url, Accept_Encoding="gzip;q=0") for _ in range(3)]
    for status, headers, body in answers:
        assert status == 200 and headers["content-encoding"] is None
        assert headers["vary"].lower() == "accept-encoding" and body == answers[0][2]
    whole = answers[0][2]
    status, headers, body = get(url, Range="bytes=0-99")
    assert (status, body) == (206, whole[:100])
    assert headers["content-range"] == f"bytes 0-99/{len(whole)}"
    assert get(url, Range="bytes=999999999-")[0] == 416
    status, headers, body = get(url, "HEAD")
    assert (status, body) == (200, b"") and int(headers["content-length"]) == len(whole)


def test_a_page_is_sent_whole_to_whoever_asks_for_a_part(attacked):
    url = attacked.address + "/State_dict"
    status, headers, page = get(url)
    assert get(url, Range="bytes=0-9")[::2] == (200, page)
    status, head, body = get(url, "HEAD")
    assert (status, body) == (200, b"") and head["content-length"] == headers["content-length"]
    assert int(headers["content-length"]) == len(page)


def test_gzip_is_not_sent_to_whoever_does_not_take_it(attacked):
    for accepted in ("gzip;q=0", "identity", "br"):
        for route in ROUTES:
            _, headers, _ = get(attacked.address + route, Accept_Encoding=accepted)
            assert headers["content-encoding"] is None


def test_a_start_without_an_address_asks_nobody(no_network):
    """What `streamlit run` prints about its addresses, on a machine without a screen."""
    variables, notes = no_network
    code = """
from streamlit import config
from streamlit.web import bootstrap
config._main_script_path = "dashboard.py"
bootstrap.load_config_options({"server.headless": True})
bootstrap._print_url(False)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=variables,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert "http://localhost:8501" in done.stdout, done.stderr
    assert notes.read_text() == ""
