"""Each shipped module has what its author wrote down, no more and no less."""

import inspect
import json

import pytest
import torch
from torch import nn

from core.attention.causal_attention import (
    CausalAttentionWithBuffer,
    CausalAttentionWithoutBuffers,
)
from core.attention.mask_variants import CausalAttentionLazyMask, CausalAttentionReservedMask
from core.check import check, example_modules
from core.check.example_modules import FiveTensors
from core.check.examples import EXAMPLES, PAIRS
from core.check.report import KINDS, report_from_json
from core.lab.settings import LAB
from core.ledger.settings import LEDGER
from core.moving.settings import MOVING
from core.state_dict.settings import STATE_DICT

PAGES = {
    "pages/1_Attention_lab.py": LAB,
    "pages/2_Moving_devices.py": MOVING,
    "pages/3_State_dict.py": STATE_DICT,
    "pages/4_What_is_state.py": LEDGER,
}


@pytest.fixture(scope="module")
def reports():
    return {name: check(e.build, *e.inputs()) for name, e in EXAMPLES.items()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_just_its_findings(reports, name):
    report = reports[name]
    assert tuple(f.kind for f in report.findings) == EXAMPLES[name].kinds, report.text()
    assert report.module == name


def test_every_kind_has_a_module_that_has_it_and_one_that_is_clean(reports):
    assert set(PAIRS) == set(KINDS)
    for kind, (faulty, clean) in PAIRS.items():
        assert kind in {f.kind for f in reports[faulty.__name__].findings}
        assert reports[clean.__name__].summary() == "nothing found"
        assert not any(c.not_run for c in reports[clean.__name__].checks)


def test_a_finding_shows_a_run_that_failed_and_one_that_works(reports):
    for report in reports.values():
        for finding in report.findings:
            assert not all(trial.ok for trial in finding.evidence)
            assert finding.evidence[-1].ok, finding
            assert finding.fix and finding.where.startswith("check/example_modules.py:")


def test_names_and_lines_are_those_of_the_source(reports):
    containers = reports["TensorsInContainers"].findings
    assert {f.names for f in containers} == {
        ("shifts[0]",),
        ("scales['output']",),
        ("flip.<closure sign>",),
    }
    fixes = "".join(f.fix for f in containers)
    assert all(f'("{name}"' in fixes for name in ("shifts_0", "scales_output", "sign"))
    source = inspect.getsource(example_modules).splitlines()
    held = {f.names[0].partition("[")[0].partition(".")[0]: f.where for f in containers}
    for attribute, where in held.items():
        assert f"self.{attribute} = " in source[int(where.partition(":")[2]) - 1]
    (made,) = reports["ZerosOnCpu"].findings
    assert "torch.zeros" in source[int(made.where.partition(":")[2]) - 1]


def test_bytes_and_sizes_are_right(reports):
    (copies,) = reports["MovesItsTable"].findings
    assert f"{64 * 8 * 4:,} bytes" in copies.evidence[0].outcome
    (ballast,) = reports["LargeMaskInTheFile"].findings
    assert f"{256 * 256 * 4:,} bytes" in ballast.sentence


def test_of_the_two_attention_modules_one_has_the_plain_mask_and_the_other_nothing():
    x = EXAMPLES["PlainTable"].inputs()[0][..., :3]
    plain = check(lambda: CausalAttentionWithoutBuffers(3, 2, 6, 0.1), x)
    (finding,) = plain.findings
    assert (finding.kind, finding.names) == ("left_behind", ("mask",))
    assert "expected self and mask to be on the same device" in finding.evidence[0].outcome
    buffer = check(lambda: CausalAttentionWithBuffer(3, 2, 6, 0.1), x)
    assert not buffer.findings and not any(c.not_run for c in buffer.checks)
    lazy = check(lambda: CausalAttentionLazyMask(3, 2, 6, 0.0), x)
    assert [(f.kind, f.names) for f in lazy.findings] == [("stale_cache", ("mask",))]
    assert not check(lambda: CausalAttentionReservedMask(3, 2, 6, 0.0), x).findings


def test_a_report_survives_json_and_its_text_has_it_all(reports):
    for report in reports.values():
        assert report_from_json(report.json()) == report
        text = report.text()
        for finding in report.findings:
            assert finding.title in text and finding.sentence in text
            assert all(trial.outcome in text for trial in finding.evidence)
    raw = json.loads(reports["PlainTable"].json())
    assert raw["ok"] is False and raw["findings"][0]["title"] == KINDS["left_behind"].title


def test_lessons_exist_and_their_links_are_fit():
    for kind in KINDS.values():
        for name, text in kind.link:
            PAGES[kind.lesson][name].parse(text)


def test_findings_stand_by_severity_and_then_by_line():
    lines = [f.where.rpartition(":")[2] for f in check(FiveTensors, torch.ones(2, 6, 8)).findings]
    assert lines == sorted(lines, key=int) and len(set(lines)) == 3

    class Both(nn.Module):
        """A mask that is only to be smaller, before a table that is left behind."""

        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(256, 256))
            self.table = torch.ones(8)

        def forward(self, x):
            return x * self.mask[0, 0] + self.table

    assert [f.severity for f in check(Both, torch.ones(2, 6, 8)).findings] == [
        "error",
        "information",
    ]
