"""Wherever a script can be downloaded, the page shows the same text, and it runs as pasted."""

import ast
import functools
import re
import sys

import fresh_python
import pytest
from page_driver import ROOT, open_page, unfold

from core.mask_cost.measure import measure
from core.mask_cost.take_home import measure_cost
from pages.components import code, progress

OFFERS = {  # what the files are called: (page, what its link says)
    "buffer_lab": ("1_Attention_lab.py", {"code": "true"}),
    "mask_cost": ("1_Attention_lab.py", {"cost": "true", "cost_longest": "256"}),
    "timeline": ("2_Moving_devices.py", {"code": "true"}),
    "crossings": (
        "2_Moving_devices.py",
        {"crossings": "true", "counted": "256", "crossings_code": "true"},
    ),
    "keys": ("3_State_dict.py", {"keys_code": "true"}),
    "edit": (
        "3_State_dict.py",
        {"keys": "false", "edit": "true", "change": "zeros", "edit_code": "true"},
    ),
    "loading": (
        "3_State_dict.py",
        {
            "keys": "false",
            "failures": "true",
            "source": "plain",
            "fix": "register-anew",
            "load_code": "true",
        },
    ),
    "price": (
        "3_State_dict.py",
        {"keys": "false", "price": "true", "layers": "1", "price_code": "true"},
    ),
    "cell": ("4_What_is_state.py", {"row": "in buffers()", "column": "list"}),
    "cell on sim": ("4_What_is_state.py", {"row": "moved by .to(device)", "column": "closure"}),
    "training": ("5_Training.py", {"steps": "5", "code": "true"}),
    "mask-left-behind": ("6_Failure_cases.py", {"case": "mask-left-behind", "home": "true"}),
    "case": (
        "9_Decision_card.py",
        {"view": "the case machine", "case": "rotary", "choice": "plain attribute", "code": "true"},
    ),
    "answer": ("10_Recap.py", {"at": "2", "code": "true"}),
    "own-error": ("8_Your_own_error.py", {"example": "masked_fill", "home": "true"}),
    "check": ("7_Check_your_module.py", {"code": "true"}),
}
SAID = ("a part of a longer file", "Raised by this line", "in this line:")


@pytest.fixture(scope="module")
def offer():
    """Opens an offer's page, once; gives (code blocks with the sentence above each, the script)."""
    files, download = {}, code.download

    def seen(label, data, file, mime):
        files[file] = data
        download(label, data, file, mime)

    def work(key, function, *args, **options):
        if function is measure_cost:
            return measure(lambda *_: None, "cpu", 16, rounds=1)
        return function(lambda *_: None, *args)

    @functools.cache
    def opened(name):
        page, parameters = OFFERS[name]
        app = open_page(page, predict="false", **parameters)
        unfold(app, name.split()[0])
        above, blocks = "", []
        for element in app.main:
            if element.type == "markdown":
                above = element.value
            elif element.type == "code":
                blocks.append((element, above))
            elif element.type == "download_button" and element.proto.label == "Script (.py)":
                return blocks, files[f"{name.split()[0]}.py"]
        raise AssertionError(f"{page} offers no script")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code, "download", seen)
        real = progress.work
        for name, module in list(sys.modules.items()):  # also where it was imported by its name
            if name.startswith("pages.") and getattr(module, "work", None) is real:
                patch.setattr(module, "work", work)
        yield opened


def test_every_offer_of_a_script_is_tried_here():
    sources = [p.read_text() for p in [ROOT / "dashboard.py", *ROOT.glob("pages/**/*.py")]]
    calls = [node for s in sources for node in ast.walk(ast.parse(s)) if calls_take_home(node)]
    names = [getattr(call.args[1], "value", "mask-left-behind") for call in calls]
    assert sorted(names) == sorted({name.split()[0] for name in OFFERS})
    assert sum(s.count("download_button(") for s in sources) == 1
    # one more is the file that checks a module at home, which has a test of its own
    assert sum(s.count("text/x-python") for s in sources) == 2


def calls_take_home(node):
    """Whether a node calls the component that offers scripts; a case has its slug as name."""
    name = (
        getattr(node.func, "attr", getattr(node.func, "id", "")) if type(node) is ast.Call else ""
    )
    return name == "take_home"


@pytest.mark.parametrize("name", OFFERS)
def test_the_text_above_the_downloads_is_the_script_and_runs_as_pasted(offer, name, tmp_path):
    blocks, script = offer(name)
    whole, above = blocks[-1]
    assert "runs as pasted" in above
    titles = re.findall(r"^# -+ (.+) -+$", script, re.MULTILINE)
    if name == "cell":
        assert titles == ["in buffers(): list"]
    if len(titles) == 1:  # one piece, shown without the title that it has in the file
        script = script.split("\n", 1)[1]
    assert whole.value == script.strip()
    done = fresh_python.run(whole.value, tmp_path, pasted=True, fork=name != "buffer_lab")
    # What raised on the page raises here, in the same words; nothing else does.
    raised = done.stderr.strip().split("\n")[-1]
    shown = [line for block, _ in blocks for line in block.value.split("\n")]
    assert raised == "" or raised in shown, done.stderr
    assert done.stdout or raised


@pytest.mark.parametrize("name", OFFERS)
def test_other_code_says_that_it_is_a_part_and_is_one(offer, name):
    blocks, script = offer(name)
    for block, above in blocks[:-1]:
        # what to write in code of one's own
        proposed = above.startswith(("**How to fix it", "**To check your own module"))
        if block.language == "python" and not proposed:
            assert any(words in above for words in SAID), block.value
            assert block.value in script
