"""A state_dict that loads, after which the output is another: which tensor is missing?"""

from core.check.move_findings import hidden_finding, is_or_are, named, register_fix
from core.check.outputs import as_share, difference, same_values
from core.check.places import where_held
from core.check.repairs import smallest
from core.check.report import Finding, Trial
from core.check.saving import STEPS, CheckpointResult, Saved, gives_the_same, loaded
from core.check.subject import Subject
from core.check.tensors import Held, tensors_of


def state_lost(
    subject: Subject, saved: Saved, result: CheckpointResult, reported: set[str]
) -> None:
    heir = loaded(subject, saved)
    distance = difference(saved.output.output, subject.call(heir).output)
    theirs = {h.path: h for h in tensors_of(saved.module)}
    lost = [
        h
        for h in tensors_of(loaded(subject, saved))
        if (h.holding in ("plain", "non-persistent buffer") or h.hidden)
        and h.path in theirs and h.put
        and not same_values(h.tensor, theirs[h.path].tensor)
    ]  # fmt: skip

    def with_theirs(units: frozenset) -> bool:
        heir = loaded(subject, saved)
        for h in tensors_of(heir):
            if h.unit in units and h.put and h.path in theirs:
                h.put(theirs[h.path].tensor.detach().clone())
        return gives_the_same(subject, heir, saved)

    needed = smallest([h.unit for h in lost], with_theirs)
    shows = Trial(STEPS, as_share(distance), False)
    if not needed:
        result.not_run["the output after loading"] = (
            f"{as_share(distance)}, and copying every tensor that was not saved does not change "
            "that: the output depends on something other than tensors"
        )
        return
    for unit in sorted(needed):
        held = [h for h in lost if h.unit == unit]
        if not held[0].hidden:
            result.findings.append(_lost(held, shows))
        elif not {h.path for h in held} <= reported:
            result.findings.append(_hidden(held, shows))


def _lost(held: list[Held], shows: Trial) -> Finding:
    names = tuple(h.path for h in held)
    return Finding(
        "error",
        "state_lost",
        f"The output depends on {named(names)}, and the state_dict does not contain that. A new "
        "module has other values there: they are random, or training changes them.",
        names,
        where_held(held[0]),
        (shows, _copied(names)),
        register_fix(held, persistent=True),
    )


def _hidden(held: list[Held], shows: Trial) -> Finding:
    names = tuple(h.path for h in held)
    return hidden_finding("error", held, (shows, _copied(names)))


def _copied(names: tuple[str, ...]) -> Trial:
    what = f"the same, but {named(names)} {is_or_are(names)} copied too"
    return Trial(what, "the output is the same", True)
