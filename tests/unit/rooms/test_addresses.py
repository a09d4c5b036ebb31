"""Which address phones are told of."""

import pytest

from pages.rooms import addresses
from pages.rooms.addresses import join_address, server_addresses, way_out

NETWORKS = ["172.17.0.1", "192.168.1.20", "10.8.0.3"]  # as of containers, of the room, of a tunnel


@pytest.fixture(autouse=True)
def laptop(monkeypatch):
    monkeypatch.setattr(addresses, "network_addresses", lambda: NETWORKS)
    monkeypatch.setattr(addresses, "way_out", lambda: "192.168.1.20")


@pytest.mark.parametrize("here", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"])
def test_of_an_address_that_only_this_machine_understands_its_networks_take_the_place(here):
    assert server_addresses(f"http://{here}:8501/Workshop") == [
        "http://192.168.1.20:8501",
        "http://172.17.0.1:8501",
        "http://10.8.0.3:8501",
    ]
    assert join_address(f"http://{here}:8501/Recap?at=2", "BCDFGH") == (
        "http://192.168.1.20:8501/r/BCDFGH"
    )


@pytest.mark.parametrize("seen", ["http://10.8.0.3:8501", "https://lab.example", "http://lab:80"])
def test_any_other_address_is_the_one_that_is_shown(seen):
    assert server_addresses(f"{seen}/Workshop?room=x") == [seen]


def test_without_a_network_the_address_stays(monkeypatch):
    monkeypatch.setattr(addresses, "network_addresses", list)
    assert server_addresses("http://localhost:8501") == ["http://localhost:8501"]


def test_the_way_out_is_an_address_or_nothing():
    found = way_out()
    assert found == "" or len(found.split(".")) == 4
