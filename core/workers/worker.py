"""The other end of core.workers.pool: a process that does one job after
another until its server ends.

It reads (module, function, args) from standard input and writes ("progress", fraction, note), then
("done", pickled result), ("refused", text) for a SettingError or ("broken", None) for any other
exception to standard output, all as pickles. The traceback of the latter goes to standard error,
which is the server's log. Only the server that started it writes to it.
"""

import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from typing import Any

from core.settings.setting import SettingError
from core.workers.processes import kill_children, lower_priority

Task = tuple[str, str, tuple[Any, ...]]  # module, function, arguments


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this one
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a job prints goes nowhere
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=read, args=(tasks,), daemon=True).start()
    lower_priority()

    def reply(*message: object) -> None:
        pickle.dump(message, replies)
        replies.flush()

    def report(fraction: float, note: object = None) -> None:
        """Say how far a job is, from 0 to 1, with anything that the page may show by now."""
        reply("progress", fraction, note)

    while True:
        module, name, args = tasks.get()
        try:
            result = getattr(importlib.import_module(module), name)(report, *args)
            answer: tuple[str, object] = "done", pickle.dumps(result)
        except SettingError as error:
            answer = "refused", str(error)
        except Exception:
            traceback.print_exc()
            answer = "broken", None
        reply(*answer)


def read(tasks: "queue.SimpleQueue[Task]") -> None:
    """Hand over what the server sends. When the server is gone, so are this process and its own."""
    try:
        while True:
            tasks.put(pickle.load(sys.stdin.buffer))
    finally:
        kill_children()
        os._exit(0)
