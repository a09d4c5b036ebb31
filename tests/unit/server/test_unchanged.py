"""What is held back changes nothing for a visitor: a browser that got it all shows the same.

The oracle is a model of how Streamlit's front end keeps a page: a tree whose nodes are set by path,
and which at the end of a run loses what the run did not draw.
"""

import random
from dataclasses import dataclass, field

import pytest
from streamlit.proto import Element_pb2
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import create_reference_msg, populate_hash_if_needed

from pages.server.unchanged import KEPT_BYTES, Screen

ALWAYS = "always there"  # the fragment whose timer says nothing


@dataclass
class Block:
    kind: str
    fragment: str
    run: str
    children: list = field(default_factory=list)
    pushed_aside: list = field(default_factory=list)  # widgets, until a run of the page is over


@dataclass
class Element:
    text: str
    id: str
    fragment: str
    run: str


class Browser:
    """Applies messages as the front end does; `shown` is what a person sees."""

    def __init__(self):
        self.root = [Block("root", "", "") for _ in range(4)]
        self.cache, self.run, self.timers, self.page = {}, "", {}, ""
        self.values = {}  # of widgets, as a message told them, or as a person chose

    def take(self, message):
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            kept = ForwardMsg.FromString(self.cache[message.ref_hash])
            kept.metadata.CopyFrom(message.metadata)
            message, kind = kept, "delta"
        if kind == "new_session":
            self.run = message.metadata.run.script_run_id
            if not message.metadata.run.fragment_ids:
                self.timers.clear()
            if message.new_session.page_script_hash != self.page:
                self.page, self.root = message.new_session.page_script_hash, Browser().root
        elif kind == "auto_rerun":
            self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta":
            if message.metadata.cacheable:
                self.cache[message.hash] = message.SerializeToString()
            self.draw(list(message.metadata.delta_path), message.delta)
        elif kind == "script_finished" and message.script_finished == 0:
            fragments = set(message.metadata.run.fragment_ids)
            for block in self.root:
                self.clear(block, fragments, "")

    def draw(self, path, delta):
        parent = self.root[path[0]]
        parent.run = self.run
        for step in path[1:-1]:
            parent = parent.children[step]
            assert isinstance(parent, Block), f"{path} is within an element"
            parent.run = self.run
        place, before = path[-1], None
        assert place <= len(parent.children), f"{path} leaves a gap"
        if place < len(parent.children):
            before = parent.children[place]
        if delta.WhichOneof("type") == "add_block":
            kind = delta.add_block.WhichOneof("type")
            node = Block(f"{kind} {delta.add_block}", delta.fragment_id, self.run)
            if isinstance(before, Block) and before.kind.split()[0] == kind:
                node.children, node.pushed_aside = before.children, before.pushed_aside
        else:
            element = Element_pb2.Element.FromString(delta.new_element.SerializeToString())
            inner = getattr(element, element.WhichOneof("type"))
            if getattr(inner, "set_value", False):
                self.values[inner.id] = inner.value
                inner.ClearField("set_value")
                inner.ClearField("value")
                element.ClearField("has_one_shot_effect")
            node = Element(str(element), getattr(inner, "id", ""), delta.fragment_id, self.run)
        widget = isinstance(before, Element) and before.id
        if widget and before.run != self.run and widget != getattr(node, "id", None):
            parent.pushed_aside.append(before)
        parent.children[place : place + 1] = [node]

    def clear(self, block, fragments, within):
        mine = block.fragment in fragments and block.run == self.run
        within = block.fragment if mine else within

        def stays(node):
            if isinstance(node, Block):
                return not within or node.run == self.run if fragments else node.run == self.run
            kept = fragments and (not node.fragment or not within)
            return kept or node.run == self.run

        block.children = [child for child in block.children if stays(child)]
        block.pushed_aside = [child for child in block.pushed_aside if stays(child)]
        for child in block.children:
            if isinstance(child, Block):
                self.clear(child, fragments, within)

    def shown(self):
        def words(node):
            if isinstance(node, Element):
                return node.text if "empty" not in node.text else None
            if node.kind != "root" and "allow_empty" not in node.kind and not node.children:
                return None  # a container is not seen while nothing is in it
            inner = [word for word in map(words, node.children) if word is not None]
            return node.kind, inner, [aside.text for aside in node.pushed_aside]

        return [words(block) for block in self.root], self.values


class Server:
    """Sends runs of a page to two browsers: one gets it all, one what a Screen passes on."""

    def __init__(self, **more):
        self.plain, self.lean = Browser(), Browser()
        self.screen = Screen(ALWAYS, **more)
        self.runs, self.sent, self.page, self.fragments = 0, [], "lab", []

    def send(self, message):
        if message.WhichOneof("type") == "delta":
            populate_hash_if_needed(message)
            if message.metadata.cacheable and message.hash in self.lean.cache:
                message = create_reference_msg(message)
        self.plain.take(message)
        for one in self.screen.pass_on(message):
            self.sent.append(one)
            self.lean.take(one)

    def begin(self, *fragments):
        self.runs += 1
        self.sent = []
        self.send(self.lifecycle("new_session", fragments))

    def lifecycle(self, kind, fragments):
        message = ForwardMsg()
        message.metadata.run.script_run_id = str(self.runs)
        message.metadata.run.fragment_ids.extend(fragments)
        if kind == "new_session":
            message.new_session.page_script_hash = self.page
        self.fragments = fragments
        return message

    def finish(self, status=ForwardMsg.FINISHED_SUCCESSFULLY):
        message = self.lifecycle("script_finished", self.fragments)
        message.script_finished = status
        self.send(message)

    def draw(self, path, thing, fragment=""):
        message = ForwardMsg()
        message.metadata.delta_path.extend(path)
        if fragment:
            message.delta.fragment_id = fragment
        element = message.delta.new_element
        if isinstance(thing, list):
            kind, *children = thing
            if kind == "expandable":
                message.delta.add_block.expandable.id = "section"
            elif kind == "column":
                message.delta.add_block.column.weight = 1
            else:
                message.delta.add_block.flex_container.border = kind == "border"
            message.delta.add_block.allow_empty = kind != "plain"
            self.send(message)
            for place, child in enumerate(children):
                self.draw([*path, place], child, fragment)
            return
        if thing == "":
            element.empty.SetInParent()
        elif thing.startswith("widget"):
            element.checkbox.id, element.checkbox.label = thing.split(",")[0], thing
        elif thing.startswith("told"):
            element.checkbox.id = element.checkbox.label = f"widget {thing.split()[1]}"
            element.checkbox.value = element.checkbox.set_value = True
            element.has_one_shot_effect = True
        elif thing.startswith("box"):
            element.text_input.id = element.text_input.label = thing
        elif thing.startswith("set"):
            element.checkbox.id, element.has_one_shot_effect = "widget set", True
        else:
            element.markdown.body = thing
        self.send(message)

    def show(self, *things):
        """A whole run of a page; returns the kinds of the messages that went out."""
        self.begin()
        for place, thing in enumerate(things):
            self.draw([0, place], thing)
        self.finish()
        return [message.WhichOneof("type") for message in self.sent]


def test_a_rerun_sends_what_changed_and_its_begin_and_end():
    server = Server()
    assert server.show("a", ["column", "b", "widget 1"], "c").count("delta") == 5
    assert server.show("a", ["column", "b", "widget 1"], "c").count("delta") == 0
    assert server.show("a", ["column", "new", "widget 1"], "c").count("delta") == 1
    assert list(server.sent[1].metadata.delta_path) == [0, 1, 0]
    assert server.lean.shown() == server.plain.shown()


def test_what_has_an_effect_each_time_it_comes_is_never_held_back():
    server = Server()
    for _ in range(3):
        assert server.show("a", "set 1", "b").count("delta") >= 1


def test_a_widget_that_was_told_its_value_is_not_sent_again_without_it():
    server = Server()
    assert server.show("a", "b", "told 1").count("delta") == 3
    for browser in (server.plain, server.lean):
        assert browser.values == {"widget 1": True}
        browser.values["widget 1"] = False  # a person's choice
    for _ in range(2):
        assert server.show("a", "b", "widget 1").count("delta") == 0
    assert server.show("a", "b", "told 1").count("delta") == 1, "told again, it takes it again"
    for browser in (server.plain, server.lean):
        assert browser.values == {"widget 1": True}
        browser.values["widget 1"] = False
    server.show("a", "b", "widget 1")
    server.show("a", "b")  # the first one goes without being told anything
    assert server.lean.shown() == server.plain.shown()
    assert server.lean.values == {"widget 1": False}


def test_a_widget_that_changes_besides_its_value_is_sent():
    server = Server()
    server.show("told 1", "b")
    assert server.show("widget 1, new help", "b").count("delta") == 1
    assert server.lean.shown() == server.plain.shown()


def test_a_page_that_gets_shorter_loses_what_went():
    server = Server()
    server.show("a", "b", "c", ["column", "d", "widget 2"], "e", "f")
    assert server.show("a", "b", "c").count("delta") <= 3
    assert server.lean.shown() == server.plain.shown()
    assert server.show("a", "b", "c").count("delta") == 0
    server.show("a", "b", "c", ["column", "d", "widget 2"], "g")
    assert server.lean.shown() == server.plain.shown()


def test_a_container_that_nothing_is_left_in_is_no_longer_seen():
    server = Server()
    server.show("a", ["plain", "b", ["plain", "c"]], "d", "e")
    for inner in ([["plain"]], [], ["b"], []):
        server.show("a", ["plain", *inner], "d", "e")
        assert server.lean.shown() == server.plain.shown()
        if not inner:
            assert "flex_container" not in str(server.lean.shown())


def test_a_widget_that_another_takes_the_place_of_goes():
    server = Server()
    server.show("a", "widget 1", "b")
    server.show("a", "widget 2", "b")
    assert server.lean.shown() == server.plain.shown()
    assert "widget 1" not in str(server.lean.shown())


def test_a_text_box_makes_room_for_a_new_one_alone():
    server = Server()
    server.show("a", "b", "c", "box 1", "d")
    assert server.show("a", "b", "c", "box 2", "d").count("delta") == 2
    assert server.lean.shown() == server.plain.shown()


def test_a_widget_that_moves_is_kept_meanwhile():
    server = Server()
    server.show("widget 1", "b")
    server.begin()
    server.draw([0, 0], "a")
    assert "widget 1" in str(server.lean.shown())
    server.draw([0, 1], "widget 1")
    server.finish()
    assert server.lean.shown() == server.plain.shown()


def test_another_page_and_a_run_of_a_fragment_leave_nothing_behind():
    server = Server()
    server.show("a", ["column", "b"], "c")
    server.page = "ledger"
    server.show("a", "x")
    assert server.lean.shown() == server.plain.shown()
    server.begin("mine")
    server.draw([0, 1], ["column", "y", "z"], "mine")
    server.finish()
    server.begin("mine")
    server.draw([0, 1], ["column", "y"], "mine")
    server.finish()
    assert server.lean.shown() == server.plain.shown()
    server.show("a")
    assert server.lean.shown() == server.plain.shown()


def test_a_timer_of_a_page_that_is_left_stops():
    server = Server()
    server.show("a")
    timer = ForwardMsg()
    timer.auto_rerun.fragment_id, timer.auto_rerun.interval = "progress", 0.5
    server.begin()
    server.send(timer)
    server.finish()
    assert server.lean.timers == {"progress": 0.5}
    server.show("a")
    assert server.lean.timers == {}


def test_a_page_that_switches_to_another_names_its_link_before_the_page():
    server = Server()
    server.show("a")
    link, place = ForwardMsg(), ForwardMsg()
    link.page_info_changed.query_string = "predict=false"
    place.navigation.page_script_hash = "ledger"
    server.begin()
    server.finish(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    for messages in ((place, link), (place,)):
        server.page += " again"
        server.begin()
        for message in messages:
            server.send(message)
        server.draw([0, 0], "a")
        server.finish(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        kinds = [message.WhichOneof("type") for message in server.sent]
        assert [kind for kind in kinds if kind in ("navigation", "page_info_changed")] == [
            message.WhichOneof("type") for message in reversed(messages)
        ]


def test_now_and_then_a_browser_may_clean_up_what_it_keeps():
    server = Server()
    large = KEPT_BYTES // 3
    ends = []
    for number in range(9):
        server.show("a", str(number) * large)
        ends.append(not server.sent[-1].metadata.run.fragment_ids)
    assert ends[0] and 1 < sum(ends) < 9
    assert server.lean.shown() == server.plain.shown()


WORDS = (
    "a",
    "b",
    "",
    "box 1",
    "box 2",
    "widget 1",
    "widget 2",
    "widget 1,changed",
    "set 1",
    "told 2",
    "long " * 3000,
)


def some_page(draw, depth=3):
    things = []
    for _ in range(draw.randrange(5)):
        if depth and draw.random() < 0.4:
            kind = draw.choice(("column", "border", "plain", "expandable"))
            things.append([kind, *some_page(draw, depth - 1)])
        else:
            things.append(draw.choice(WORDS))
    return things


def change(draw, things):
    """A page that differs a little."""
    things = [change(draw, t) if isinstance(t, list) and draw.random() < 0.5 else t for t in things]
    if things and draw.random() < 0.5:
        place = draw.randrange(len(things))
        if draw.random() < 0.3 and not (place == 0 and things[0] in KINDS):
            del things[place]
        elif things[place] not in KINDS:
            things[place] = draw.choice([*WORDS, ["column", "a"], ["border", "b"]])
    return things


KINDS = ("column", "border", "plain", "expandable")


@pytest.mark.parametrize("seed", range(60))
def test_random_pages_end_up_the_same_in_both_browsers(seed):
    draw = random.Random(seed)
    server = Server()
    page = some_page(draw)
    for _ in range(25):
        server.page = draw.choice(("lab", "lab", "lab", "lab", server.page, "ledger"))
        part = draw.randrange(-4, len(page)) if page else -1  # which place is a fragment
        interrupted = draw.random() < 0.15
        some_run(draw, server, page, part, interrupted)
        if not interrupted:
            assert server.lean.shown() == server.plain.shown()
            if part >= 0:
                server.begin("part")
                server.draw([0, part], ["plain", *some_page(draw, 1)], "part")
                server.finish()
                assert server.lean.shown() == server.plain.shown()
        page = change(draw, page) if draw.random() < 0.8 else some_page(draw)


def some_run(draw, server, page, part, interrupted):
    server.begin()
    for place, thing in enumerate(page):
        if interrupted and draw.random() < 0.3:
            break
        if draw.random() < 0.1:
            server.draw([0, place], "")  # a place that is filled a moment later
        if place == part:
            server.draw([0, place], ["plain", thing], "part")
            continue
        server.draw([0, place], thing)
        if draw.random() < 0.1:  # and one that is filled with something else again
            server.draw([0, place], draw.choice((thing, "a", "", ["column", "a"], ["column"])))
    early = ForwardMsg.FINISHED_EARLY_FOR_RERUN
    server.finish(early if interrupted else ForwardMsg.FINISHED_SUCCESSFULLY)
