"""A case of the case machine as a program: its module with the learner's choice written in."""

import inspect
import re
from dataclasses import dataclass

from core.code.building_blocks import DEVICE
from core.code.script import Needs, Script
from core.course import case_experiment
from core.course.case import NOT_PERSISTENT, PARAMETER, PERSISTENT, PLAIN, Case
from core.workers.random_state import one_thread, own_random_numbers

LINES = {  # what stands in the place of hold(self, "name", tensor)
    PARAMETER: "self.{name} = nn.Parameter({tensor})",
    PERSISTENT: 'self.register_buffer("{name}", {tensor})',
    NOT_PERSISTENT: 'self.register_buffer("{name}", {tensor}, persistent=False)',
    PLAIN: "self.{name} = {tensor}",
}
_HOLD = re.compile(r'hold\(self, "(?P<name>\w+)", (?P<tensor>.+)\)(?P<comment>\s+#.*)?$', re.M)
_IMPORTS = (
    ("import torch\n", "torch."),
    ("from torch import nn\n", "nn."),
    ("from torch.nn.functional import normalize\n", "normalize("),
)


def module_text(case: Case, choice: str) -> str:
    """The source of a case's module that holds its tensor as chosen."""
    return _HOLD.sub(
        lambda found: LINES[choice].format(**found.groupdict()) + (found["comment"] or ""),
        inspect.getsource(case.module),
    )


def chosen_line(case: Case, choice: str) -> str:
    """The line that a choice stands for."""
    found = _HOLD.search(inspect.getsource(case.module))
    if found is None:
        raise LookupError(f"{case.module.__name__} has no line that begins with hold(self, …)")
    return LINES[choice].format(**found.groupdict())


def case_script(case: Case, choice: str) -> Script:
    """The Script that builds the module and examines it, with the result as `seen`."""
    module = module_text(case, choice)
    imports = "".join(line for line, sign in _IMPORTS if sign in module or line == _IMPORTS[0][0])
    call = f'x = {case.batch}\nseen = examine({case.module.__name__}, "{case.tensor}", x)\n'
    return Script(
        f"{imports}\n\n{module}\n\ntorch.manual_seed(0)\n{call}",
        (DEVICE, Needs("How it is examined", (case_experiment,), "what is used")),
        case.title,
        report='for what, was in seen.items():\n    print(f"{what}: {was}")\n',
    )


@dataclass(frozen=True)
class CaseResult:
    """What one run of a case showed. Errors are PyTorch's type and message, or None.

    error: it could not be built or trained, and then nothing else was seen. nbytes: of the tensor
    in the state_dict, 0 where it is not there. alike: whether a fresh module that loaded the
    state_dict goes on as the old one; None where loading raised.
    """

    choice: str
    error: str | None = None
    handed: bool = False
    changed: bool = False
    nbytes: int = 0
    alike: bool | None = None
    load_error: str | None = None
    place: str = ""
    device_error: str | None = None

    @property
    def moved(self) -> bool:
        return self.place not in ("", "cpu")


def run(case: Case, choice: str) -> CaseResult:
    """Execute case_script(case, choice) and return the CaseResult."""
    script = case_script(case, choice)
    try:
        with own_random_numbers(), one_thread():
            seen = script.run()["seen"]
    except Exception as error:
        return CaseResult(choice, f"{type(error).__name__}: {error}")
    handed, changed, nbytes, alike, place, device_error = seen.values()
    raised = isinstance(alike, str)
    return CaseResult(
        choice,
        None,
        handed,
        changed,
        nbytes,
        None if raised else alike,
        alike if raised else None,
        place,
        device_error,
    )
