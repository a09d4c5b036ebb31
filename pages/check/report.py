"""A report on the page: what was found, each finding with its proof, and what was tried."""

import html

import streamlit as st

from core.cases.catalogue import CASES
from core.check.reasons import case_of
from core.check.report import Finding, Report, Trial
from core.check.settings import CHECK, DETAILS
from core.check.shipped import check_shipped, line_of
from core.lessons import lesson
from pages.components import progress
from pages.components.code import download
from pages.components.links import page_link
from pages.components.widgets import plain, section

CASES_PAGE = "pages/6_Failure_cases.py"
ON_PAPER = """<style>
@media screen { .on-paper { display: none; }
  .stElementContainer:has(> .stHtml > .on-paper) { position: absolute; } }
@media print { .st-key-findings { display: none; }
  .on-paper { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.75rem; } }
</style><pre class="on-paper">"""
BADGES = {
    "error": ":red-badge[error]",
    "warning": ":orange-badge[warning]",
    "information": ":blue-badge[information]",
}


def report_of(name: str) -> Report | None:
    """The Report on a shipped module, or None while a worker is still at it."""
    return progress.work("check", check_shipped, name)


def draw(report: Report, name: str) -> None:
    """All of a Report on a shipped module; details are sent once they are opened."""
    st.markdown(f"**{report.module}: {report.summary()}**, in {report.seconds:.1f} s.")
    with st.container(key="findings"):
        for number, finding in enumerate(report.findings, start=1):
            line = f"{BADGES[finding.severity]} **{number}. {finding.title}.** {finding.sentence}"
            with section(DETAILS[number - 1], line) as opened:
                if opened.open:
                    _details(finding, line_of(name, finding.where))
    if not report.findings:
        st.success("No fault was found.", icon=":material/check:")
    st.html(f"{ON_PAPER}{html.escape(report.text())}</pre>")  # with what is folded on the screen
    with section(CHECK["checks"], _checks_in_short(report)) as opened:
        if opened.open:
            _tried(report)
            with st.container(horizontal=True):
                download("Report (.txt)", report.text(), "report.txt", "text/plain")
                download("Report (.json)", report.json(), "report.json", "application/json")


def _checks_in_short(report: Report) -> str:
    skipped = sum(bool(check.not_run) for check in report.checks)
    ran = f"{len(report.checks) - skipped} checks ran"
    return f"{ran}{f', {skipped} could not' * bool(skipped)}; the report as a file"


def _details(finding: Finding, line: str) -> None:
    st.markdown("\n".join(_trial(finding, trial) for trial in finding.evidence))
    st.markdown(f"**How to fix it.** The line is `{line}`" if line else "**How to fix it**")
    st.code(finding.fix, wrap_lines=True)
    page = lesson(finding.lesson)
    page_link(
        page.page,
        label=f"The lesson that explains it: {page.title}",
        icon=page.icon,
        settings=finding.link,
    )
    slug = case_of(finding)
    if slug:
        case = CASES[slug]
        page_link(
            CASES_PAGE,
            label=f"A project had this fault: {case.title}",
            icon=lesson(CASES_PAGE).icon,
            settings={"case": case.slug},
        )


def _trial(finding: Finding, trial: Trial) -> str:
    """A run that shows the finding, or that works with the repair, as an item in Markdown."""
    colour, mark = ("green", "✓") if trial.ok else ("red", "✗")
    if finding.severity == "information":
        colour, mark = "blue", ""
    sign = f":{colour}-badge[{mark} {finding.sign(trial)}]"
    return f"- {sign} {trial.what}. **Result:** {plain(trial.outcome)}"


def _tried(report: Report) -> None:
    ran = [check.name for check in report.checks if not check.not_run]
    st.caption(f"Checked: {' · '.join(ran)}")
    skipped = [check for check in report.checks if check.not_run]
    if skipped:
        lines = (f"- {check.name}: {plain(check.not_run)}" for check in skipped)
        st.markdown("**Not checked**\n\n" + "\n".join(lines))
    for note in report.notes:
        st.caption(plain(note))
