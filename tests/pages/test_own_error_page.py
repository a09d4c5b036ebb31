"""The page for an error of one's own, in Streamlit's test driver."""

import re

import pytest
from page_driver import open_page, text

from core.own_error.catalogue import KINDS
from core.own_error.observe import observe
from core.own_error.settings import SCENES

PASTED = """Traceback (most recent call last):
  File "/home/me/train.py", line 7, in forward
    return scores.masked_fill(self.mask, -torch.inf)
RuntimeError: expected self and mask to be on the same device, but got mask on cpu and self on cuda:0
"""  # noqa: E501


def page(**parameters):
    return open_page("8_Your_own_error.py", **parameters)


def paste(app, pasted):
    app.text_area(key="pasted error").set_value(pasted).run()
    assert not app.exception
    return app


def code(app):
    return [block.value for block in app.code]


def test_a_pasted_traceback_is_explained_beside_one_that_runs():
    app = paste(page(), PASTED)
    assert app.header[0].value == KINDS["mask-device"].title
    assert r"| It is on | cpu |" in text(app) and r"cuda\:0" in text(app)
    assert r"train\.py\, line 7\, in forward\: return scores" in text(app)
    yours, here, fails, raised, works = code(app)
    assert yours.endswith("got mask on cpu and self on cuda:0")
    assert here.endswith("got mask on cpu and self on sim:0") and raised.endswith(here)
    assert "def mask_on_the_cpu()" in fails and "register_buffer" in works
    assert ":green-badge[runs without an error]" in text(app)
    assert "pasted error" not in app.query_params and len(app.query_params) == 0
    assert not app.selectbox and "empty the box above" in app.caption[0].value
    assert not app.radio, "whoever has an error of their own is asked nothing"


@pytest.mark.parametrize("scene", ["masked_fill", "load_state_dict 3", "backward 1"])
def test_an_example_is_guessed_first(scene):
    app = page(example=scene)
    kind = KINDS[SCENES[scene]]
    (block,) = code(app)
    assert block.split("\n")[-1].strip() == observe(kind.slug).fails.split("\n")[-1].strip()
    assert "File" not in block and not app.header, "the example's name would tell"
    app.radio(key="cause").set_value(str(kind.cause)).run()
    next(b for b in app.button if b.label == "Show what it is").click().run()
    assert "That is what happened." in app.success[0].value
    assert app.header[0].value == kind.title
    again = page(example=scene, predict="false")
    assert again.header[0].value == kind.title and not again.radio


FRAME = 'Traceback (most recent call last):\n  File "train.py", line 41, in f\n    loss.backward()'


def test_what_is_not_known_is_said_with_what_is():
    app = paste(page(), f"{FRAME}\ntorch.OutOfMemoryError: CUDA out of memory.")
    assert f"not one of the {len(KINDS)} kinds" in app.warning[0].value and not app.header
    assert "nothing about memory" in app.warning[0].value
    kinds = next(m.value for m in app.markdown if "two dtypes" in m.value)
    assert len(re.split("; |\n", kinds)) == len(KINDS)
    assert "last line" not in text(app) and "assert triggered" not in text(app)
    assert "**last line** of the traceback is missing" in text(paste(page(), FRAME))


def test_a_line_that_calls_backward_is_not_blamed():
    words = observe("changed-in-place").fails.split("\n")[-1]
    app = paste(page(), f"{FRAME}\n{words}")
    assert "| Raised in your line | train" in text(app)
    assert "The fault is **not** in this line" in text(app)
    assert "The fault is **not**" not in text(paste(page(), PASTED))


def test_pasted_markup_stays_text():
    hostile = (
        "KeyError: \"attribute '_x_' already exists\" <script>alert(1)</script> :red[x] **b** $x$\n"
        '  File "<img src=x>.py", line 3, in f\n    ![x](javascript:alert(1)) | a | b\n'
    )
    app = paste(page(), hostile)
    shown = text(app)
    assert app.header[0].value == KINDS["name-taken"].title
    assert r"\_x\_" in shown and r"\<img src" in shown and r"\!\[x\]\(javascript\:" in shown
    assert r"\| a \| b" in shown
