"""Does a state_dict carry all that the output depends on? Save, build anew, load, compare."""

from core.check.load_failures import load_fails
from core.check.lost_state import state_lost
from core.check.saving import CheckpointResult, gives_the_same, heir_of, loaded, save
from core.check.subject import Subject


def checkpoint_check(subject: Subject, reported: set[str]) -> CheckpointResult:
    """Load what was saved into a fresh build, and compare the outputs.

    reported: tensors of hidden modules that were found already; they are not named again.
    """
    saved = save(subject)
    result = CheckpointResult(saved=saved)
    try:
        heir_of(subject).load_state_dict(saved.state)
    except Exception as error:
        load_fails(subject, saved, error, result)
        return result
    if saved.comparable:
        result.not_run["the output after loading"] = saved.comparable
        return result
    heir = loaded(subject, saved)
    if gives_the_same(subject, heir, saved):
        result.loads = True
        return result
    state_lost(subject, saved, result, reported)
    return result
