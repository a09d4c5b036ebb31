"""What the server takes from inside its packages, and for which of their versions that was written.

Each function here uses a name that its package does not promise to keep. VERSIONS says where they
were last seen to work; tests/unit/server/test_internals.py fails when they no longer do.
"""

import asyncio
import contextlib
import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode
from weakref import WeakKeyDictionary

import h11
import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit import runtime
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import (
    RerunData,
    RerunException,
    get_script_run_ctx,
    script_runner,
)
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state.query_params import (
    CLIENT_STATE_QUERY_STRING_MAX_FIELDS,
    CLIENT_STATE_QUERY_STRING_MAX_LENGTH,
    QueryParams,
)
from streamlit.runtime.state.session_state import Serialized, WStates
from streamlit.web.server.starlette.starlette_websocket import StarletteSessionClient
from uvicorn.protocols.http import h11_impl
from uvicorn.protocols.http.h11_impl import H11Protocol

VERSIONS = {"streamlit": "1.67.0", "uvicorn": "0.54.0", "starlette": "1.10.0", "h11": "0.16.0"}
QUERY_CHARS = CLIENT_STATE_QUERY_STRING_MAX_LENGTH  # of a link that Streamlit reads
QUERY_FIELDS = CLIENT_STATE_QUERY_STRING_MAX_FIELDS
LINK_SECONDS = 0.02  # in which a page's new link is sent to the browser
RECORD_BYTES = 65_536  # that a file counts more than it holds


def raise_request_limit(max_bytes: int) -> None:
    """Let uvicorn read a request line with its headers up to max_bytes; 64 kB is its default.

    uvicorn has an option for this. Streamlit starts it and does not pass the option on, so the
    default that it falls back to is raised, in the module that read it.
    """
    vars(h11_impl)["DEFAULT_MAX_INCOMPLETE_EVENT_SIZE"] = max_bytes


def listening_sockets() -> Iterator[socket.socket]:
    """The sockets of this process that listen. Streamlit makes its own and hands out none."""
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() >= 0:
            with contextlib.suppress(OSError):
                if thing.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    yield thing


def quiet_refused_websockets() -> None:
    """Keep uvicorn from logging an error for each websocket that was answered with a refusal.

    It takes an HTTP answer (the extension websocket.http.response) for none.
    """
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: "without completing handshake" not in record.getMessage()
    )


def keep_uploads_in_memory(max_bytes: int) -> None:
    """Let starlette keep what arrives of a file in memory up to max_bytes; 1 MB is its default.

    Beyond that it writes to a temporary file without a name. Streamlit makes the parser and does
    not pass the option on.
    """
    MultiPartParser.spool_max_size = max_bytes


def uploaded_bytes() -> dict[str, int]:
    """The bytes of the uploaded files that Streamlit keeps, by the session's id.

    A file counts RECORD_BYTES more than it holds, so that empty ones are bounded too.
    """
    if not runtime.exists():
        return {}
    manager = runtime.get_instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        return {}
    storage = manager.file_storage
    return {
        session: sum(len(file.data) + RECORD_BYTES for file in list(files.values()))
        for session, files in list(storage.items())
    }


AFTER_A_LOST_CONNECTION = "after a lost connection"


def rerun_after_reconnect() -> None:
    """Let the browser ask for a run of the page when its lost connection is there again.

    The server may have been restarted meanwhile, or have given the session up: it knows nothing of
    the page's fragments then, and drops what is done in them without a word. Streamlit's front end
    asks only where a fragment runs by itself now and then. So it is told of one that is to run for
    the first time in 24 days, the longest that a browser can count: a message of some 30 bytes a
    run, and nothing to do meanwhile.
    """
    context = get_script_run_ctx()
    if context:
        message = ForwardMsg()
        message.auto_rerun.interval = 2_147_483  # seconds
        message.auto_rerun.fragment_id = AFTER_A_LOST_CONNECTION
        context.enqueue(message)


def filter_messages(make: Callable[[], Callable[[ForwardMsg], Iterable[ForwardMsg]]]) -> None:
    """Ask a filter of each browser's connection what to send for each message of Streamlit's.

    make: makes the filter of a connection.
    """
    write = ORIGINAL_WRITE

    def write_filtered(client: StarletteSessionClient, message: ForwardMsg) -> None:
        pass_on = vars(client).get("pass_on") or vars(client).setdefault("pass_on", make())
        for one in pass_on(message):
            write(client, one)

    setattr(StarletteSessionClient, "write_forward_msg", write_filtered)  # noqa: B010 - as below


ORIGINAL_WRITE = StarletteSessionClient.write_forward_msg


def watch_connections(
    is_refused: Callable[[], bool], page: bytes, header_seconds: float, body_seconds: float
) -> None:
    """Bound the connections that uvicorn accepts from now on.

    While is_refused() is true a new one gets the page, a whole HTTP answer as bytes, and is closed.
    A request line with its headers has to be there after header_seconds, and what a request sends
    after body_seconds more. uvicorn waits for ever, and has no option for this.
    """
    made, received = ORIGINAL["connection_made"], ORIGINAL["data_received"]
    waiting: WeakKeyDictionary[H11Protocol, tuple[str, asyncio.TimerHandle]] = WeakKeyDictionary()
    seconds = {"headers": header_seconds, "body": body_seconds}

    def connection_made(protocol: H11Protocol, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        if is_refused():
            transport.write(page)
            transport.close()
        else:
            wait_for(protocol, "headers")

    def data_received(protocol: H11Protocol, data: bytes) -> None:
        received(protocol, data)
        is_http = protocol in protocol.connections  # and no websocket by now
        phase = {h11.IDLE: "headers", h11.SEND_BODY: "body"}.get(protocol.conn.their_state, "")
        wait_for(protocol, phase if is_http else "")

    def wait_for(protocol: H11Protocol, phase: str) -> None:
        before, timer = waiting.get(protocol, ("", None))
        if before == phase:
            return
        if timer:
            timer.cancel()
        waiting.pop(protocol, None)
        if phase:
            timer = protocol.loop.call_later(seconds[phase], end, protocol.transport, phase)
            waiting[protocol] = phase, timer

    def end(transport: asyncio.Transport, phase: str) -> None:
        if phase == "headers" and not transport.is_closing():
            transport.write(LATE)
        transport.close()

    vars_of = {"connection_made": connection_made, "data_received": data_received}
    for name, function in vars_of.items():
        setattr(H11Protocol, name, function)


ORIGINAL = {name: getattr(H11Protocol, name) for name in ("connection_made", "data_received")}
LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def forgive_forged_values() -> None:
    """Let a widget take its default where a message brings what no widget of that kind sends.

    NaN or infinity for a whole number, a list for a word, JSON that is none: Streamlit raises an
    error before the page runs, and the page stays broken. What was sent is kept for take_forged.
    """
    original = ORIGINAL_GETITEM

    def kind(field: str) -> str:
        return field.replace("int_", "double_")

    def getitem(states: WStates, key: str) -> Any:
        metadata, sent = states.widget_metadata.get(key), states.states.get(key)
        if metadata is None or not isinstance(sent, Serialized):
            return original(states, key)
        field = sent.value.WhichOneof("value")
        try:
            # a number input's kind is double_value, and it sends int_value for whole numbers
            if field and kind(field) != kind(metadata.value_type):
                raise TypeError(f"{field} instead of {metadata.value_type}")
            return original(states, key)
        except Exception as error:
            logging.getLogger(__name__).warning("A forged value of %s: %s", key[:200], error)
            value = getattr(sent.value, field or "", None)
            name = key.split("-", 2)[-1]
            vars(FORGED)[name] = list(value.data) if hasattr(value, "data") else value
            states.set_from_value(key, metadata.deserializer(None))
            return original(states, key)

    setattr(WStates, "__getitem__", getitem)  # noqa: B010 - a plain assignment is no method's type


ORIGINAL_GETITEM = WStates.__getitem__
FORGED = threading.local()  # of the run in this thread: a widget's key -> what was sent for it


def take_forged(name: str) -> list[object]:
    """What was sent for a widget in this run that it cannot have, in a list, or an empty list."""
    return [vars(FORGED).pop(name)] if name in vars(FORGED) else []


def keep_links_whole() -> None:
    """Let a link to another page keep a parameter that the page before it has a widget for too.

    On the way to another page, the browser asks for what the link says and for what widgets of the
    page before have left in the address. Streamlit then drops every name that such a widget has,
    and with it what the link says. Our pages share names (`device`, `seed`, `predict`), so only
    what is left over is dropped here.
    """
    populate = ORIGINAL_POPULATE

    def populate_whole(
        self: QueryParams, query_string: str, valid_script_hashes: set[str] | None = None
    ) -> None:
        if valid_script_hashes is None:
            return populate(self, query_string)
        asked = parse_qs(query_string, keep_blank_values=True)
        left_over = False
        for widget_id, binding in list(self._bindings_by_widget.items()):
            if binding.script_hash in valid_script_hashes:
                continue
            self.unbind_widget(widget_id)
            values, before = asked.get(binding.param_key, []), self._query_params
            old = before.get(binding.param_key, [])
            for value in old if isinstance(old, list) else [old]:
                if value in values:
                    values.remove(value)
                    left_over = True
        populate(self, urlencode(asked, doseq=True))
        if left_over:
            self._send_query_param_msg()
        return None

    setattr(QueryParams, "populate_from_query_string", populate_whole)  # noqa: B010 - likewise


ORIGINAL_POPULATE = QueryParams.populate_from_query_string


def wrap_runs(wrap: Callable[[Callable[[], None]], Callable[[], None]]) -> None:
    """Let each run of a page or a fragment be wrap(run), from now on; Streamlit has no hook."""
    execute = ORIGINAL_EXECUTE

    def execute_wrapped(run: Callable[[], None], context: ScriptRunContext) -> Any:
        return execute(wrap(run), context)

    setattr(script_runner, "exec_func_with_error_handling", execute_wrapped)  # noqa: B010


ORIGINAL_EXECUTE = script_runner.exec_func_with_error_handling


def rerun_with_link(link: Mapping[str, Any]) -> NoReturn:
    """Run the page that runs now anew, with this link; this run ends here.

    No widget may have a name of the link any more; see unbind_parameters and let_link_decide.
    """
    context = get_script_run_ctx()
    if context is None:
        raise RuntimeError("no page runs in this thread")
    st.query_params.from_dict(link)
    time.sleep(LINK_SECONDS)
    raise RerunException(
        RerunData(
            query_string=context.query_string,
            page_script_hash=context.page_script_hash,
            cached_message_hashes=context.cached_message_hashes,
            context_info=context.context_info,
        )
    )


def let_link_decide() -> None:
    """Let each bound widget of this run take what the link says, or else its default.

    Otherwise a widget that the browser knows keeps its value. Streamlit does the same where the
    browser's Back button was pressed.
    """
    context = get_script_run_ctx()
    if context:
        context.is_history_navigation = True


def unbind_parameters(parameters: QueryParams) -> None:
    """Let a page that is about to switch to another set the link of that page.

    Streamlit refuses names that a widget of the page before is bound to.
    """
    for widget_id in list(parameters._bindings_by_widget):
        parameters.unbind_widget(widget_id)
