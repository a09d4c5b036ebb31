"""The decision card: each branch's proof is run, with the settings of its link."""

import copy
import xml.etree.ElementTree as ET

import pytest
import torch
from catalogues import CATALOGUES

from core.cases.catalogue import CASES as FAILURES
from core.cases.observe import observe
from core.check.shipped import check_shipped
from core.course.card_files import as_markdown, as_svg
from core.course.case_machine import CASES
from core.course.case_program import run
from core.course.decision_card import BRANCHES
from core.course.end import NEXT
from core.lessons import LESSONS
from core.moving import timeline
from core.moving.settings import split_steps
from core.settings.setting import read_url
from core.state_dict.size import prices
from core.training.modules import BUFFER, NORM, PARAMETER
from core.training.run import train
from core.training.settings import training_settings

PLACES = [place for branch in BRANCHES for place in branch.proofs]
PLACES += [case.back for case in CASES.values()]
PLACES += NEXT


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.words)
def test_a_place_is_a_page_with_fit_settings(place):
    assert place.page in {lesson.page for lesson in LESSONS}
    catalogue = CATALOGUES[place.page.removeprefix("pages/").removesuffix(".py")]
    texts = {k: [v] if isinstance(v, str) else list(v) for k, v in place.settings}
    kept, complaints = read_url(texts, catalogue)
    assert not complaints
    assert kept == place.link


def settings_of(branch, number=0):
    """The settings of a branch's proof, with the page's defaults for the others."""
    place = BRANCHES[branch].proofs[number]
    catalogue = CATALOGUES[place.page.removeprefix("pages/").removesuffix(".py")]
    texts = {name: setting.default for name, setting in catalogue.items()}
    return texts | {k: catalogue[k].parse(v) for k, v in place.settings}


def moved(branch, number):
    values = settings_of(branch, number)
    steps = timeline.Timeline(values["start"], split_steps(values["steps"]))
    return timeline.run_timeline(steps)


@pytest.fixture(scope="module")
def trained():
    """The lesson on training with the settings of the first branch's link."""
    return train(lambda *_: None, training_settings(settings_of(0)))


def test_trained_an_optimizer_changes_the_parameter_and_not_the_buffer(trained):
    assert trained.modules[PARAMETER].changed["mask"]
    assert not trained.modules[BUFFER].changed["mask"]
    assert trained.modules[BUFFER].changed["W_query.weight"]


def test_an_optimizer_takes_what_it_is_handed():
    buffer = torch.ones(2, requires_grad=True)
    buffer.sum().backward()
    torch.optim.SGD([buffer], lr=0.1).step()
    assert buffer.tolist() != [1, 1]
    assert "usually" in BRANCHES[0].why and "usually" in CASES["learned-positions"].why


def test_follows_the_module_a_buffer_moves_and_a_plain_attribute_does_not():
    follows, stays = moved(1, 0), moved(1, 1)
    assert follows.error is None and follows.columns[-1].ledger["mask"].device.startswith("sim")
    assert stays.columns[-1].ledger["mask"].device == "cpu" and "device" in stays.error.message


def test_computed_again_the_file_without_masks_is_smaller_by_all_of_them():
    layers = int(settings_of(2)["layers"])
    sizes = {(p.way, p.context_length): p.bytes for p in prices(layers) if p.measured}
    with_masks, without = sizes["float32 buffer", 256], sizes["non-persistent buffer", 256]
    assert with_masks - without > layers * 256 * 256 * 4


def test_learned_from_data_running_statistics_change_without_a_gradient(trained):
    assert settings_of(3)["norm"] is True
    statistics = trained.modules[NORM]
    assert statistics.changed["norm.running_mean"]
    assert set(statistics.gradients["norm.running_mean"]) == {None}


def test_learned_from_data_what_is_not_saved_is_lost():
    values = settings_of(3, 1)
    assert values["predict"] and values["choice"] is None  # the learner decides first
    case = CASES[values["case"]]
    lost, kept = (run(case, choice) for choice in ("non-persistent buffer", case.best))
    assert lost.alike is False and kept.alike is True and lost.nbytes == 0


def test_device_error_the_odd_tensor_is_registered_or_created_on_the_inputs_device():
    outcome = observe(FAILURES[settings_of(4)["case"]])
    assert outcome.broken.raised("device") and outcome.fixed.failure is None
    report = check_shipped(lambda *_: None, settings_of(4, 1)["module"])
    (finding,) = report.errors
    assert "device=x.device" in finding.fix
    assert [trial.ok for trial in finding.evidence] == [False, True]


def test_none_of_these_a_plain_result_with_a_graph_cannot_be_copied():
    class Shows(torch.nn.Module):
        def forward(self, x):
            self.last = x * 2
            return self.last

    x = torch.ones(2, requires_grad=True)
    module = Shows()
    module(x)
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(module)
    module.last = module.last.detach()
    copy.deepcopy(module)


def test_the_drawing_is_xml_and_has_every_branch():
    tree = ET.fromstring(as_svg())
    drawn = "\n".join(element.text or "" for element in tree.iter())
    for branch in BRANCHES:
        assert branch.question in drawn and branch.code in drawn
    assert "`" not in drawn


def test_the_drawings_lines_fit_their_boxes():
    for element in ET.fromstring(as_svg()).iter("{http://www.w3.org/2000/svg}text"):
        wide = {"title": 14, "strong": 9.4, "code": 9.1, "small": 7.4}[element.get("class")]
        x = int(element.get("x"))
        box = 524 if x == 40 else 1096
        assert x + wide * len(element.text) < box, element.text


def test_the_markdown_has_a_row_for_every_branch():
    assert as_markdown().count("\n| ") == 1 + len(BRANCHES)
