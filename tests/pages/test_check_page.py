"""The page that checks modules, run by Streamlit's own test driver."""

import html
import time

import pytest
from page_driver import open_page, text
from streamlit.testing.v1 import AppTest

from core.cases.catalogue import CASES
from core.check import check
from core.check.examples import EXAMPLES
from core.check.reasons import case_of
from core.check.report import KINDS
from core.check.settings import CHECK, DETAILS, LEFT, MOVES, STAYS
from core.check.shipped import MODULES, check_shipped
from core.check.single_file import NAME
from core.workers import pool

PAGE = "7_Check_your_module.py"
TRUE = dict(zip((g.name for g in LEFT.guesses), (MOVES, MOVES, STAYS, STAYS, STAYS), strict=True))

ALL_OPEN = {one.name: "true" for one in DETAILS}


def page(**parameters) -> AppTest:
    """The page with the result of its worker: the job is awaited before the page runs."""
    wait_for(parameters.get("module", CHECK["module"].default))
    return open_page(PAGE, **parameters)


def wait_for(name):
    if name not in MODULES:
        return
    deadline = time.monotonic() + 60
    while not pool.ask(check_shipped, name).over:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def codes(app):
    return [block.value for block in app.code]


def findings_of(app):
    """The lines of the findings, which open."""
    return [one.label for one in app.expander if "-badge[" in one.label]


def test_the_report_waits_for_five_guesses():
    app = page()
    assert "class FiveTensors" in codes(app)[1] and app.selectbox(key="module").disabled
    button = next(b for b in app.button if b.label == "Check it")
    assert button.disabled
    for guess in LEFT.guesses:
        app.radio(key=guess.name).set_value(STAYS)
    app.run()
    next(b for b in app.button if b.label == "Check it").click().run()
    assert not app.exception
    verdict = app.warning[0].value
    assert "**3 of 5 right.**" in verdict
    assert "`table`, a plain attribute: **it is left behind**" in verdict
    assert "`scale`, `nn.Parameter`: **it moves**. :orange-badge" in verdict
    assert sum("class FiveTensors" in code for code in codes(app)) == 1


def test_all_right_is_said_and_the_link_shows_it_again():
    answer = LEFT.answer("", tuple(TRUE.values()))
    app = page(checked=answer, **TRUE)
    assert "**5 of 5 right.**" in app.success[0].value


@pytest.mark.parametrize("name", ["PlainTable", "MovesItsTable", "LargeMaskInTheFile"])
def test_a_report_shows_each_finding_with_its_proof_and_its_repair(name):
    app = page(predict="false", module=name, **ALL_OPEN)
    report = check(EXAMPLES[name].build, *EXAMPLES[name].inputs())
    shown = text(app)
    for finding, line in zip(report.findings, findings_of(app), strict=True):
        assert finding.severity in line and finding.title in line and finding.sentence in line
        assert finding.fix in codes(app)
    if report.findings[0].severity == "information":
        assert ":blue-badge[ now]" in shown and ":blue-badge[ then]" in shown and "✗" not in shown
    else:
        assert ":green-badge[✓ right]" in shown and ":red-badge[✗ fault]" in shown


def test_details_of_a_finding_are_sent_only_once_it_is_opened():
    closed, second = page(predict="false"), page(predict="false", finding2="true")
    assert len(findings_of(closed)) == len(findings_of(second)) == 3
    assert "Result:" not in text(closed) and not any(
        "register_buffer(" in c for c in codes(closed)[2:]
    )
    assert text(second).count("How to fix it") == 1
    assert any('register_buffer("shifts_0"' in code for code in codes(second))


def test_on_paper_the_report_is_whole_with_all_findings_closed():
    (paper,) = (
        e.proto.body for e in page(predict="false").get("html") if "on-paper" in e.proto.body
    )
    (report,) = (check_shipped(lambda *_: None, CHECK["module"].default),)
    for finding in report.findings:
        assert all(html.escape(line) in paper for line in finding.fix.splitlines())
        assert all(html.escape(trial.outcome) in paper for trial in finding.evidence)
    assert all(html.escape(one.not_run) in paper for one in report.checks)


def test_no_shipped_module_has_more_findings_than_the_link_can_open():
    most = max(len(check_shipped(lambda *_: None, name).findings) for name in EXAMPLES)
    assert most == len(DETAILS)


def test_the_checks_that_ran_and_the_files_are_one_line_until_it_is_opened():
    app = page(predict="false", checks="true")
    assert any(e.label == "9 checks ran, 1 could not; the report as a file" for e in app.expander)
    assert "the errors on the device have to be fixed first" in text(app)
    labels = {button.label for button in app.get("download_button")}
    assert {"Report (.txt)", "Report (.json)"} <= labels


def test_how_to_check_a_module_of_ones_own_stands_first():
    app = page()
    first = codes(app)[0]
    assert "from buffer_check import check" in first and len(first.strip().split("\n")) <= 4
    assert [button.label for button in app.get("download_button")] == [f"Download {NAME}"]
    shown = text(app)
    first = "To check your own module, download one file and run three lines"
    assert shown.index(first) < shown.index("here you can try") < shown.index("Predict.")
    assert next(m.value for m in app.markdown if "check" in m.value).startswith(f"**{first}")


def test_a_finding_shows_its_line_of_the_module():
    app = page(predict="false", module="PlainTable", **ALL_OPEN)
    line = "self.table = torch.linspace(-1, 1, 6 * 8).reshape(6, 8)"
    assert f"The line is `{line}`" in text(app) and any(line in code for code in codes(app))


def test_clean_modules_are_said_to_be_clean():
    for name in ("BufferTable", "nn.LSTM"):
        app = page(predict="false", module=name)
        assert app.success[0].value == "No fault was found."
        assert "nothing found" in text(app)


def test_the_page_says_what_is_looked_for_and_how_to_look_at_home():
    app = page(predict="false", kinds="true", home="true", code="true")
    shown = text(app)
    assert all(kind.title in shown for kind in KINDS.values())
    assert NAME in "".join(codes(app)) and "assert report.ok" in "".join(codes(app))
    assert any("report = check(FiveTensors, x)" in code for code in codes(app))


def test_an_unfit_link_is_mended_and_said():
    app = page(predict="false", module="os.system")
    assert "`os.system`" in "".join(w.value for w in app.warning)
    assert app.selectbox(key="module").value == CHECK["module"].default


def test_a_finding_leads_to_a_case_with_the_same_fault():
    found = {}
    for name in ("FiveTensors", "TensorsInContainers", "PlainBlocks", "LazyPositions", "ZerosOnCpu",
                 "PersistentCache", "TwoParameters"):  # fmt: skip
        for finding in check_shipped(lambda *_: None, name).findings:
            found.setdefault(finding.names[0], set()).add(case_of(finding))
    assert found == {
        "table": {"mask-left-behind"},
        "shifts[0]": {"tensors-in-a-list"},
        "flip.<closure sign>": {None},
        "scales['output']": {None},
        "blocks[0].weight": {None},
        "positions": {"lazy-mask", "none-buffer-saved"},
        "zeros": {None},
        "weight": {None},
    }
    told = {slug for slugs in found.values() for slug in slugs if slug}
    assert all(CASES[slug].sources for slug in told)
    links = [link.proto for link in page(predict="false", **ALL_OPEN).get("page_link")]
    like = [link.label for link in links if link.label.startswith("A project had this fault")]
    assert [label.partition(": ")[2] for label in like] == [
        "A mask as an attribute",
        "Masks in a list",
    ]
    assert any("case=tensors-in-a-list" in link.query_string for link in links)


def test_the_severity_of_a_finding_is_read_once():
    (line,) = findings_of(page(predict="false", module="PlainTable"))
    assert line.startswith(":red-badge[error] **1.")
