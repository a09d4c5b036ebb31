"""The other end of core.workers.pool: a process that does one job after
another until its server ends.

It reads (module, function, args) from standard input and writes ("progress", fraction, note), then
("done", pickled result) or ("failed", text) to standard output, all as pickles. Only the server
that started it writes to it.
"""

import importlib
import os
import pickle
import queue
import signal
import sys
import threading


def main():
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a job prints goes nowhere
    tasks = queue.SimpleQueue()
    threading.Thread(target=read, args=(tasks,), daemon=True).start()
    os.nice(10)  # the pages come first

    def reply(*message):
        pickle.dump(message, replies)
        replies.flush()

    def report(fraction, note=None):
        """Say how far a job is, from 0 to 1, with anything that the page may show by now."""
        reply("progress", fraction, note)

    while True:
        module, name, args = tasks.get()
        try:
            result = getattr(importlib.import_module(module), name)(report, *args)
            answer = "done", pickle.dumps(result)
        except Exception as error:
            answer = "failed", f"{type(error).__name__}: {error}"
        reply(*answer)


def read(tasks):
    """Hand over what the server sends. When the server is gone, so are this process and its own."""
    try:
        while True:
            tasks.put(pickle.load(sys.stdin.buffer))
    except EOFError:
        os.killpg(0, signal.SIGKILL)
