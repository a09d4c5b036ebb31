"""What is said about a learner's choice in the case machine, from what its run showed."""

from core.charts.byte_words import in_bytes
from core.course.case import Case
from core.course.case_program import CaseResult
from core.settings.prediction import Verdict


def is_right(case: Case, choice: str) -> bool:
    """Whether a choice counts: it is the recommended one, or works too."""
    return choice == case.best or choice in case.fine


def faults(case: Case, result: CaseResult) -> tuple[str, ...]:
    """What is wrong with a choice, as its run showed; a sentence a fault, Markdown."""
    if result.error:
        return (f"The code does not run: `{first_line(result.error)}`.",)
    found = []
    if result.device_error:
        found.append(
            f"The tensor stays on `{result.place}`, and the forward pass on the device raises an "
            "error."
        )
    if result.handed and not case.trained:
        and_so = "changes it" if result.changed else "would change it with the first gradient"
        found.append(f"The optimizer gets the tensor and {and_so}.")
    if case.trained and not result.changed:
        found.append("The optimizer does not train the tensor.")
    if result.load_error:
        found.append("The file does not load into a new module.")
    if result.alike is False:
        found.append("A new module that loads the file gives another output: the values are lost.")
    return tuple(found)


def case_verdict(case: Case, result: CaseResult) -> Verdict:
    """The Verdict on a choice: what its run showed, and why the recommended one is that."""
    if result.choice == case.best:
        said = "That is the recommended way."
    elif result.choice in case.fine:
        said = f"That works too. {case.fine[result.choice]}"
    else:
        besides = case.besides.get(result.choice)
        said = " ".join((*faults(case, result), *([besides] if besides else [])))
    reason = case.why
    if result.choice != case.best:
        reason = f"Recommended: **{case.best}**. {reason}"
    if result.choice == case.best and case.fine:
        others = " ".join(f"A {choice} works too. {why}" for choice, why in
                          case.fine.items())  # fmt: skip
        reason = f"{reason} {others}"
    return Verdict(result.choice, is_right(case, result.choice), said, reason, case.best)


def first_line(error: str) -> str:
    """The first line of an error, without back quotes."""
    return error.strip().splitlines()[0].replace("`", "'").rstrip(".")


def consequences(result: CaseResult) -> tuple[tuple[str, str], ...]:
    """(what was looked at, what was seen) of a run, as Markdown."""
    if result.error:
        return (("it runs", f"no: {first_line(result.error)}"),)
    optimizer = (
        "changes it" if result.changed else "gets it" if result.handed else "does not get it"
    )
    device = f"raises: {first_line(result.device_error)}" if result.device_error else "works"
    alike = {True: "yes", False: "no, its output differs", None: "no, loading raises an error"}
    return (
        ("moves with `.to(device)`", "yes" if result.moved else f"no, stays on `{result.place}`"),
        ("forward pass on the device", device),
        ("the optimizer", optimizer),
        ("in the `state_dict`", f"yes, {in_bytes(result.nbytes)}" if result.nbytes else "no"),
        ("a new module that loads the file gives the same output", alike[result.alike]),
    )
