"""Work that takes seconds, done by worker processes, so that no page waits for another's work.

A job is a function of this package with its arguments, called in a worker process as
`function(report, *args)`. Workers are started when they are needed and end when they are idle.
What a job is asked for is bounded: how many run at once, how many wait, how long one may take, and
the bytes of the results that are kept.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict, deque
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKERS = max(1, (os.cpu_count() or 2) // 2)
SECONDS = 120  # that one job may take
IDLE_SECONDS = 60  # that a worker without work stays
MAX_WAITING = 100  # jobs in the queue
FORGOTTEN = 20  # seconds after which a job is given up that nobody asked about
ENDED = ("done", "failed", "cancelled")
KEPT_BYTES = 64 * 2**20  # of pickled results


class Busy(RuntimeError):
    """The queue is full. The message names the limit and the way out."""


class Job:
    """One call of a function by a worker. Only the pool changes it; everybody may read.

    state is "waiting", "running", "done", "failed" or "cancelled"; fraction runs from 0 to 1; note
    is the last thing that the function reported; result and error come at the end.
    """

    def __init__(self, pool, function, args):
        self._pool, self.function, self.args = pool, function, args
        self.state, self.fraction, self.note = "waiting", 0.0, None
        self.result = self.error = None
        self.wanted_by, self.nbytes = set(), 0
        self.seen = time.monotonic()

    @property
    def over(self):
        """Whether it has ended. A job that nobody asks this of for a while is given up."""
        self.seen = time.monotonic()
        return self.state in ENDED

    @property
    def ahead(self):
        """How many jobs are in the queue before this one."""
        with self._pool.lock:
            return self._pool.waiting.index(self) if self in self._pool.waiting else 0

    def cancel(self, who=None):
        """who no longer wants it. It ends unless somebody else still waits for it."""
        self._pool.cancel(self, who)


class Pool:
    """A bounded number of worker processes, with a queue in front of them."""

    def __init__(self, workers=WORKERS, seconds=SECONDS, idle=IDLE_SECONDS,
                 most_waiting=MAX_WAITING, kept_bytes=KEPT_BYTES, forgotten=FORGOTTEN):  # fmt: skip
        self.workers, self.seconds, self.idle = workers, seconds, idle
        self.forgotten = forgotten
        self.most_waiting, self.kept_bytes = most_waiting, kept_bytes
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.waiting, self.processes = deque(), {}  # running Job -> its process
        self.jobs = OrderedDict()  # (function, args) -> Job, the longest unused first
        self.sizes = {}  # (function, args) -> bytes of both and of the kept result, as pickles
        self.threads = self.free = 0

    def ask(self, function, *args, who=None, private=False):
        """The Job of function(report, *args): a kept or a running one if there is one, else new.

        function stands at the top of a module of this package; args are hashable. A private job is
        always new, and nothing of it is kept here. Raises Busy where too many are waiting.
        """
        key = (function, args)
        with self.lock:
            job = None if private else self.jobs.get(key)
            if job is None:
                if len(self.waiting) >= self.most_waiting:
                    raise Busy(
                        f"{len(self.waiting)} requests are waiting, and {self.most_waiting} is the "
                        "limit. Try again in a minute, or choose something smaller."
                    )
                job = Job(self, function, args)
                if not private:
                    self.jobs[key] = job
                self.waiting.append(job)
                if len(self.waiting) > self.free and self.threads < self.workers:
                    self.threads += 1
                    threading.Thread(target=self._serve, daemon=True).start()
                self.changed.notify()
            job.wanted_by.add(who)
            job.seen = time.monotonic()
            if not private:
                self.jobs.move_to_end(key)
            return job

    def cancel(self, job, who):
        with self.lock:
            job.wanted_by.discard(who)
            if not job.wanted_by and job.state not in ENDED:
                self._give_up(job)

    def _give_up(self, job):
        job.state = "cancelled"
        self._drop(job)
        if job in self.waiting:
            self.waiting.remove(job)
        if job in self.processes:
            kill(self.processes[job])

    def _drop(self, job):
        """What has no result is not kept: who asks again gets a new job."""
        if self.jobs.get((job.function, job.args)) is job:
            del self.jobs[job.function, job.args]

    def _watch(self, job, process, ended):
        """While a job runs: end it when its time is over, or when nobody asks about it any more."""
        began = time.monotonic()
        while not ended.wait(0.2):
            if time.monotonic() - began > self.seconds:
                kill(process)
            with self.lock:
                if time.monotonic() - job.seen > self.forgotten and job.state == "running":
                    self._give_up(job)

    def _serve(self):
        """One thread a worker: take jobs from the queue, and let the process do them."""
        process = None
        while True:
            with self.lock:
                self.free += 1
                wanted = self.changed.wait_for(lambda: self.waiting, self.idle)
                self.free -= 1
                if not wanted:
                    self.threads -= 1
                    break
                job = self.waiting.popleft()
                if time.monotonic() - job.seen > self.forgotten:
                    self._give_up(job)
                    continue
                if process is None or process.poll() is not None:
                    process = start()
                job.state, self.processes[job] = "running", process
            ended, began = threading.Event(), time.monotonic()
            threading.Thread(target=self._watch, args=(job, process, ended), daemon=True).start()
            answer = self._talk(process, job)
            ended.set()
            if answer is None:
                limit = f"It took more than {self.seconds} seconds, which is the limit."
                gone = "Its process was ended from outside, perhaps for want of memory."
                late = time.monotonic() - began >= self.seconds
                answer = "failed", limit if late else gone
            with self.lock:
                del self.processes[job]
                self._end(job, *answer)
        if process:
            kill(process)

    def _talk(self, process, job):
        """Send a job to its process and follow it: ("done", pickled result), ("failed", why), or
        None where the process ended."""
        try:
            where = (job.function.__module__, job.function.__qualname__)
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
            kill(process)
            return None
        except Exception as error:  # a fault of ours: the next job gets a fresh process
            kill(process)
            return "failed", f"{type(error).__name__}: {error}"

    def _end(self, job, state, answer):
        key = (job.function, job.args)
        if job.state == "cancelled":
            return
        if state == "failed":
            job.state, job.error = state, answer
            self._drop(job)
            return
        job.result, job.fraction, job.state = pickle.loads(answer), 1.0, "done"
        if self.jobs.get(key) is not job:
            return
        self.sizes[key] = len(answer) + job.nbytes
        for old in list(self.jobs):
            if sum(self.sizes.values()) <= self.kept_bytes:
                break
            if old != key and self.jobs[old].state in ENDED:
                del self.jobs[old]
                self.sizes.pop(old, None)


def start():
    """A fresh worker process, the leader of a process group of its own.

    One thread for PyTorch: on a busy machine a team of them waits for one another.
    """
    return subprocess.Popen(
        [sys.executable, "-c", "from core.workers.worker import main; main()"],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(process):
    """End a worker and every process that it started; it is not there any more on return."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


POOL = Pool()
ask = POOL.ask
