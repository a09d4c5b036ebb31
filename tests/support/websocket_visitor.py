"""A visitor that is no browser: a websocket to a server, and messages as a browser sends them."""

import asyncio
import contextlib
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

SECONDS = 60


def connect(address, **options):
    """A connection to the server of an address such as http://127.0.0.1:8501."""
    return websockets.connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],
        open_timeout=SECONDS,
        compression=None,
        max_size=None,
        proxy=None,
        **options,
    )


async def rerun(socket, query="", widgets=(), page="", page_hash="", fragment=""):
    """Ask for a run; the messages up to its end. widgets: WidgetState messages.

    page: its name in the URL, for the first run; later page_hash, see hash_of_page.
    """
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_script_hash = page_hash
    message.rerun_script.page_name = "" if page_hash else page
    message.rerun_script.fragment_id = fragment
    message.rerun_script.widget_states.widgets.extend(widgets)
    await socket.send(message.SerializeToString())
    messages = []
    while not messages or not is_end(messages[-1]):
        messages.append(ForwardMsg.FromString(await asyncio.wait_for(socket.recv(), SECONDS)))
    return messages


def is_end(message):
    """Whether a run is over, and no other follows by itself."""
    kind = message.WhichOneof("type")
    return kind == "script_finished" and (
        message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    )


def hash_of_page(messages):
    """What stands for the page that ran: of one below pages/ in `navigation`, not new_session."""
    return [m.navigation.page_script_hash for m in messages if m.HasField("navigation")][-1]


def elements(messages):
    """The elements of the last run among messages, in their order."""
    starts = [i for i, message in enumerate(messages) if message.HasField("new_session")]
    last = messages[starts[-1] :]
    return [m.delta.new_element for m in last if m.delta.HasField("new_element")]


class Shown:
    """What stands on a visitor's page after some runs: a rerun sends what changed alone."""

    def __init__(self):
        self.elements = {}  # its place -> the element

    def take(self, messages):
        """Take in a run's messages; one of the whole page takes away what it did not draw."""
        starts = [i for i, message in enumerate(messages) if message.HasField("new_session")]
        last = messages[starts[-1] :]
        drawn = {tuple(m.metadata.delta_path) for m in last if m.metadata.delta_path}
        if not last[0].metadata.run.fragment_ids:
            self.elements = {at: one for at, one in self.elements.items() if at in drawn}
        for message in last:
            if message.delta.HasField("new_element"):
                self.elements[tuple(message.metadata.delta_path)] = message.delta.new_element

    def text(self):
        """All that its elements say."""
        return "\n".join(said_by(self.elements.values()))


def texts(messages):
    """What an element of the last run says, each: of headings, alerts, Markdown, exceptions."""
    return said_by(elements(messages))


def said_by(elements):
    """What elements say, each: of headings, alerts, Markdown, exceptions."""
    found = []
    for element in elements:
        kind = element.WhichOneof("type")
        part = getattr(element, kind)
        for field in ("body", "message"):
            if hasattr(part, field):
                found.append(getattr(part, field))
    return found


def get(url, method="GET", **headers):
    """(status, headers, body) of an HTTP answer; the server is asked and no proxy."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=named)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.ExitStack() as closing:
        try:
            answer = closing.enter_context(opener.open(request, timeout=SECONDS))
        except urllib.error.HTTPError as error:
            answer = closing.enter_context(error)
        return answer.status, answer.headers, answer.read()
