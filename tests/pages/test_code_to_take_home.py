"""Wherever a script can be downloaded, the page shows the same text, and it runs as pasted."""

import re
import subprocess
import sys

import pytest
from page_driver import ROOT, open_page

from core.mask_cost.measure import measure
from core.mask_cost.take_home import measure_cost
from pages.components import code, progress

OFFERS = {  # what the files are called: (page, what its link says)
    "buffer_lab": ("1_Attention_lab.py", {"code": "true"}),
    "mask_cost": ("1_Attention_lab.py", {"cost": "true", "cost_longest": "256"}),
    "timeline": ("2_Moving_devices.py", {"code": "true"}),
    "crossings": ("2_Moving_devices.py", {"crossings": "true", "counted": "256"}),
    "keys": ("3_State_dict.py", {}),
    "edit": ("3_State_dict.py", {"keys": "false", "edit": "true", "change": "zeros"}),
    "loading": ("3_State_dict.py", {"keys": "false", "failures": "true"}),
    "price": ("3_State_dict.py", {"keys": "false", "price": "true", "layers": "1"}),
    "cell": ("4_What_is_state.py", {"row": "in buffers()", "column": "list"}),
    "cell on sim": ("4_What_is_state.py", {"row": "moved by .to(device)", "column": "closure"}),
    "training": ("5_Training.py", {"steps": "5", "code": "true"}),
}
SAID = ("a part of the file below", "Raised by line", "in this line:")


@pytest.fixture
def offer(monkeypatch):
    """Opens an offer's page; gives (code blocks with the sentence above each, the script)."""
    files, download = {}, code.download

    def seen(label, data, file, mime):
        files[file] = data
        download(label, data, file, mime)

    def work(key, function, *args, live=None):
        if function is measure_cost:
            return measure(lambda *_: None, "cpu", 16, rounds=1)
        return function(lambda *_: None, *args)

    monkeypatch.setattr(code, "download", seen)
    monkeypatch.setattr(progress, "work", work)

    def opened(name):
        page, parameters = OFFERS[name]
        app = open_page(page, predict="false", **parameters)
        above, blocks = "", []
        for element in app.main:
            if element.type == "markdown":
                above = element.value
            elif element.type == "code":
                blocks.append((element, above))
            elif element.type == "download_button" and element.proto.label == "Script (.py)":
                return blocks, files[f"{name.split()[0]}.py"]
        raise AssertionError(f"{page} offers no script")

    return opened


def test_every_offer_of_a_script_is_tried_here():
    sources = [p.read_text() for p in [ROOT / "dashboard.py", *ROOT.glob("pages/**/*.py")]]
    calls = [line for s in sources for line in s.split("\n") if re.search(r"\btake_home\(", line)]
    names = [re.search(r'take_home\(.*"(\w+)"', line)[1] for line in calls if "def " not in line]
    assert sorted(names) == sorted({name.split()[0] for name in OFFERS})
    assert sum(s.count("download_button(") for s in sources) == 1
    assert sum(s.count("text/x-python") for s in sources) == 1


@pytest.mark.parametrize("name", OFFERS)
def test_the_text_above_the_downloads_is_the_script_and_runs_as_pasted(offer, name):
    blocks, script = offer(name)
    whole, above = blocks[-1]
    assert "runs as pasted" in above
    if name == "cell":  # one piece, shown without the title that it has in the file
        assert re.fullmatch(r"# -+ in buffers\(\): list -+", script.split("\n")[0])
        script = script.split("\n", 1)[1]
    assert whole.value == script.strip()
    done = subprocess.run(
        [sys.executable, "-I", "-"], input=whole.value, capture_output=True, text=True, timeout=120
    )
    # What raised on the page raises here, in the same words; nothing else does.
    raised = done.stderr.strip().split("\n")[-1]
    assert raised == "" or raised in [block.value for block, _ in blocks], done.stderr
    assert done.stdout or raised


@pytest.mark.parametrize("name", OFFERS)
def test_other_code_says_that_it_is_a_part_and_is_one(offer, name):
    blocks, script = offer(name)
    for block, above in blocks[:-1]:
        if block.language == "python":
            assert any(words in above for words in SAID), block.value
            assert block.value in script
