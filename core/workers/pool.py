"""Work that takes seconds, done by worker processes, so that no page waits for another's work.

A job is a function of this package with its arguments, called in a worker process as
`function(report, *args)`. Workers are started when they are needed and end when they are idle.
What a job is asked for is bounded: how many run at once, how many wait, how long one may take, and
the bytes of the results that are kept.
"""

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from core.workers.fair_queue import Asker, Busy, FairQueue, Shares
from core.workers.job import ENDED, FAULT, Function, Job
from core.workers.processes import close_pipes, kill

__all__ = ["POOL", "Asker", "Busy", "Job", "Pool", "Shares", "ask"]

ROOT = Path(__file__).parents[2]
WORKERS = max(1, (os.cpu_count() or 2) // 2)
JOB_SECONDS = 120  # that one job may take
IDLE_SECONDS = 60  # that a worker without work stays
FORGOTTEN_SECONDS = 20  # after which a job is given up that nobody asked about
KEPT_BYTES = 64 * 2**20  # of pickled results
KILLED = -9  # the exit status of a process that SIGKILL ended, as Linux does for want of memory
LOG = logging.getLogger(__name__)

Answer = tuple[str, Any]  # ("done", pickled result), ("refused", why) or ("broken", None)


class Pool:
    """A bounded number of worker processes, with a queue in front of them."""

    def __init__(
        self,
        workers: int = WORKERS,
        seconds: float = JOB_SECONDS,
        idle: float = IDLE_SECONDS,
        shares: Shares | None = None,
        kept_bytes: int = KEPT_BYTES,
        forgotten: float = FORGOTTEN_SECONDS,
    ) -> None:
        self.workers, self.seconds, self.idle = workers, seconds, idle
        self.forgotten, self.kept_bytes = forgotten, kept_bytes
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.waiting: FairQueue[Job] = FairQueue(shares or Shares())
        self.processes: dict[Job, subprocess.Popen[bytes]] = {}  # of the running jobs
        # (function, args) -> Job, the longest unused first
        self.jobs: OrderedDict[tuple[Function, Any], Job] = OrderedDict()
        # (function, args) -> bytes of both and of the kept result, as pickles
        self.sizes: dict[tuple[Function, Any], int] = {}
        self.threads = self.free = 0

    def ask(
        self,
        function: Function,
        *args: Any,
        who: Hashable = None,
        private: bool = False,
        asker: Asker = Asker(),  # noqa: B008 - it is frozen
    ) -> Job:
        """The Job of function(report, *args): a kept or a running one if there is one, else new.

        function stands at the top of a module of this package; args are hashable. A private job is
        always new, and nothing of it is kept here. Raises Busy where too many are waiting.
        """
        key = (function, args)
        with self.lock:
            job = None if private else self.jobs.get(key)
            if job is None:
                job = Job(self, function, args, asker)
                self.waiting.add(job)
                if not private:
                    self.jobs[key] = job
                if len(self.waiting) > self.free and self.threads < self.workers:
                    self.threads += 1
                    threading.Thread(target=self._serve, daemon=True).start()
                self.changed.notify()
            job.wanted_by.add(who)
            job.seen = time.monotonic()
            if not private:
                self.jobs.move_to_end(key)
            return job

    def cancel(self, job: Job, who: Hashable) -> None:
        with self.lock:
            job.wanted_by.discard(who)
            if not job.wanted_by and job.state not in ENDED:
                self._give_up(job)

    def _give_up(self, job: Job) -> None:
        job.state = "cancelled"
        self._drop(job)
        if job in self.waiting:
            self.waiting.remove(job)
        if job in self.processes:
            kill(self.processes[job])

    def _drop(self, job: Job) -> None:
        """What has no result is not kept: who asks again gets a new job."""
        if self.jobs.get((job.function, job.args)) is job:
            del self.jobs[job.function, job.args]

    def _watch(self, job: Job, process: subprocess.Popen[bytes], ended: threading.Event) -> None:
        """While a job runs: end it when its time is over, or when nobody asks about it any more."""
        began = time.monotonic()
        while not ended.wait(0.2):
            if time.monotonic() - began > self.seconds:
                kill(process)
            with self.lock:
                if time.monotonic() - job.seen > self.forgotten and job.state == "running":
                    self._give_up(job)

    def _serve(self) -> None:
        """One thread a worker: take jobs from the queue, and let the process do them."""
        process: subprocess.Popen[bytes] | None = None
        while True:
            with self.lock:
                self.free += 1
                wanted = self.changed.wait_for(lambda: self.waiting, self.idle)
                self.free -= 1
                if not wanted:
                    self.threads -= 1
                    break
                job = self.waiting.take()
                if time.monotonic() - job.seen > self.forgotten:
                    self._give_up(job)
                    continue
                if process and process.poll() is not None:
                    close_pipes(process)
                    process = None
                process = process or start()
                job.state, self.processes[job] = "running", process
            ended, job.began = threading.Event(), time.monotonic()
            threading.Thread(target=self._watch, args=(job, process, ended), daemon=True).start()
            answer = self._talk(process, job)
            ended.set()
            if answer is None:
                late = time.monotonic() - job.began >= self.seconds
                answer = self._why_gone(job, kill(process), late)
            # a large result is unpacked before the lock, behind which every page would wait
            result = pickle.loads(answer[1]) if answer[0] == "done" else None
            with self.lock:
                del self.processes[job]
                self._end(job, *answer, result)
        if process:
            kill(process)
            close_pipes(process)

    def _talk(self, process: subprocess.Popen[bytes], job: Job) -> Answer | None:
        """Send a job to its process and follow it: its answer, or None where the process ended."""
        assert process.stdin and process.stdout
        try:
            where = (job.function.__module__, getattr(job.function, "__qualname__", ""))
            task = pickle.dumps((*where, job.args))
            job.nbytes = len(task)
            process.stdin.write(task)
            process.stdin.flush()
            if self.jobs.get((job.function, job.args)) is not job:
                job.args = None  # private: what it was asked with is not kept
            while True:
                kind, *rest = pickle.load(process.stdout)
                if kind != "progress":
                    return kind, rest[0]
                job.fraction, job.note = rest
        except (EOFError, OSError, pickle.UnpicklingError):
            try:
                process.wait(1)
                return None
            except subprocess.TimeoutExpired:
                LOG.exception("A worker answered something else than agreed: %s", job.function)
        except Exception:
            LOG.exception("A job could not be sent, or its answer not be read: %s", job.function)
        kill(process)  # the next job gets a fresh process
        return "broken", None

    def _why_gone(self, job: Job, status: int, late: bool) -> Answer:
        if late:
            return "refused", f"It took more than {self.seconds} seconds, which is the limit."
        if status == KILLED:
            return "refused", "Its process was ended from outside, perhaps for want of memory."
        if job.state != "cancelled":
            LOG.error("A worker ended with status %d during %s", status, job.function)
        return "broken", None

    def _end(self, job: Job, kind: str, answer: Any, result: Any) -> None:
        key = (job.function, job.args)
        if job.state == "cancelled":
            return
        if kind != "done":
            job.state, job.error = "failed", answer or FAULT
            self._drop(job)
            return
        job.result, job.fraction, job.state = result, 1.0, "done"
        if self.jobs.get(key) is not job:
            return
        self.sizes[key] = len(answer) + job.nbytes
        for old in list(self.jobs):
            if sum(self.sizes.values()) <= self.kept_bytes:
                break
            if old != key and self.jobs[old].state in ENDED:
                del self.jobs[old]
                self.sizes.pop(old, None)


def start() -> subprocess.Popen[bytes]:
    """A fresh worker process. What it complains of stands in the server's log.

    One thread for PyTorch: on a busy machine a team of them waits for one another.
    """
    return subprocess.Popen(
        [sys.executable, "-c", "from core.workers.worker import main; main()"],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


POOL = Pool()
ask = POOL.ask
