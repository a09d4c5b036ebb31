"""Code that learners read names `sim` only beside `cuda`: they may have a real GPU."""

import inspect
import re

import pytest

from core.cases import catalogue as cases
from core.cases.program import shown
from core.course import case_experiment, recap
from core.lab.experiment import Experiment
from core.lab.script import experiment_script
from core.ledger.rows import ROWS
from core.mask_cost.take_home import cost_script
from core.moving import copies
from core.moving.steps import PRESETS, Timeline
from core.moving.take_home import timeline_script
from core.own_error import catalogue as errors
from core.own_error.observe import shown as example
from core.state_dict.loading import LoadExperiment
from core.state_dict.take_home import load_script
from core.training.experiment import Training
from core.training.take_home import training_script

NAMES_SIM = re.compile(r"\bregister\(\)|[\"']sim\b")


def read_by_learners():
    for slug, case in cases.CASES.items():
        yield f"case {slug}", shown(case.broken)
        yield f"fix of case {slug}", shown(case.fixed)
    for slug in errors.EXAMPLES:
        yield f"error {slug}", example(slug)
        yield f"mended error {slug}", example(slug, works=True)
    for slug, question in recap.POOL.items():
        yield f"recap {slug}", question.code
    for name, row in ROWS.items():
        yield f"ledger {name}", inspect.getsource(row.experiment)
    for name, preset in PRESETS.items():
        yield f"timeline {name}", timeline_script(Timeline(preset.start, preset.steps)).text
    yield "copies", inspect.getsource(copies)
    yield "case machine", inspect.getsource(case_experiment)
    yield "lab", experiment_script(Experiment(device="sim")).text
    yield "training", training_script(Training(device="sim")).text
    yield "mask cost", cost_script("sim", 128).text
    for device in ("source_device", "target_device"):
        yield f"loading, {device}", load_script(LoadExperiment(**{device: "sim"})).text


TEXTS = dict(read_by_learners())


def test_what_names_sim_is_found():
    naming = [name for name, text in TEXTS.items() if NAMES_SIM.search(text)]
    for kind in ("case ", "fix of", "error", "mended", "recap", "ledger", "timeline", "copies",
                 "case machine", "lab", "training", "mask cost", "loading"):  # fmt: skip
        assert any(name.startswith(kind) for name in naming), f"{kind} has none: is it looked at?"


@pytest.mark.parametrize("name", TEXTS)
def test_cuda_stands_beside_sim(name):
    assert not NAMES_SIM.search(TEXTS[name]) or "cuda" in TEXTS[name], TEXTS[name]
