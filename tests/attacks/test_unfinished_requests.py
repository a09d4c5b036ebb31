"""Requests that never end, and how long the server waits for them."""

import socket
from urllib.parse import urlsplit

from websocket_visitor import get

SECONDS = 30  # much more than the two that the server was told to wait
PAGE = b"GET /Attention_lab HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def connection(attacked):
    parts = urlsplit(attacked.address)
    return socket.create_connection((parts.hostname, parts.port), timeout=SECONDS)


def all_that_comes(sock):
    pieces = []
    while piece := sock.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def ask_for_health(sock):
    """What comes up to the end of the answer to a whole request; the connection stays."""
    sock.sendall(b"GET /_stcore/health HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = b""
    while not answer.endswith(b"ok"):
        piece = sock.recv(65_536)
        assert piece, answer
        answer += piece
    return answer


def test_a_request_without_its_end_is_given_up(attacked):
    begun = {
        "nothing": b"",
        "one letter": b"G",
        "no end": PAGE,
        "much and no end": PAGE + b"X: " + b"a" * 800_000,
    }
    socks = {name: connection(attacked) for name in begun}
    for name, sock in socks.items():
        sock.sendall(begun[name])
    for name, sock in socks.items():
        with sock:
            assert b"408 Request Timeout" in all_that_comes(sock), name


def test_a_second_request_without_its_end_is_given_up(attacked):
    with connection(attacked) as sock:
        ask_for_health(sock)
        sock.sendall(PAGE)
        assert b"408 Request Timeout" in all_that_comes(sock)


def test_150_of_them_at_once(attacked):
    socks = [connection(attacked) for _ in range(150)]
    try:
        for sock in socks:
            sock.sendall(PAGE)
        assert get(attacked.address + "/Attention_lab")[0] == 200, "others are answered meanwhile"
        assert all(b"408" in all_that_comes(sock) for sock in socks)
    finally:
        for sock in socks:
            sock.close()


def test_a_body_without_its_end_is_given_up(attacked):
    with connection(attacked) as sock:
        sock.sendall(b"PUT /_stcore/upload_file/x/y HTTP/1.1\r\nHost: a\r\n"
                     b"Content-Length: 1000000\r\n\r\nabc")  # fmt: skip
        all_that_comes(sock)  # an answer or none; but the end of the connection


def test_who_is_slow_but_comes_to_the_end_is_answered(attacked):
    with connection(attacked) as sock:
        for piece in (PAGE[:10], PAGE[10:], b"Connection: close\r\n\r\n"):
            sock.sendall(piece)
        assert all_that_comes(sock).startswith(b"HTTP/1.1 200")


def test_a_second_request_on_a_connection_has_its_own_time(attacked):
    with connection(attacked) as sock:
        for _ in range(3):
            assert ask_for_health(sock).startswith(b"HTTP/1.1 200")


def test_headers_without_bound_are_refused_before_their_end(attacked):
    with connection(attacked) as sock:
        sock.sendall(PAGE + b"X: " + b"a" * 1_100_000)
        assert all_that_comes(sock).startswith(b"HTTP/1.1 431 ")


def test_empty_lines_do_not_keep_a_connection(attacked):
    with connection(attacked) as sock:
        ask_for_health(sock)
        sock.sendall(b"\r\n")
        assert b"408 Request Timeout" in all_that_comes(sock)


def test_a_body_that_was_refused_is_read_to_its_end_and_the_connection_goes_on(attacked):
    with connection(attacked) as sock:
        sock.sendall(b"POST /r/AAAAAA/answer HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n"
                     b"Content-Length: 3000000\r\n\r\n" + b"a" * 5_000)  # fmt: skip
        assert sock.recv(65_536).startswith(b"HTTP/1.1 413 ")
        sock.sendall(b"a" * 2_995_000)
        answers = ask_for_health(sock)
        assert b"HTTP/1.1 431 " not in answers and b"HTTP/1.1 200 " in answers
