"""A visitor: one browser page, and what a person does in it."""

from playwright.sync_api import expect

SMALL = "/_stcore/health"  # the address of a page without anything
# Counts the runs that a page asks for (the first byte tells: field 11 of Streamlit's BackMsg), and
# up to which of them the server has begun to answer.
COUNT_RUNS = """{
  const {send, addEventListener: listen} = WebSocket.prototype;
  window.asked = window.answered = 0;
  WebSocket.prototype.send = function (data) {
    const answer = () => { window.answered = window.asked; };
    if (!this.counted) listen.call(this, "message", answer);
    this.counted = true;
    if (data[0] === 0x5a) window.asked += 1;
    return send.call(this, data);
  };
}"""
# For three frames: a run's first messages have been drawn by then. A link changes before its run.
AT_REST = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const rests = window.asked === window.answered && app?.dataset.testScriptState === "notRunning"
    && !document.querySelector("[data-testid=stSkeleton]");
  window.restedFor = rests ? window.restedFor + 1 : 0;
  return window.restedFor >= 3;
}"""


def at_rest(page):
    """Wait until what was asked of the server is answered, and the script has come to rest."""
    page.evaluate("window.restedFor = 0")
    page.wait_for_function(AT_REST, polling="raf", timeout=20_000)


class Visitor:
    """A browser page with its own cookies, and a record of what went wrong in it."""

    def __init__(self, browser, server, left=None, **options):
        """left: the context of a visitor with the same options who has left."""
        self.context = left or browser.new_context(
            **{"viewport": {"width": 1400, "height": 1000}} | options
        )
        self.page = self.context.new_page()
        self.page.add_init_script(COUNT_RUNS)
        self.server = server
        self.console, self.hosts = [], set()
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def note(self, message):
        if message.type == "error":
            self.console.append(f"{message.text} ({message.location['url']})")

    def open(self, link="/", heading=None):
        self.page.goto(self.server + link)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def settled(self, charts):
        """Wait until that many heatmaps are drawn, and all is at rest."""
        drawn = self.page.locator(".stVegaLiteChart :is(svg, canvas).marks")
        expect(drawn).to_have_count(charts, timeout=60_000)  # a worker may have to begin first
        at_rest(self.page)
        expect(drawn).to_have_count(charts)

    def resize(self, width, height):
        """Give the page another size, and wait until it is laid out and drawn anew."""
        self.page.set_viewport_size({"width": width, "height": height})
        twice = (
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        self.page.evaluate(twice)

    def is_above_the_fold(self, button):
        """A button is on the first screen."""
        expect(button).to_be_visible()
        box = button.bounding_box()
        assert box["y"] > 0 and box["y"] + box["height"] <= self.page.viewport_size["height"]

    def leave(self):
        """Forget all but the files that came with the pages; one small page stays.

        It keeps the process in which all pages of a context run, where --process-per-site is set:
        the next visitor in this context need not fetch and compile the 120 files of a page again.
        """
        pages = self.context.pages
        small = next((page for page in pages if page.url.endswith(SMALL)), None)
        if not small:
            small = self.context.new_page()
            small.goto(self.server + SMALL)
        for page in pages:
            if page != small:
                page.close()
        control = self.context.new_cdp_session(small)
        for host in self.hosts - {""}:
            kept = {"origin": f"http://{host}", "storageTypes": "all"}
            control.send("Storage.clearDataForOrigin", kept)
        control.detach()
        self.context.clear_cookies()
        self.context.set_offline(False)
