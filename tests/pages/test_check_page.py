"""The page that checks modules, run by Streamlit's own test driver."""

import time

import pytest
from page_driver import open_page, text
from streamlit.testing.v1 import AppTest

from core.check import check
from core.check.examples import EXAMPLES
from core.check.report import KINDS
from core.check.settings import CHECK, LEFT, MOVES, STAYS
from core.check.shipped import MODULES, check_shipped
from core.check.single_file import NAME
from core.workers import pool

PAGE = "7_Check_your_module.py"
TRUE = dict(zip((g.name for g in LEFT.guesses), (MOVES, MOVES, STAYS, STAYS, STAYS), strict=True))


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


def test_the_report_waits_for_five_guesses():
    app = page()
    assert "class FiveTensors" in codes(app)[1] and not app.selectbox
    button = next(b for b in app.button if b.label == "Check it")
    assert button.disabled
    for guess in LEFT.guesses:
        app.radio(key=guess.name).set_value(STAYS)
    app.run()
    next(b for b in app.button if b.label == "Check it").click().run()
    assert not app.exception
    assert "**3 of 5 right.**" in app.warning[0].value
    assert "`table`, a plain attribute: **it is left behind**" in text(app)
    assert "`scale`, `nn.Parameter`: **it moves**. :orange-badge" in text(app)


def test_all_right_is_said_and_the_link_shows_it_again():
    answer = LEFT.answer("", tuple(TRUE.values()))
    app = page(checked=answer, **TRUE)
    assert "**5 of 5 right.**" in app.success[0].value


@pytest.mark.parametrize("name", ["PlainTable", "MovesItsTable", "LargeMaskInTheFile"])
def test_a_report_shows_each_finding_with_its_proof_and_its_repair(name):
    app = page(predict="false", module=name)
    report = check(EXAMPLES[name].build, *EXAMPLES[name].inputs())
    shown = text(app)
    for finding in report.findings:
        assert finding.title in shown and finding.sentence in shown
        assert finding.fix in codes(app)
    if report.findings[0].severity == "information":
        assert ":blue-badge[ now]" in shown and ":blue-badge[ then]" in shown and "✗" not in shown
    else:
        assert ":green-badge[✓ right]" in shown and ":red-badge[✗ fault]" in shown


def test_how_to_check_a_module_of_ones_own_stands_first():
    app = page()
    first = codes(app)[0]
    assert "from buffer_check import check" in first and len(first.strip().split("\n")) <= 4
    assert [button.label for button in app.get("download_button")] == [f"Download {NAME}"]
    shown = text(app)
    assert shown.index("To check your own module") < shown.index("Predict.")


def test_a_finding_shows_its_line_of_the_module():
    app = page(predict="false", module="PlainTable")
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


def test_a_finding_leads_to_a_project_that_it_happened_in():
    app = page(predict="false")
    links = [link.proto for link in app.get("page_link")]
    like = {link.label for link in links if link.label.startswith("A project had this fault")}
    assert "A project had this fault: A mask as an attribute" in like
    assert any("case=mask-left-behind" in link.query_string for link in links)
