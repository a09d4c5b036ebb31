"""Each shipped module has what its author wrote down, no more and no less."""

import importlib
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


def repaired(finding, text):
    """The source of a class, in a file of its own, with the fix of one finding put into it."""
    place, *rest = finding.fix.splitlines()
    assert place.endswith(".__init__")
    init, reads, method, at = [], {}, [], 0
    for line in rest:
        if line.startswith("# instead of: "):
            assert line.removeprefix("# instead of: ") in text
        elif line.startswith("# a method of"):
            at = -1
        elif line.startswith("# "):
            at = int(line.rpartition(":")[2])
        elif at > 0:
            reads[at] = line
        else:
            (method if at else init).append(line)
    lines = text.splitlines()
    for n, new in reads.items():
        old = lines[n - 1]
        lines[n - 1] = old[: len(old) - len(old.lstrip())] + new
    number = int(finding.where.rpartition(":")[2])
    stays = "." in finding.names[0] or "[" in finding.names[0]
    lines[number - 1 : number - (stays and not method)] = [f"{8 * ' '}{line}" for line in init]
    return "\n".join([*lines, "", *(f"    {line}" for line in method)]) + "\n"


HEAD = "import torch\nfrom torch import nn\n\n\n"
NESTED = """class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        sign, shift = -torch.ones(8), torch.ones(8)

        def flip(x):
            return x * sign + shift

        self.flip = flip

    def forward(self, x):
        return self.flip(x)
"""


@pytest.mark.parametrize("name", ["FiveTensors", "TensorsInContainers", "PlainTable", "Nested"])
def test_a_fix_is_code_that_repairs_the_class(name, tmp_path, monkeypatch):
    text = NESTED if name == "Nested" else inspect.getsource(EXAMPLES[name].build)
    text, x = HEAD + text, torch.ones(2, 6, 8)
    left, outputs = [], []
    for step in range(5):
        module = f"{name}_{step}".lower()
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        build = getattr(importlib.import_module(module), name)
        report = check(build, x)
        left.append(len(report.errors))
        torch.manual_seed(0)
        outputs.append(build()(x))
        if report.ok:
            break
        assert "…" not in report.findings[0].fix
        text = repaired(report.findings[0], text)
    assert left[-1] == 0 and left == sorted(set(left), reverse=True), text
    assert all(torch.equal(outputs[0], output) for output in outputs)


def test_what_is_made_outside_of_the_class_is_left_to_the_reader():
    def scaled_by(scale):
        return lambda x: x * scale

    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            self.scaled = scaled_by(torch.ones(8))

        def forward(self, x):
            return self.scaled(x)

    (finding,) = check(Made, torch.ones(2, 8)).findings
    assert finding.fix.splitlines()[1:] == [
        'self.register_buffer("scale", …, persistent=False)',
        "# where scale is read, use self.scale",
    ]


def test_a_fix_of_many_tensors_is_short():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.ones(8)
            self.shifts = [torch.ones(8) for _ in range(10)]

        def forward(self, x):
            return x * self.table + sum(self.shifts)

    table, shifts = check(lambda: nn.Sequential(Layer(), Layer()), torch.ones(2, 8)).findings
    assert table.fix.count("register_buffer") == 1
    assert shifts.fix.count("register_buffer") == 8 and "# and 2 more" in shifts.fix


def test_findings_about_one_tensor_agree_whether_it_is_saved():
    class Centred(nn.Module):
        """A running mean, which training changes, and a scale, which every module computes."""

        def __init__(self):
            super().__init__()
            self.mean = torch.zeros(8)
            self.scale = torch.full((8,), 2.0)

        def forward(self, x):
            if self.training:
                self.mean = 0.9 * self.mean + 0.1 * x.detach().mean((0, 1))
            return (x - self.mean) * self.scale

    found = check(Centred, torch.ones(2, 6, 8)).findings
    assert [(f.kind, f.names) for f in found] == [
        ("left_behind", ("mean",)),
        ("left_behind", ("scale",)),
        ("state_lost", ("mean",)),
    ]
    assert found[0].fix == found[2].fix
    assert 'register_buffer("mean", torch.zeros(8), persistent=True)' in found[0].fix
    assert 'register_buffer("scale", torch.full((8,), 2.0), persistent=False)' in found[1].fix


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
