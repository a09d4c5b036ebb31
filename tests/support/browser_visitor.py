"""A visitor: one browser page, and what a person does in it."""

from playwright.sync_api import expect


class Visitor:
    """A browser page with its own cookies, and a record of what went wrong in it."""

    def __init__(self, browser, server, left=None, **options):
        """left: the context of a visitor with the same options who has left."""
        self.context = left or browser.new_context(
            **{"viewport": {"width": 1400, "height": 1000}} | options
        )
        self.page = self.context.pages[0] if left else self.context.new_page()
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
        """Wait until that many heatmaps are drawn and the script has come to rest."""
        expect(self.page.locator(".stVegaLiteChart :is(svg, canvas).marks")).to_have_count(charts)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(
            self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
        ).to_have_count(1)

    def leave(self):
        """Close all pages and forget all but the files that came with them; one empty page stays.

        The next visitor in this context need not fetch the 120 files of a first page again."""
        pages = self.context.pages
        control = self.context.new_cdp_session(self.context.new_page())
        for page in pages:
            page.close()
        for host in self.hosts - {""}:
            kept = {"origin": f"http://{host}", "storageTypes": "all"}
            control.send("Storage.clearDataForOrigin", kept)
        control.detach()
        self.context.clear_cookies()
        self.context.set_offline(False)
