"""What `check` hands back: findings with their proof, and what could not be tried.

A Finding is proved by two Trials: the run that shows the fault, and the run that works once the
repair is made. Severity:
    error        the module fails, or loses state, where PyTorch's conventions say that it works
    warning      it works, but slowly, or fails under a cast or another way of loading
    information  nothing is wrong; something could be smaller
"""

import json
from dataclasses import asdict, dataclass

SEVERITIES = ("error", "warning", "information")


@dataclass(frozen=True)
class Trial:
    """One run that `check` made: what was done, how it came out, and whether that was right."""

    what: str
    outcome: str
    ok: bool


@dataclass(frozen=True)
class Finding:
    """One thing that was found in a module, with its proof and its repair."""

    severity: str  # one of SEVERITIES
    kind: str  # a key of KINDS
    sentence: str
    names: tuple[str, ...]  # the tensors, by their path from the module
    where: str  # "file.py:12", or "" where no source is known
    evidence: tuple[Trial, ...]  # the run that failed, then the run with the repair
    fix: str  # code

    @property
    def title(self) -> str:
        return KINDS[self.kind].title

    def sign(self, trial: Trial) -> str:
        """What a Trial shows, in one word."""
        if self.severity == "information":
            return "then" if trial.ok else "now"
        return "right" if trial.ok else "fault"

    @property
    def lesson(self) -> str:
        """The page of the course that explains it."""
        return KINDS[self.kind].lesson

    @property
    def link(self) -> dict[str, str]:
        """The settings of that page, as in its URL."""
        return dict(KINDS[self.kind].link)


@dataclass(frozen=True)
class Kind:
    """A kind of Finding: its title, and where the course explains it."""

    title: str
    lesson: str  # the file of a page
    link: tuple[tuple[str, str], ...] = ()  # its settings there, as in the URL


_LAB, _MOVING = "pages/1_Attention_lab.py", "pages/2_Moving_devices.py"
_STATE_DICT, _LEDGER = "pages/3_State_dict.py", "pages/4_What_is_state.py"
KINDS = {
    "left_behind": Kind("A tensor is left behind by .to()", _LAB, (("buffer", "false"),)),
    "hidden_module": Kind(
        "Modules are hidden in a plain list or dict",
        _LEDGER,
        (("row", "in parameters()"), ("column", "list")),
    ),
    "stale_cache": Kind(
        "A cache stays on the old device",
        _MOVING,
        (("start", "lazy"), ("steps", "forward.to-sim.forward")),
    ),
    "made_on_cpu": Kind("forward uses a tensor that is always on the CPU", _MOVING),
    "load_fails": Kind(
        "The state_dict does not load into a new module", _STATE_DICT, (("failures", "true"),)
    ),
    "state_lost": Kind(
        "After loading the state_dict, the output is different", _STATE_DICT, (("edit", "true"),)
    ),
    "copies": Kind("Every forward copies data to the device", _MOVING, (("crossings", "true"),)),
    "parted": Kind(
        "After .to(), two tensors no longer share memory",
        _MOVING,
        (("start", "buffer"), ("steps", "list.to-sim.float64.forward")),
    ),
    "cast": Kind(
        "After a cast to 16 bits, the output is wrong",
        _LEDGER,
        (("row", "cast by .half()"), ("column", "register_buffer")),
    ),
    "meta": Kind(
        "Built on the meta device, the output is wrong",
        _LEDGER,
        (("row", "taken off meta by to_empty()"), ("column", "not persistent")),
    ),
    "rebuildable": Kind(
        "The file contains what every new module computes", _STATE_DICT, (("price", "true"),)
    ),
}


@dataclass(frozen=True)
class Tried:
    """One of the checks: its name, and why it could not run, or "" where it ran."""

    name: str
    not_run: str = ""


@dataclass(frozen=True)
class Report:
    """All that was found in one module."""

    module: str  # the name of its class
    findings: tuple[Finding, ...]  # errors first
    checks: tuple[Tried, ...]
    notes: tuple[str, ...]  # what was seen by the way
    seconds: float
    torch: str  # its version

    def having(self, severity: str) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(f for f in self.findings if f.severity == severity)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return self.having("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self.having("warning")

    @property
    def information(self) -> tuple[Finding, ...]:
        return self.having("information")

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    def text(self) -> str:
        """The report for a terminal."""
        lines = [f"{self.module}: {self.summary()} ({self.seconds:.1f} s, torch {self.torch})"]
        for number, finding in enumerate(self.findings, start=1):
            lines += ["", *_finding_lines(number, finding)]
        skipped = [check for check in self.checks if check.not_run]
        if skipped:
            lines += ["", "Not checked:"]
            lines += [f"  - {check.name}: {check.not_run}" for check in skipped]
        if self.notes:
            lines += ["", *(f"Note: {note}" for note in self.notes)]
        return "\n".join(lines) + "\n"

    def summary(self) -> str:
        """The numbers of findings in words."""
        found = [
            _counted(len(self.having(severity)), severity)
            for severity in SEVERITIES
            if self.having(severity)
        ]
        return ", ".join(found) or "nothing found"

    def json(self) -> str:
        """The report as JSON text, for other programs."""
        found = [
            asdict(f) | {"title": f.title, "lesson": f.lesson, "link": f.link}
            for f in self.findings
        ]
        return json.dumps(asdict(self) | {"ok": self.ok, "findings": found}, indent=2)


def _counted(number: int, severity: str) -> str:
    if severity == "information":
        return f"{number} information"
    return f"{number} {severity}" + "s" * (number != 1)


def _finding_lines(number: int, finding: Finding) -> list[str]:
    where = f" ({finding.where})" if finding.where else ""
    lines = [f"{number}. {finding.severity.upper()}: {finding.title}{where}"]
    lines.append(f"   {finding.sentence}")
    for trial in finding.evidence:
        lines.append(f"   {finding.sign(trial):5}  {trial.what}: {trial.outcome}")
    page = finding.lesson.removeprefix("pages/").removesuffix(".py").partition("_")[2]
    lines.append(f"   Lesson: {page.replace('_', ' ')}")
    lines += ["   Fix:", *(f"       {line}" for line in finding.fix.splitlines())]
    return lines


def report_from_json(text: str) -> Report:
    """The Report that `Report.json` wrote."""
    raw = json.loads(text)
    findings = tuple(
        Finding(
            f["severity"],
            f["kind"],
            f["sentence"],
            tuple(f["names"]),
            f["where"],
            tuple(Trial(**trial) for trial in f["evidence"]),
            f["fix"],
        )
        for f in raw["findings"]
    )
    checks = tuple(Tried(**check) for check in raw["checks"])
    notes = tuple(raw["notes"])
    return Report(raw["module"], findings, checks, notes, raw["seconds"], raw["torch"])
