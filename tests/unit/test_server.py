"""What the server does before its first visitor."""

import gc
import socket

import torch

from pages.shared import server


def test_connections_of_a_listening_socket_send_at_once():
    with socket.socket(socket.AF_INET) as listener:  # made as Streamlit makes it
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server.send_at_once()
        with socket.create_connection(listener.getsockname()):
            connection, _ = listener.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_socket_that_does_not_listen_is_left_alone():
    with socket.socket(socket.AF_INET) as other:
        server.send_at_once()
        assert not other.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_warming_up_leaves_one_thread_to_pytorch_and_all_random_numbers_alone():
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    thresholds = gc.get_threshold()
    try:
        server.warm_up()
        assert torch.get_num_threads() == 1
        assert torch.equal(torch.random.get_rng_state(), state)
    finally:
        torch.set_num_threads(threads)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
