"""A rerun sends what changed: what stands in a visitor's browser already is not sent again.

A rerun draws the whole page anew, and Streamlit sends every element of it. Its front end keeps what
is the same; but to take in sixty messages that change nothing costs it more time than the change.

A `Screen` follows the messages of one connection and knows what they drew. It holds back an element
or a container that comes again as it stands there, and tells the front end that this was the
run of a part, so that it takes away nothing. What is no longer on the page is replaced by nothing.
Where that cannot be done, what was held back is sent after all, and the run ends as every run did.
So at worst a rerun costs what it cost before.

This rests on how the front end of Streamlit 1.67 draws; see `VERSIONS` in `internals`. The variable
BUFFER_LAB_SEND_UNCHANGED=1 switches it off.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PART = "what changed"  # stands for a fragment that no element belongs to
HELD = {"vertical", "horizontal", "column", "flex_container", "grid_container", "expandable"}
KEPT_BYTES = 4_000_000  # that a browser keeps of messages which may come again, between whole runs

Path = tuple[int, ...]  # where a node stands in the tree of the page


@dataclass(frozen=True, slots=True)
class Node:
    """What stands at a place: its contents' hash, its kind, and whether others stand within.

    id: of a widget, "" where there is none, None where it is not known. message: what drew it, of
    a widget, and of a container that is not seen while nothing is in it. without_value: of a
    widget that was told its value, the same drawing without it.
    """

    hash: str
    kind: str = ""
    holds_others: bool = False
    id: str | None = ""
    message: ForwardMsg | None = None
    fragment: str = ""  # that it belongs to
    without_value: bytes = b""


NOTHING = Node("")  # where something stood


@dataclass
class Screen:
    """What a browser shows, as far as the messages of its connection tell."""

    keep_running: str = ""  # the fragment whose timer is no reason to run in full
    page: str = ""
    nodes: dict[Path, Node] = field(default_factory=dict)
    once: dict[str, bytes] = field(default_factory=dict)  # messages of which the last one counts
    timers: dict[str, float] = field(default_factory=dict)  # fragments that run by themselves
    drawn: set[Path] = field(default_factory=set)  # in this run
    held: dict[Path, ForwardMsg] = field(default_factory=dict)  # in this run
    whole: bool = True  # whether the run has to end as one of the whole page
    part: bool = False  # whether the browser takes this run for one of a part
    fragment: bool = False  # whether it is one of a fragment of ours
    kept_bytes: int = 0
    broken_off: bool = False  # whether the run before was, for another page or another try
    navigation: ForwardMsg | None = None

    def pass_on(self, message: ForwardMsg) -> Iterable[ForwardMsg]:
        """The messages that go to the browser in place of this one."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            return [self.begin(message)]
        if kind == "script_finished":
            return [*self.navigation_now(), *self.end(message)]
        if kind in ("delta", "ref_hash"):
            return self.draw(message)
        if kind == "page_info_changed":
            return [message, *self.navigation_now()]
        if kind in ("navigation", "page_config_changed", "auto_rerun", "stop_auto_rerun"):
            known = self.is_known(message, kind)
            if kind == "navigation" and self.broken_off and not known:
                self.navigation = message
                return []
            return [] if known else [message]
        return [message]

    def navigation_now(self) -> list[ForwardMsg]:
        """The message that names the page, if it was kept back for the one with the link.

        A page that switches to another sends both. Which of them the front end puts into the
        browser's history first would be chance, and with it where the Back button leads.
        """
        message, self.navigation = self.navigation, None
        return [message] if message else []

    def forget(self) -> None:
        """Nothing is known of what the browser shows."""
        self.nodes.clear()
        self.whole = True

    def begin(self, message: ForwardMsg) -> ForwardMsg:
        """A run begins."""
        self.drawn.clear()
        self.held.clear()
        if message.new_session.page_script_hash != self.page:
            self.page = message.new_session.page_script_hash
            self.forget()
        self.fragment = bool(message.metadata.run.fragment_ids)
        self.part = not (self.fragment or self.whole or set(self.timers) - {self.keep_running})
        if self.part:
            return as_part(message)
        if not self.fragment:
            self.once.clear()
            self.timers.clear()
        return message

    def end(self, message: ForwardMsg) -> list[ForwardMsg]:
        """A run ends: as one of a part, or as one of the whole page with all that belongs to it."""
        self.broken_off = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if self.fragment:
            self.forget()  # it took away what it did not draw again
            return [message]
        if message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
            return [message]
        gone = self.gone()
        self.whole |= any(self.nodes[path].id is None for path in gone)
        if self.whole or len(gone) > len(self.held) or self.kept_bytes > KEPT_BYTES:
            self.nodes = {path: self.nodes[path] for path in self.drawn}
            self.whole, self.kept_bytes = False, 0
            return [*self.held.values(), message]
        taken_away = [one for path in gone for one in self.take_away(path)]
        emptied = [one for path in gone for one in self.make_anew(path[:-1])]
        return [*taken_away, *emptied, as_part(message)]

    def gone(self) -> list[Path]:
        """Where something stands that this run did not draw; the outermost places."""
        found: list[Path] = []
        for path in sorted(self.nodes.keys() - self.drawn):
            within = found and path[: len(found[-1])] == found[-1]
            if self.nodes[path] is not NOTHING and not within:
                found.append(path)
        return found

    def is_known(self, message: ForwardMsg, kind: str) -> bool:
        """Whether the browser has been told this, and nothing else of the kind since."""
        if kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.timers.pop(fragment, None)
            return False
        if kind == "navigation":
            self.page = message.navigation.page_script_hash
        if kind == "auto_rerun":
            timer = message.auto_rerun
            known = self.timers.get(timer.fragment_id) == timer.interval
            self.timers[timer.fragment_id] = timer.interval
            return known and self.part
        known = self.once.get(kind) == message.hash.encode()
        self.once[kind] = message.hash.encode()
        return known and self.part

    def take_away(self, path: Path) -> list[ForwardMsg]:
        """The messages that let a place be empty."""
        gone = self.nodes[path]
        self.forget_within(path)
        self.nodes[path] = NOTHING
        fragment = self.nodes.get(path[:-1], NOTHING).fragment or gone.fragment
        return [*self.for_good(gone), nothing_at(path, self.page, fragment)]

    def make_anew(self, path: Path) -> list[ForwardMsg]:
        """The messages that make a container anew of which nothing is left.

        The front end leaves its place out, and its distance to what follows, while it has nothing
        in it. An empty place within is something.
        """
        container = self.nodes.get(path, NOTHING)
        inner = [p for p in self.nodes if p[:-1] == path and p]
        if container.id or not container.message or not inner:
            return []
        if any(self.nodes[one] is not NOTHING for one in inner):
            return []
        self.forget_within(path)
        return [nothing_at(path, self.page, container.fragment), container.message]

    def draw(self, message: ForwardMsg) -> list[ForwardMsg]:
        """An element or a container comes: what is sent, nothing if it stands there as it comes."""
        if self.fragment:
            return [message]
        path, node = tuple(message.metadata.delta_path), node_of(message)
        if node is None:  # shown for a while, beside what stands there
            self.whole = True
            return [message]
        self.drawn.add(path)
        before = self.nodes.get(path, NOTHING)
        same = before.hash == node.hash or is_same_without_value(before, message)
        if same and may_be_held(message):
            self.held[path], self.nodes[path] = message, node
            return []
        if message.metadata.cacheable:
            self.kept_bytes += message.ByteSize()
        self.held.pop(path, None)
        self.nodes[path] = node
        if before.holds_others and before.kind != node.kind:
            self.forget_within(path)
        if before.id in ("", node.id):
            return [message]
        if before.kind == node.kind == "text_input":  # a new text box for an old one
            return [*self.for_good(before), message]
        self.whole = True
        return [message]

    def for_good(self, widget: Node) -> list[ForwardMsg]:
        """What has to be sent before another node takes the place of a widget.

        The front end keeps a widget that is pushed aside until a run of the whole page is over, for
        it may have moved to another place; not so one that was drawn in this run.
        """
        return [widget.message] if widget.id and widget.message else []

    def forget_within(self, path: Path) -> None:
        """A container is gone, and what was in it."""
        for inner in [p for p in self.nodes if p[: len(path)] == path and p != path]:
            del self.nodes[inner]
            self.held.pop(inner, None)
            self.drawn.discard(inner)


def as_part(message: ForwardMsg) -> ForwardMsg:
    """A run's first or last message, for a run of a part of the page."""
    changed = ForwardMsg()
    changed.CopyFrom(message)
    changed.metadata.run.fragment_ids.append(PART)
    return changed


def nothing_at(path: Path, page: str, fragment: str) -> ForwardMsg:
    """A message that takes away what stands at a place, and belongs to the same fragment."""
    message = ForwardMsg()
    message.metadata.delta_path.extend(path)
    message.metadata.active_script_hash = page
    message.delta.fragment_id = fragment
    message.delta.new_element.empty.SetInParent()
    return message


def node_of(message: ForwardMsg) -> Node | None:
    """What a message draws; None for what is shown for a while."""
    if message.WhichOneof("type") == "ref_hash":
        return Node(message.ref_hash, id=None)
    fragment = message.delta.fragment_id
    if message.delta.WhichOneof("type") == "new_element":
        element = message.delta.new_element
        kind = element.WhichOneof("type") or ""
        id = getattr(getattr(element, kind, None), "id", "")
        told = without_value(message)
        return Node(message.hash, kind, False, id, message if id else None, fragment, told)
    if message.delta.WhichOneof("type") == "add_block":
        block = message.delta.add_block
        kind = block.WhichOneof("type") or ""
        return Node(message.hash, kind, True, "", None if block.allow_empty else message, fragment)
    return None


TELLING = ("set_value", "value", "raw_value", "raw_values")  # the fields that tell a value


def without_value(message: ForwardMsg) -> bytes:
    """What draws a widget without its value, if a message tells it that; else nothing.

    A link's values are told to their widgets in a page's first run, and never again. The front end
    takes such a value once, so what draws the widget from then on changes nothing.
    """
    kind = message.delta.new_element.WhichOneof("type") or ""
    told = getattr(getattr(message.delta.new_element, kind, None), "set_value", False)
    if not (told and message.delta.new_element.has_one_shot_effect):
        return b""
    delta = Delta()
    delta.CopyFrom(message.delta)
    delta.new_element.ClearField("has_one_shot_effect")
    widget = getattr(delta.new_element, kind)
    for name in TELLING:
        if name in widget.DESCRIPTOR.fields_by_name:
            widget.ClearField(name)
    return delta.SerializeToString(deterministic=True)


def is_same_without_value(before: Node, message: ForwardMsg) -> bool:
    """Whether a message draws the widget that stands there, without telling its value again."""
    if not before.without_value:
        return False
    return before.without_value == message.delta.SerializeToString(deterministic=True)


def may_be_held(message: ForwardMsg) -> bool:
    """Whether a message says nothing when what it draws stands there already."""
    if message.WhichOneof("type") == "ref_hash":
        return True
    delta = message.delta
    if delta.WhichOneof("type") == "new_element":
        return not delta.new_element.has_one_shot_effect
    return delta.add_block.WhichOneof("type") in HELD
