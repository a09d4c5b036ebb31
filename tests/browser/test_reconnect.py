"""A server's first request; and the server is ended and started again while a page is open."""

import pytest
from browser_visitor import Visitor
from playwright.sync_api import expect
from streamlit_server import free_port, started

pytestmark = pytest.mark.browser


def test_a_deep_link_comes_first_and_a_click_in_a_fragment_counts_after_a_restart(chromium):
    port = free_port()
    with started(port=port) as server:
        server.wait_until_healthy()
        visitor = Visitor(chromium, server.address)
        page = visitor.open("/Attention_lab?predict=false&buffer=false&device=cpu")
        visitor.settled(charts=4)
        expect(page.get_by_role("switch", name="Register the mask")).not_to_be_checked()
        assert visitor.console == []
        visitor.open("/Training?predict=false&steps=20")
        slider = page.get_by_role("slider")
        expect(slider).to_be_visible(timeout=60_000)  # a worker has trained
        visitor.settled(charts=10)
        slider.focus()
        app = page.get_by_test_id("stApp")
        server.process.kill()
        expect(app).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    with started(port=port) as server:
        server.wait_until_healthy()
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=60_000)
        expect(page.get_by_role("progressbar")).to_be_visible()  # it is trained anew
        expect(page.get_by_role("progressbar")).to_have_count(0, timeout=60_000)
        visitor.settled(charts=10)
        slider.press("Home")
        expect(page.get_by_text("Mask after 0 steps")).to_have_count(2)
        visitor.context.close()
