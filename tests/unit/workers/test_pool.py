"""Worker processes: results, progress, cancelling, limits; and nobody is left behind."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from core.settings.setting import SettingError
from core.workers import pool as jobs
from core.workers.fair_queue import Asker
from core.workers.job import FAULT, Job

FOLDER = os.path.dirname(__file__)


@pytest.fixture
def pool(monkeypatch):
    """A pool of one worker that finds this file's functions."""
    monkeypatch.setenv("PYTHONPATH", FOLDER)
    pool = jobs.Pool(
        workers=1, seconds=30, idle=0.2, shares=jobs.Shares(total=3), kept_bytes=10_000
    )
    yield pool
    for job in list(pool.jobs.values()):
        job.wanted_by.clear()
        job.cancel()
    until(lambda: pool.threads == 0)


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_how_far_a_job_is(pool):
    job = Job(pool, fail, ("never called",), Asker("a", "here"))
    assert job.how_far == "0%"
    job.began = time.monotonic() - 10
    assert job.how_far == "0%, 10 s so far"
    job.fraction = 0.25
    assert job.how_far == "25%, about 30 s left"
    job.fraction = 1.0
    assert job.how_far == "100%, about 0 s left"


def alive(pid):
    return psutil.pid_exists(int(pid))


def count_up(report, end):
    print("a job may print")
    for number in range(end):
        report(number / end, number)
    return sum(range(end))


def fail(report, text):
    raise ValueError(text)


def pid_and_sleep(report, seconds):
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])
    report(0.5, (os.getpid(), child.pid))
    time.sleep(seconds)


def vanish(report):
    os._exit(3)


def be_killed(report):
    os.kill(os.getpid(), 9)


def refuse(report):
    raise SettingError("tokens", "4,096", "fewer on this machine")


def big(report, number):
    return bytes(6_000)


def test_a_job_gives_its_result_and_its_last_note(pool):
    job = pool.ask(count_up, 10)
    until(lambda: job.over)
    assert (job.state, job.result, job.fraction, job.note) == ("done", 45, 1.0, 9)


def test_equal_jobs_are_one_and_a_kept_result_is_there_at_once(pool):
    job = pool.ask(count_up, 3)
    assert pool.ask(count_up, 3) is job
    until(lambda: job.over)
    assert pool.ask(count_up, 3) is job
    assert pool.ask(count_up, 4) is not job


def test_a_fault_of_ours_is_called_so_and_the_log_has_its_traceback(pool, capfd):
    job = pool.ask(fail, "no")
    until(lambda: job.over)
    assert (job.state, job.error) == ("failed", FAULT)
    log = capfd.readouterr().err
    assert "Traceback" in log and "in fail" in log and "ValueError: no" in log


def test_a_refusal_is_told_as_it_stands(pool, capfd):
    job = pool.ask(refuse)
    until(lambda: job.over)
    assert job.state == "failed"
    assert job.error == "`tokens` is `4,096`, but it must be fewer on this machine."
    assert "Traceback" not in capfd.readouterr().err


def test_a_worker_that_ended_by_itself_is_a_fault_of_ours(pool, caplog):
    gone = pool.ask(vanish)
    until(lambda: gone.over)
    assert (gone.state, gone.error) == ("failed", FAULT)
    assert "status 3" in caplog.text and "vanish" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say what ended a process")
def test_a_killed_worker_is_a_failure_and_the_next_job_runs(pool):
    gone = pool.ask(be_killed)
    until(lambda: gone.over)
    assert gone.state == "failed" and "ended from outside" in gone.error
    after = pool.ask(count_up, 2)
    until(lambda: after.over)
    assert after.result == 1


def test_cancelling_ends_the_process_and_its_children(pool):
    job = pool.ask(pid_and_sleep, 60)
    until(lambda: job.note)
    job.cancel()
    assert job.state == "cancelled"
    until(lambda: not any(map(alive, job.note)))
    after = pool.ask(count_up, 2)
    until(lambda: after.over)
    assert after.result == 1


def test_a_job_that_others_want_goes_on(pool):
    job = pool.ask(pid_and_sleep, 60, who="a")
    assert pool.ask(pid_and_sleep, 60, who="b") is job
    until(lambda: job.note)
    job.cancel("a")
    assert job.state == "running"
    job.cancel("b")
    assert job.state == "cancelled"


def test_the_queue_is_bounded_and_says_so(pool):
    running = pool.ask(pid_and_sleep, 60)
    until(lambda: running.state == "running")
    waiting = [pool.ask(count_up, n) for n in range(3)]
    assert [job.ahead for job in waiting] == [0, 1, 2]
    with pytest.raises(jobs.Busy, match="3 requests are waiting, and 3 is the limit"):
        pool.ask(count_up, 99)
    waiting[0].cancel()
    assert waiting[0].state == "cancelled" and waiting[1].ahead == 0
    pool.ask(count_up, 99)


def test_a_job_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", FOLDER)
    pool = jobs.Pool(workers=1, seconds=1, idle=0.1)
    job = pool.ask(pid_and_sleep, 60)
    until(lambda: job.over)
    assert job.state == "failed"
    assert job.error == "It took more than 1 seconds, which is the limit."
    until(lambda: pool.threads == 0)


def test_a_private_job_is_not_shared_and_not_kept(pool):
    first = pool.ask(count_up, 5, private=True)
    second = pool.ask(count_up, 5, private=True)
    assert first is not second
    until(lambda: first.over and second.over)
    assert (first.result, second.result) == (10, 10)
    assert not pool.jobs and not pool.sizes


def test_a_job_that_nobody_asks_about_is_given_up(pool):
    pool.forgotten = 0.6
    job, waiting = pool.ask(pid_and_sleep, 60), pool.ask(count_up, 7)
    until(lambda: not (job.over or waiting.over) and job.note)  # they are asked about so long
    deadline = time.monotonic() + 1.2
    until(lambda: time.monotonic() > deadline)
    until(lambda: job.state == "cancelled" and waiting.state == "cancelled")
    until(lambda: not any(map(alive, job.note)))
    again = pool.ask(pid_and_sleep, 1)
    until(lambda: again.over)
    assert again.state == "done", "whoever asks keeps it alive"


def test_a_private_job_lets_go_of_what_it_was_asked_with(pool):
    job = pool.ask(count_up, 5, private=True)
    until(lambda: job.over)
    assert job.args is None and job.result == 10


def test_kept_results_are_bounded_by_their_bytes(pool):
    first, second = pool.ask(big, 1), pool.ask(big, 2)
    until(lambda: first.over and second.over)
    assert sum(pool.sizes.values()) <= 10_000
    assert pool.ask(big, 2) is second
    assert pool.ask(big, 1) is not first


def test_an_idle_worker_ends(pool):
    job = pool.ask(pid_and_sleep, 0)
    until(lambda: job.over)
    until(lambda: not alive(job.note[0]))


def test_workers_end_with_their_server():
    code = (
        "import sys, time; from core.workers import pool as jobs; import test_pool\n"
        "job = jobs.ask(test_pool.pid_and_sleep, 60)\n"
        "while not job.note: time.sleep(0.05)\n"
        "print(*job.note, flush=True); import os; os._exit(0)"
    )
    environment = os.environ | {"PYTHONPATH": FOLDER}
    done = subprocess.run([sys.executable, "-c", code], cwd=jobs.ROOT, env=environment,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    pids = done.stdout.split()
    assert len(pids) == 2
    until(lambda: not any(map(alive, pids)))


def test_a_job_that_cannot_be_sent_fails_and_the_next_one_runs(pool, caplog):
    job = pool.ask(count_up, lambda: None)  # no pickle of it can be made
    until(lambda: job.over)
    assert (job.state, job.error) == ("failed", FAULT)
    assert "ickle" in caplog.text and "count_up" in caplog.text
    after = pool.ask(count_up, 2)
    until(lambda: after.over)
    assert after.result == 1


def test_what_has_no_result_is_not_kept(pool):
    failed, cancelled = pool.ask(fail, "no"), pool.ask(pid_and_sleep, 60)
    until(lambda: failed.over and cancelled.note)
    cancelled.cancel()
    assert not pool.jobs
    assert pool.ask(fail, "no") is not failed
