"""A visitor without a browser: speaks Streamlit's websocket protocol as its JavaScript does.

The protocol, read from Streamlit 1.67's front end: the browser connects to /_stcore/stream and
sends a `BackMsg.rerun_script` with the query string, the page, the state of every widget and the
hashes of the messages that it has kept; the server answers with `ForwardMsg`s up to
`script_finished`. A message of 10 kB or more is kept by the browser for two runs and comes back as
a mere `ref_hash`: without that, the bytes counted here would not be the browser's.
"""

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import websockets
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

CHARTS = ("vega_lite_chart",)  # pages draw with nothing else; components are no charts
WIDGETS = {  # the elements that this visitor can use: the field of WidgetState for their value
    "checkbox": "bool_value",
    "radio": "string_value",
    "selectbox": "string_value",
    "text_input": "string_value",
    "text_area": "string_value",
    "number_input": "double_value",
    "button_group": "string_array_value",
    "button": "trigger_value",
}
TIMEOUT = 120  # seconds that an answer may take


class Wrong(Exception):
    """What a visitor must never see: an error of ours, a missing chart, a broken protocol."""


@dataclass
class Answer:
    """What one action brought: seconds until `script_finished`, bytes and charts on the page."""

    seconds: float
    bytes: int
    charts: int


@dataclass
class Widget:
    id: str
    kind: str
    value: object
    default: object
    fragment: str
    parameter: str  # its name in the URL, or ""
    options: list = field(default_factory=list)  # of a radio or a select box


@dataclass
class Element:
    kind: str
    text: str  # of an alert or an exception
    run: str
    fragment: str


@dataclass
class Kept:
    """The browser's cache of messages: hash -> [element, count of runs when last used]."""

    age: int = 2
    runs: int = 0
    messages: dict = field(default_factory=dict)

    def keep(self, message):
        self.messages[message.hash] = [message.delta.new_element, self.runs, message.delta]

    def get(self, hash):
        if hash not in self.messages:
            raise Wrong(f"the server refers to a message that the browser does not have: {hash}")
        self.messages[hash][1] = self.runs
        return self.messages[hash][0]

    def end_of_run(self, fragments):
        self.runs += 1
        for hash, (_, used, delta) in list(self.messages.items()):
            concerned = not fragments or delta.fragment_id in fragments
            if concerned and self.runs - used > self.age:
                del self.messages[hash]


class Session:
    """One visitor on one page. Every action waits for the end of the rerun that it causes."""

    def __init__(self, address):
        self.address = address.replace("http://", "ws://") + "/_stcore/stream"
        self.kept, self.widgets, self.elements = Kept(), {}, {}
        self.page, self.query, self.page_hash = "", "", ""
        self.timers = {}  # fragment id -> seconds between its own reruns

    async def open(self, page, query=""):
        """Visit a page by its name in the URL, such as "Attention_lab"."""
        self.socket = await websockets.connect(
            self.address,
            subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],
            max_size=None,
            compression=None,  # Streamlit's server has it off by default
            open_timeout=TIMEOUT,
            ping_interval=None,
            proxy=None,
        )
        self.page, self.query = page, query
        return await self.rerun()

    async def close(self):
        await self.socket.close()

    async def toggle(self, name):
        """Switch a toggle to its other side. Widgets are named by key or by label."""
        return await self.set(name, not self.widget(name).value)

    async def choose(self, name, option):
        """Pick an option of a radio or a similar widget."""
        several = self.widget(name).kind == "button_group"
        return await self.set(name, [option] if several else option)

    async def set(self, name, value):
        """Give a widget a value."""
        widget = self.widget(name)
        widget.value = value
        if widget.parameter:
            self.put_in_url(widget)
        return await self.rerun(widget.fragment)

    async def press(self, name):
        """Press a button."""
        widget = self.widget(name)
        return await self.rerun(widget.fragment, pressed=widget)

    def value(self, name):
        return self.widget(name).value

    def options(self, name):
        """The words that a radio or a select box offers."""
        return self.widget(name).options

    def widget(self, name):
        if name not in self.widgets:
            raise Wrong(f"no widget {name!r} on the page; there are {sorted(self.widgets)}")
        return self.widgets[name]

    def put_in_url(self, widget):
        query = dict(parse_qsl(self.query))
        query.pop(widget.parameter, None)
        if widget.value != widget.default and widget.value is not None:
            value = widget.value
            if isinstance(value, bool):
                value = str(value).lower()
            elif isinstance(value, float) and value.is_integer():
                value = int(value)
            query[widget.parameter] = value
        self.query = urlencode(query, doseq=True)

    async def rerun(self, fragment="", pressed=None, automatic=False):
        """Ask for a run of the page or of a fragment; return the Answer, or raise Wrong."""
        ask = BackMsg()
        state = ask.rerun_script
        state.query_string, state.fragment_id = self.query, fragment
        state.page_script_hash = self.page_hash
        state.page_name = "" if self.page_hash else self.page
        state.is_auto_rerun = automatic
        state.cached_message_hashes.extend(self.kept.messages)
        state.context_info.url = self.address  # as a browser, that tells where and who it is
        state.context_info.timezone, state.context_info.locale = "UTC", "en"
        for widget in {w.id: w for w in self.widgets.values()}.values():
            sent = True if widget is pressed else widget.value
            if sent is None or (widget.kind == "button" and widget is not pressed):
                continue
            one = state.widget_states.widgets.add(id=widget.id)
            if widget.kind == "button_group":
                one.string_array_value.data.extend(sent)
            else:
                setattr(one, WIDGETS[widget.kind], sent)
        start = time.perf_counter()
        await self.socket.send(ask.SerializeToString())
        received = await asyncio.wait_for(self.read(), TIMEOUT)
        seconds = time.perf_counter() - start
        self.check()
        return Answer(seconds, received, self.charts())

    async def wait_for_charts(self, count):
        """Let the page's own timers run, as a browser does, until it shows that many charts."""
        start, received = time.perf_counter(), 0
        while self.charts() < count:
            if not self.timers or time.perf_counter() - start > TIMEOUT:
                raise Wrong(f"{self.charts()} charts instead of {count}, and nothing under way")
            fragment, pause = next(iter(self.timers.items()))
            await asyncio.sleep(pause)
            received += (await self.rerun(fragment, automatic=True)).bytes
        return Answer(time.perf_counter() - start, received, self.charts())

    def charts(self):
        return sum(element.kind in CHARTS for element in self.elements.values())

    def check(self):
        for element in self.elements.values():
            if element.kind == "exception" or element.text:
                raise Wrong(f"the page shows: {element.text[:200]}")

    async def read(self):
        """Take the server's messages in until its run is over; return how many bytes they had."""
        received, current, fragments, seen = 0, "", [], set()
        while True:
            data = await self.socket.recv()
            received += len(data)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                new = message.new_session
                current = message.metadata.run.script_run_id
                fragments = list(message.metadata.run.fragment_ids)
                self.page_hash = new.page_script_hash
                self.kept.age = new.config.max_cached_message_age or self.kept.age
                seen = set()
                if not fragments:
                    self.timers = {}
            elif kind in ("delta", "ref_hash"):
                self.take(message, kind, current, seen)
            elif kind == "navigation":  # knows the page below pages/, new_session the main script
                self.page_hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "auto_rerun" and message.auto_rerun.interval < TIMEOUT:
                self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self.timers.pop(fragment, None)
            elif kind in ("page_not_found", "auth_redirect"):
                raise Wrong(kind)
            elif kind == "script_finished":
                status = message.script_finished
                if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise Wrong("the script does not compile")
                if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                self.end_of_run(current, fragments, seen)
                return received

    def take(self, message, kind, run, seen):
        path = tuple(message.metadata.delta_path)
        if kind == "ref_hash":
            element = self.kept.get(message.ref_hash)
            fragment = self.kept.messages[message.ref_hash][2].fragment_id
        elif message.delta.WhichOneof("type") == "new_element":
            element, fragment = message.delta.new_element, message.delta.fragment_id
            if message.metadata.cacheable and message.hash:
                self.kept.keep(message)
        else:
            if message.delta.WhichOneof("type") == "add_block":
                self.elements.pop(path, None)
            return
        name = element.WhichOneof("type")
        text = ""
        if name == "alert" and element.alert.format == Alert.ERROR:
            text = element.alert.body
        elif name == "alert" and "cannot use" in element.alert.body:
            text = element.alert.body  # the link was refused in part
        elif name == "exception":
            text = f"{element.exception.type}: {element.exception.message}"
        self.elements[path] = Element(name, text, run, fragment)
        if name in WIDGETS:
            widget = self.read_widget(name, getattr(element, name), fragment)
            seen.add(widget.id)

    def read_widget(self, kind, proto, fragment):
        """The Widget of an element, under its key and its label, with the value it now has."""
        if kind in ("radio", "selectbox", "button_group"):
            options = [getattr(o, "content", o) for o in proto.options]
            given = proto.default if kind == "button_group" or proto.HasField("default") else None
            default = given if given is None else (
                [options[i] for i in given] if kind == "button_group" else options[given]
            )  # fmt: skip
            server = list(proto.raw_values) if kind == "button_group" else proto.raw_value
        elif kind == "button":
            default = server = None
        else:
            default, server = proto.default, proto.value
        words = options if kind in ("radio", "selectbox", "button_group") else []
        key = proto.id.split("-", 2)[-1]
        known = next((w for w in self.widgets.values() if w.id == proto.id), None)
        if kind != "button" and proto.set_value:
            value = server
        else:
            value = known.value if known else default
        parameter = getattr(proto, "query_param_key", "")
        widget = Widget(proto.id, kind, value, default, fragment, parameter, words)
        self.widgets[proto.label] = widget
        if key != "None":
            self.widgets[key] = widget
        return widget

    def end_of_run(self, run, fragments, seen):
        """Forget what this run did not draw again, and messages that were not used for two runs."""

        def over(fragment):
            return not fragments or fragment in fragments

        self.elements = {
            path: element
            for path, element in self.elements.items()
            if element.run == run or not over(element.fragment)
        }
        self.widgets = {
            name: widget
            for name, widget in self.widgets.items()
            if widget.id in seen or not over(widget.fragment)
        }
        self.kept.end_of_run(fragments)
