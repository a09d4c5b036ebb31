"""The server's bounds, from the environment."""

import sys
from dataclasses import fields
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.server import descriptors
from pages.server.limits import Limits, from_environment, is_on, variable


def test_without_variables_the_defaults_hold():
    assert from_environment({}) == Limits() == from_environment({variable("upload_mb"): ""})


def test_every_bound_has_its_variable():
    names = [field.name for field in fields(Limits)]
    asked = {variable(name): str(number) for number, name in enumerate(names, start=1)}
    assert from_environment(asked) == Limits(*range(1, len(names) + 1))
    assert variable("upload_mb") == "BUFFER_LAB_UPLOAD_MB"


@pytest.mark.parametrize("text", ["many", "-1", "0", "1.5", "1e3"])
def test_what_is_no_bound_is_refused_by_its_name(text):
    with pytest.raises(
        ValueError, match=r"BUFFER_LAB_UPLOAD_MB .*must be a whole number from 1 on"
    ):
        from_environment({"BUFFER_LAB_UPLOAD_MB": text})


def test_a_switch_is_off_by_default_and_takes_0_or_1():
    name = "BUFFER_LAB_SEND_UNCHANGED"
    assert [is_on("send_unchanged", one) for one in ({}, {name: ""}, {name: "0"}, {name: "1"})] == [
        False, False, False, True,
    ]  # fmt: skip
    with pytest.raises(ValueError, match=f"{name} is 'yes', but it must be 0 or 1"):
        is_on("send_unchanged", {name: "yes"})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("hard", [900, 3_000, 50_000, None])
def test_the_soft_limit_of_open_files_goes_up_to_the_hard_one(hard, monkeypatch):
    import resource

    now = [256, resource.RLIM_INFINITY if hard is None else hard]

    def setrlimit(which, pair):
        if pair[0] > 20_000:
            raise ValueError("this kernel allows less")
        now[:] = pair

    monkeypatch.setattr(resource, "getrlimit", lambda which: tuple(now))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    expected = {900: 900, 3_000: 3_000, 50_000: 10_240, None: 10_240}[hard]
    assert descriptors.raise_limit(30_000) == expected
    assert now[1] in (hard, resource.RLIM_INFINITY), "the hard limit stays"


def test_without_limits_of_open_files_a_server_is_never_full(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert descriptors.allowed() is None and descriptors.raise_limit() is None
    assert not descriptors.is_full() and not descriptors.refuse_at_once()


@given(
    st.integers(150, 2_000),
    st.lists(st.sampled_from([10, 10, 10, 9, 4, 0, -30]), min_size=200, max_size=300),
)
def test_counting_seldom_never_takes_a_full_server_for_one_with_room(limit, visitors):
    """Each opens at most ten, or others leave; a count of its own would say the same."""
    opened, counts = 40, 0

    class Process:
        def num_fds(self):
            nonlocal counts
            counts += 1
            return opened

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(descriptors, "counted", descriptors.Counted())
        patch.setattr(descriptors, "allowed", lambda: limit)
        patch.setattr(descriptors.psutil, "Process", Process)
        patch.setattr(descriptors.time, "monotonic", lambda: 0.0)
        for more in visitors:
            full = limit - opened < 66
            assert descriptors.is_full() is full
            opened = max(10, opened + (min(more, 0) if full else more))


def test_many_visitors_of_a_second_are_one_count_and_a_lower_limit_counts_anew(monkeypatch):
    counts, now = [], [5.0]
    process = SimpleNamespace(num_fds=lambda: counts.append(now[0]) or 100)
    monkeypatch.setattr(descriptors, "counted", descriptors.Counted())
    monkeypatch.setattr(descriptors.psutil, "Process", lambda: process)
    monkeypatch.setattr(descriptors.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(descriptors, "allowed", lambda: 16_384)
    assert not any(descriptors.is_full() for _ in range(1_000)) and len(counts) == 1
    now[0] += 1.5
    assert not descriptors.is_full() and len(counts) == 2
    monkeypatch.setattr(descriptors, "allowed", lambda: 150)
    assert descriptors.is_full() and len(counts) == 3


@pytest.mark.parametrize(
    ("path", "wants"),
    [
        ("/", True),
        ("/Attention_lab", True),
        ("/behind/a/proxy/State_dict", True),
        ("/_stcore/health", True),
        ("/_stcore/host-config", False),
        ("/_stcore/upload_file/a/b", False),
        ("/static/js/a.js", False),
        ("/media/x.csv", False),
    ],
)
def test_who_wants_a_place(path, wants):
    assert descriptors.wants_place(path) is wants
