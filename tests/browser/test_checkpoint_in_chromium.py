"""Uploads to the lesson on state_dict, in a real Chromium; and the price of persistence."""

import io
import os
import re

import pytest
import safetensors.torch
import torch
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PAGE = "/State_dict?predict=false&keys=false"
INSIDE = f"{PAGE}&inside=true"


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


class Hostile:
    """A pickle of it creates a file when it is loaded."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch '{self.canary}'",)


def upload(page, *files):
    page.locator("input[type=file]").set_input_files(
        [
            {"name": name, "mimeType": "application/octet-stream", "buffer": data}
            for name, data in files
        ]
    )


def described(page, words):
    """A table by its text for screen readers."""
    return page.get_by_label(re.compile(words)).first


def test_several_files_are_uploaded_and_compared(visit):
    visitor = visit()
    page = visitor.open(INSIDE)
    expect(page.get_by_text("attention_with_buffer.pt torch zip")).to_be_visible()
    state = {"weight": torch.ones(2, 3), "mask": torch.ones(4, 4)}
    upload(
        page,
        ("a.pt", saved(state)),
        ("b.safetensors", safetensors.torch.save({"weight": torch.ones(2, 3)})),
    )
    expect(page.get_by_text("a.pt torch zip")).to_contain_text("1 looks like a buffer, 64 bytes")
    expect(page.get_by_text(re.compile(r"b\.safetensors safetensors,"))).to_be_visible()
    expect(page.get_by_text("b.safetensors loaded where a.pt is expected.")).to_be_visible()
    expect(page.get_by_text("1 missing. The words are")).to_be_visible()
    expect(described(page, "2 keys of a.pt. Like buffers look mask.")).to_be_visible()
    expect(described(page, "Differences of a.pt and b.safetensors: 1 missing.")).to_be_visible()
    # another visitor sees nothing of it
    other = visit().open(INSIDE)
    expect(other.get_by_text("attention_with_buffer.pt torch zip")).to_be_visible()
    expect(other.get_by_text("a.pt torch zip")).to_have_count(0)


def test_bad_files_are_refused_and_the_page_goes_on(visit, tmp_path):
    visitor = visit()
    page = visitor.open(INSIDE)
    canary = tmp_path / "canary"
    good = saved({"running_mean": torch.ones(100)})
    upload(
        page,
        ("evil.pt", saved({"weight": Hostile(canary)})),
        ("cut.pth", good[:-200]),
        ("<img src=x onerror=alert(1)> :red[x] $y$.bin", b"hello"),
        ("good.pt", good),
    )
    refusals = page.get_by_test_id("stAlert")
    expect(refusals).to_have_count(3)
    expect(refusals.nth(0)).to_contain_text("evil.pt is refused. It wants to import os.system")
    expect(refusals.nth(1)).to_contain_text("cut.pth is refused. The zip is broken or cut off")
    expect(refusals.nth(2)).to_contain_text("<img src=x onerror=alert(1)> :red[x] $y$.bin is ref")
    expect(page.get_by_text("good.pt torch zip")).to_be_visible()
    assert not canary.exists()
    for number in range(4, 0, -1):
        expect(page.get_by_role("button", name=re.compile("^Remove "))).to_have_count(number)
        page.get_by_role("button", name=re.compile("^Remove ")).first.click()
    expect(refusals).to_have_count(0)
    page.get_by_text("rotary.safetensors", exact=True).first.click()
    expect(page).to_have_url(re.compile("bundled=rotary.safetensors"))
    expect(page.get_by_text(re.compile("rotary.safetensors safetensors,"))).to_contain_text(
        "3 look like buffers"
    )


def test_a_large_file_is_read_by_a_worker_with_a_way_to_cancel(visit):
    visitor = visit()
    page = visitor.open(INSIDE)
    large = saved({"weight": torch.ones(600, 1000), "mask": torch.ones(4, 4)})
    upload(page, ("large.pt", large), ("large.bin", b"\x80\x02" + b"(" * 2_000_000))
    expect(page.get_by_text("large.pt torch zip")).to_contain_text(
        "1 looks like a buffer, 64 bytes", timeout=30_000
    )
    expect(page.get_by_test_id("stAlert")).to_contain_text("large.bin is refused", timeout=30_000)


def test_a_file_above_the_limit_is_not_sent_and_no_other_files_table_is_shown(visit, tmp_path):
    visitor = visit()
    page = visitor.open(INSIDE)
    large = tmp_path / "large.pt"
    with large.open("wb") as file:
        file.truncate(64 * 2**20 + 1)  # a hole: it takes no room
    page.locator("input[type=file]").set_input_files(large)
    expect(page.get_by_text(re.compile("must be .*64.*MB or smaller"))).to_be_visible()
    expect(page.get_by_text("was not taken, so there is no table of it")).to_be_visible()
    expect(page.get_by_text("attention_with_buffer.pt torch zip")).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Remove ")).click()
    expect(page.get_by_text("attention_with_buffer.pt torch zip")).to_be_visible()
    expect(page.get_by_text("was not taken, so there is no table of it")).to_be_hidden()


def test_a_file_that_the_server_has_no_room_for_says_so_where_its_table_would_be(visit):
    """The middleware's own tests show when it answers 413; here it is what a visitor sees of it."""
    visitor = visit()
    page = visitor.open(INSIDE)
    limits = page.get_by_text("At most 5 files, each of at most 64 MB")
    expect(limits).to_contain_text("160 MB for all files of yours together")
    full = {"status": 413, "content_type": "text/plain", "body": "There is no room for this file."}
    page.route("**/_stcore/upload_file/**", lambda route: route.fulfill(**full))
    upload(page, ("a.pt", saved({"mask": torch.ones(2, 2)})))
    not_taken = page.get_by_text("was not taken, so there is no table of it")
    expect(not_taken).to_be_visible()
    expect(not_taken.locator("..")).to_contain_text("the server has no room now: 160 MB for all")
    expect(page.get_by_text("attention_with_buffer.pt torch zip")).to_be_hidden()
    assert all("413" in message for message in visitor.console) and visitor.console
    visitor.console.clear()


def test_any_name_is_sent_and_the_reason_stands_where_the_table_would(visit):
    visitor = visit()
    page = visitor.open(INSIDE)
    expect(page.get_by_text("attention_with_buffer.pt torch zip")).to_be_visible()
    upload(page, ("notes.txt", b"hello"), ("index.json", b'{"weight_map": {"w": "a.bin"}}'))
    expect(page.get_by_test_id("stAlert").nth(0)).to_contain_text(
        "notes.txt is refused. This is no"
    )
    expect(page.get_by_test_id("stAlert").nth(1)).to_contain_text("Upload one of them: a.bin")
    expect(page.get_by_text("attention_with_buffer.pt torch zip")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


def test_a_training_checkpoint_is_unwrapped_by_a_switch_in_the_link(visit):
    visitor = visit()
    page = visitor.open(INSIDE)
    state = {"weight": torch.ones(2, 3)}
    upload(
        page,
        ("a", saved(state)),
        ("b.ckpt", saved({"model": {"weight": torch.ones(2, 3).half()}, "epoch": 1})),
    )
    expect(page.get_by_text("1 missing, 2 unexpected. The words are")).to_be_visible()
    page.get_by_text("Load the state_dict within").click()
    expect(page.get_by_text("1 cast to another dtype. The words are")).to_be_visible()
    expect(page).to_have_url(re.compile("unwrap=true"))


def test_the_price_is_predicted_saved_and_drawn(visit):
    visitor = visit()
    page = visitor.open("/State_dict?keys=false&price=true&layers=1")
    page.get_by_text("32 times", exact=True).click()
    page.get_by_role("button", name="Save them").click()
    visitor.settled(charts=1)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("Saved: 4 times.")
    expect(page.get_by_role("row", name=re.compile("^float32 buffer"))).to_contain_text(
        "16.8 MB"  # 2,048 by 2,048 numbers of 4 bytes, and a file that was really saved
    )
    expect(page).to_have_url(re.compile("price_ran=bool-32-times"))
    other = visit()
    again = other.open(page.url.removeprefix(visitor.server))
    other.settled(charts=1)
    assert again.get_by_role("table").inner_text() == page.get_by_role("table").inner_text()


def test_a_phone_shows_both_without_scrolling_the_page_sideways(visit):
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.open(f"{INSIDE}&price=true&compared=attention_data_parallel.pt")
    visitor.settled(charts=1)
    expect(page.get_by_text("4 missing, 4 unexpected")).to_be_visible()
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
