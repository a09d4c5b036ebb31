"""A run's messages go to a browser together, when the run ends or has taken a while.

The front end of Streamlit draws the whole page again for each batch of messages that it gets. A run
of 30 ms came in four of them, so the page was drawn four times over. Sent together, they are there
within a few milliseconds, and `TOGETHER` in `static_files` hands them on in one turn.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.session_manager import SessionClientDisconnectedError

from pages.server.internals import Writer

HOLD_SECONDS = 0.1  # after which a run that goes on shows what it has so far


@dataclass
class Together:
    """The messages to one browser. write: sends one; it is called in the event loop."""

    write: Writer
    held: list[ForwardMsg] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None  # while a run goes on

    def send(self, message: ForwardMsg) -> None:
        """Hold a message back while a run goes on; with its last one they all go."""
        kind = message.WhichOneof("type")
        self.held.append(message)
        if kind == "new_session" and self.timer is None:
            self.wait()
        if kind == "script_finished" and self.timer:
            self.timer.cancel()
            self.timer = None
        if self.timer is None:
            self.flush()

    def wait(self) -> None:
        """Show what there is after a while."""
        self.timer = asyncio.get_running_loop().call_later(HOLD_SECONDS, self.show)

    def show(self) -> None:
        """A run takes its time: what it has so far goes to the browser, if that is still there."""
        self.timer = None
        with contextlib.suppress(SessionClientDisconnectedError):
            self.flush()
            self.wait()

    def flush(self) -> None:
        """Send all that was held."""
        held, self.held = self.held, []
        for message in held:
            self.write(message)
