"""Real faults of released packages are found; what repaired them and what is clean is not."""

import pytest
from conftest import checked
from releases import CLEAN, RELEASES

from core.check import check
from core.check.torch_modules import TORCH_MODULES

MANY_CLEAN = 60


def in_short(findings):
    """What the table says of findings: the names below their title, three of many."""
    titles = {}
    for finding in findings:
        key = f"{finding['severity']}: {finding['title']}"
        titles.setdefault(key, []).extend(finding["names"])
    return "; ".join(
        f"{title} ({', '.join(names[:3])}{', …' if names[3:] else ''})"
        for title, names in titles.items()
    )


def ids(release):
    return f"{release.bad} {release.name}"


@pytest.mark.parametrize("release", RELEASES, ids=ids)
def test_the_fault_is_found(release, table):
    (report,) = checked(release.bad, release.setup, release.needs, release.stubs).values()
    found = [f for f in report["findings"] if f["kind"] in release.kinds]
    names = [name for f in found for name in f["names"]]
    assert {f["severity"] for f in found} == {release.found_as}, report
    for tensor in release.tensors:
        assert any(name.endswith(tensor) for name in names), (tensor, names)
    for finding in found:
        assert finding["evidence"][-1]["ok"] and not all(t["ok"] for t in finding["evidence"])
    row = table["faults"].setdefault((release.bad, release.name), {})
    row["bad"] = in_short(found)
    if not release.good:
        row["good"] = "there is none"


@pytest.mark.parametrize("release", [r for r in RELEASES if r.good], ids=ids)
def test_nothing_of_it_is_found_in_the_repaired_release(release, table):
    (report,) = checked(release.good, release.setup, release.needs, release.stubs).values()
    assert "cannot_check" not in report
    assert not [f for f in report["findings"] if f["kind"] in release.kinds], report
    assert report["ok"], report
    row = table["faults"].setdefault((release.bad, release.name), {})
    row["good"] = f"{release.good}: no error"


def counts(reports):
    by_severity = [f["severity"] for report in reports for f in report["findings"]]
    return [len(reports), *(by_severity.count(s) for s in ("error", "warning", "information"))]


@pytest.mark.parametrize("package", CLEAN, ids=lambda package: package.release)
def test_a_clean_package_has_no_error(package, table):
    reports = checked(package.release, package.setup, package.needs, package.stubs)
    failed = {name: r["cannot_check"] for name, r in reports.items() if "cannot_check" in r}
    assert not failed
    errors = {name: r["findings"] for name, r in reports.items() if not r["ok"]}
    assert not errors
    table["clean"][package.release] = counts(list(reports.values()))


def test_modules_of_torch_have_no_error(table):
    reports = [check(build, *inputs()) for build, inputs in TORCH_MODULES.values()]
    assert all(report.ok for report in reports)
    as_json = [{"findings": [{"severity": f.severity} for f in r.findings]} for r in reports]
    table["clean"]["torch.nn"] = counts(as_json)


def test_there_were_many_clean_modules(table):
    if len(table["clean"]) < len(CLEAN) + 1:
        pytest.skip("not all clean packages were checked")
    assert sum(row[0] for row in table["clean"].values()) >= MANY_CLEAN
