"""What the server takes from inside Streamlit, and for which version that was written.

Each function here uses a name that its package does not promise to keep. VERSIONS says where they
were last seen to work; tests/unit/server/test_internals.py fails when they no longer do.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode

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

VERSIONS = {"streamlit": "1.67.0", "starlette": "1.10.0"}
QUERY_CHARS = CLIENT_STATE_QUERY_STRING_MAX_LENGTH  # of a link that Streamlit reads
QUERY_FIELDS = CLIENT_STATE_QUERY_STRING_MAX_FIELDS
LINK_SECONDS = 0.02  # in which a page's new link is sent to the browser
RECORD_BYTES = 65_536  # that a file counts more than it holds


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


Writer = Callable[[ForwardMsg], None]


def wrap_writes(make: Callable[[Writer], Writer]) -> None:
    """Let each browser's connection write the messages of Streamlit's in a way of its own.

    make: is called once for a connection, with what sends a message to the browser.
    """

    def write_wrapped(client: StarletteSessionClient, message: ForwardMsg) -> None:
        own: Writer | None = vars(client).get("own_writer")
        if own is None:
            own = vars(client)["own_writer"] = make(functools.partial(ORIGINAL_WRITE, client))
        own(message)

    setattr(StarletteSessionClient, "write_forward_msg", write_wrapped)  # noqa: B010 - as below


ORIGINAL_WRITE = StarletteSessionClient.write_forward_msg


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
            value = original(states, key)
            if not field:
                # Streamlit takes no value for no kind. Where a run is stopped before the widget is
                # drawn, that stays, and the next value would be taken for a forged one.
                states.set_widget_metadata(metadata)
            return value
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
