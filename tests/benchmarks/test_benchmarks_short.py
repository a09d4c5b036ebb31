"""The benchmark stays runnable: its arithmetic, and a tiny run of all its parts without targets."""

import os
import random
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path
from time import monotonic

import pytest
from chromium import MISSING, chromium_path
from figures import BEGIN, END, Row, as_table, into_readme, percentile, slope
from parts import PARTS
from servers import family, looks_alone, pss
from session import Kept, Wrong
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

HERE = Path(__file__).parent


def test_a_percentile_is_one_of_the_values_with_so_many_at_or_below_it():
    draw = random.Random(0)
    for _ in range(50):
        values = [draw.randrange(20) for _ in range(draw.randrange(1, 60))]
        for percent in (1, 50, 95, 100):
            found = percentile(values, percent)
            assert found in values
            assert sum(value <= found for value in values) >= len(values) * percent / 100
            assert sum(value < found for value in values) < len(values) * percent / 100
    assert percentile(range(1, 101), 95) == 95 and percentile([7], 95) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 95)


def test_the_slope_is_that_of_the_line_under_the_noise():
    actions = list(range(0, 5000, 50))
    noise = random.Random(0)
    memory = [300 + 0.004 * a + noise.gauss(0, 0.5) for a in actions]
    assert slope(actions, memory) == pytest.approx(0.004, rel=0.05)
    middle = statistics.mean(actions), statistics.mean(memory)
    by_hand = sum((a - middle[0]) * (m - middle[1]) for a, m in zip(actions, memory, strict=True))
    by_hand /= sum((a - middle[0]) ** 2 for a in actions)
    assert slope(actions, memory) == pytest.approx(by_hand)


def test_a_row_says_met_only_where_the_limit_holds_and_nothing_failed():
    def verdict(measured, **rest):
        return Row("what", "target", 8, measured, "figures", **rest).verdict

    assert verdict(8) == verdict(7.9) == verdict(8, at_least=True) == "met"
    assert verdict(8.1) == verdict(7.9, at_least=True) == "**not met**"
    assert verdict(7, errors=1) == verdict(float("nan")) == "**not met**"
    assert Row("what", "", None, 3, "").verdict == "–"


def test_the_table_goes_between_its_marks_and_the_rest_of_the_readme_stays():
    rows = [Row("one", "at most 2 ×", 2, 1.234, "3 against 2"), Row("two", "", 1, 5, "", "MB")]
    table = as_table(rows, "a machine")
    assert "| one | at most 2 × | 1.23 ×<br><small>3 against 2</small> | met |" in table
    before, after = "# Lab\n\ntext\n\n", "\n\nwords\n"
    first = into_readme(f"{before}## Contribute{after}", table)
    assert first.startswith(f"{before}## Performance\n") and first.endswith(f"## Contribute{after}")
    assert f"{BEGIN}\n{table}\n{END}" in first
    again = into_readme(first, "another table")
    assert again == first.replace(table, "another table")
    for broken in ("no such place", f"{BEGIN} ## Contribute"):
        with pytest.raises(ValueError):
            into_readme(broken, table)


def test_messages_are_kept_for_two_runs_after_their_last_use_as_in_the_browser():
    kept = Kept(age=2)
    kept.keep(ForwardMsg(hash="a"))
    kept.keep(ForwardMsg(hash="b"))
    for _ in range(2):
        kept.end_of_run([])
    kept.get("b")
    kept.end_of_run([])
    assert list(kept.messages) == ["b"]
    with pytest.raises(Wrong, match="does not have"):
        kept.get("a")


def test_the_server_at_defaults_has_no_setting_of_ours_that_changes_speed():
    ours = tomllib.loads((HERE.parents[1] / ".streamlit" / "config.toml").read_text())
    kept = tomllib.loads(looks_alone())
    assert set(kept) <= {"browser", "client", "theme"}
    assert all(kept[section] == ours[section] for section in kept)


def test_memory_is_that_of_a_process_and_its_children():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        deadline = monotonic() + 10
        while len(family(parent.pid)) < 2:
            assert monotonic() < deadline, "the child was not found"
        assert len(family(parent.pid)) == 2 and parent.pid in family(parent.pid)
        assert pss(parent.pid) > 1 and pss(2**22 + 1) == 0
    finally:
        parent.communicate(b"\n", timeout=20)


@pytest.mark.browser
def test_every_part_of_the_short_benchmark_gives_figures_and_meets_no_error():
    if not chromium_path() and os.environ.get("CI") != "true":
        pytest.skip(MISSING)
    done = subprocess.run(
        [sys.executable, HERE, "--short"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    for part in PARTS:
        assert re.search(rf"^{part}: .*\n  [1-9]\d* rows", done.stdout, re.M), part
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= len(PARTS) and "nan" not in "".join(rows)
    assert "Written into" not in done.stdout
