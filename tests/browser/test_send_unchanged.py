"""What is held back changes nothing: a browser that is sent it all shows the same, step by step."""

from difflib import unified_diff
from time import monotonic

import pytest
from browser_visitor import Visitor, at_rest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit_server import started

pytestmark = pytest.mark.browser
STEPS = {  # link: what is clicked one after the other; "" presses Space where the keyboard is
    "/Attention_lab?predict=false&device=cpu": (
        "Register the mask as a buffer",
        "",
        "",
        "sim",
        "Change the settings",
        "Predict first",
        "it works",
        "Run the forward pass",
    ),
    "/Moving_devices?predict=false": ("Mask moved by hand", "Predict first", "Predict first"),
    "/State_dict?predict=false&keys=false&edit=true": (
        "zeros",
        "paint",
        "twos",
        "Which tensors are in the state_dict?",
        "Edit, save, load",
    ),
    "/What_is_state?predict=false": ("the quiz", "the table", "Predict first"),
    "/Failure_cases?case=mask-left-behind&guess=it+works": ("Run it, and the fix", "All cases"),
    "/Training": ("Change the settings", "Change the settings"),
}
SCREEN = """
() => {
  const names = ["role", "data-testid", "data-stale", "aria-label", "aria-checked",
                 "aria-expanded", "aria-disabled", "aria-valuenow", "href", "alt"];
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent;
    if (node.nodeType !== Node.ELEMENT_NODE || node.localName === "style") return "";
    const empty = node.matches(":has(> [data-testid=stEmpty])");  // stands where something was
    if (empty && getComputedStyle(node).display === "none") return "";
    const has = names.filter((name) => node.hasAttribute(name))
      .map((name) => `${name}=${node.getAttribute(name)}`);
    const keys = [...node.classList].filter((name) => name.startsWith("st-key-"));
    const inner = [...node.childNodes].map(read).filter((text) => text !== "");
    return `<${[node.localName, ...has, ...keys].join(" ")}>\\n${inner.join("\\n")}`;
  };
  return read(document.querySelector("[data-testid=stMain]")).split("\\n");
}
"""


class Watcher(Visitor):
    """A visitor who counts: runs of the page that are over, and what they drew."""

    def __init__(self, browser, server):
        super().__init__(browser, server)
        self.runs = self.drawn = 0
        self.page.on("websocket", lambda socket: socket.on("framereceived", self.receive))

    def receive(self, payload):
        kind = ForwardMsg.FromString(payload).WhichOneof("type")
        self.runs += kind == "script_finished"
        self.drawn += kind in ("delta", "ref_hash")

    def act(self, what):
        """Click on a text, or press Space; wait until the page has run."""
        runs = self.runs
        if what:
            self.page.get_by_text(what, exact=True).first.click()
        else:
            self.page.keyboard.press("Space")
        deadline = monotonic() + 20
        while self.runs == runs:
            assert monotonic() < deadline, f"nothing ran after {what!r}"
            self.page.wait_for_timeout(20)
        at_rest(self.page)

    def screen(self):
        return self.page.evaluate(SCREEN)


def screens(both):
    """What both show, once it is the same or three seconds are over."""
    deadline = monotonic() + 3
    while (shown := [one.screen() for one in both])[0] != shown[1] and monotonic() < deadline:
        both[0].page.wait_for_timeout(50)
    return shown


@pytest.fixture
def both(chromium, server):
    """A Watcher of the server, and one of a server that sends all."""
    with started(variables={"BUFFER_LAB_SEND_UNCHANGED": "1"}) as plain:
        plain.wait_until_healthy()
        watchers = [Watcher(chromium, address) for address in (server, plain.address)]
        yield watchers
        for one in watchers:
            one.context.close()
            assert one.console == []


def test_what_is_held_back_is_on_the_screen_all_the_same(both):
    lean, plain = both
    for link, steps in STEPS.items():
        for one in both:
            one.open(link)
            at_rest(one.page)
        for number, what in enumerate(steps):
            for one in both:
                one.act(what)
            shown, expected = screens(both)
            differs = "\n".join(unified_diff(expected, shown, lineterm=""))
            assert not differs, f"{link}, step {number}, {what or 'Space'}:\n{differs}"
            if not what:  # the keyboard stays where it was
                focus = [one.page.evaluate("document.activeElement.ariaLabel") for one in both]
                assert focus == ["Register the mask as a buffer"] * 2
    assert lean.drawn < plain.drawn, [lean.drawn, plain.drawn]
