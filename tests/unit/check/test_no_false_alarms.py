"""What must not be reported, and what must not be changed."""

import copy
import random
import sys

import numpy
import pytest
import torch
from torch import nn

from core.check import CannotCheck, check
from core.check.outputs import difference

X = torch.linspace(-1, 1, 24).reshape(2, 12)


class Sum(nn.Module):
    """A base for small modules: forward adds what `more` gives."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(12, 12)

    def forward(self, x):
        return self.layer(x) + self.more(x)


class NumberTensor(Sum):
    def __init__(self):
        super().__init__()
        self.scale = torch.tensor(0.5)

    def more(self, x):
        return x * self.scale


class NotRead(Sum):
    def __init__(self):
        super().__init__()
        self.unused = torch.arange(5000)
        self.empty = torch.empty(0)
        self.also_empty = self.empty[:0]

    def more(self, x):
        return x


class AsksCuda(Sum):
    def __init__(self):
        super().__init__()
        self.table = torch.ones(12)

    def more(self, x):
        return self.table.cuda() if x.is_cuda else self.table


class Counter(Sum):
    """Its output depends on earlier calls."""

    def __init__(self):
        super().__init__()
        self.memory = torch.zeros(12)

    def more(self, x):
        self.memory = self.memory.to(x.device) + x.detach().mean(0)
        return self.memory


class NumpyDraws(Sum):
    """Noise in forward, from NumPy's generator and from Python's."""

    def more(self, x):
        return torch.as_tensor(numpy.random.rand(12) + random.random()).to(x)


class TinyBuffer(Sum):
    """In float16 this underflows to 0, which no output shows."""

    def __init__(self):
        super().__init__()
        self.register_buffer("epsilon", torch.full((12,), 1e-12))

    def more(self, x):
        return x / (x.abs() + 1 + self.epsilon)


class SensitiveWeights(Sum):
    """16 bits spoil this output by its weights: a buffer in float32 would not help."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(0.1, 1, 12))
        self.register_buffer("one", torch.full((12,), 1 / 3))

    def more(self, x):
        return torch.sin(5000 * self.weight) * 5 + self.one


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(12, 12)
        self.second = nn.Linear(12, 12)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


CLEAN = {
    "0-dim tensor": NumberTensor,
    "tensors that forward does not read": NotRead,
    "memory of earlier calls": Counter,
    "NumPy's numbers": NumpyDraws,
    "underflow without effect": TinyBuffer,
    "weights that need their digits": SensitiveWeights,
    "tied parameters": Tied,
    "dropout": lambda: nn.Sequential(nn.Linear(12, 12), nn.Dropout(0.5)),
    "batch norm": lambda: nn.Sequential(nn.BatchNorm1d(12), nn.Linear(12, 300)),
    "spectral norm": lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(12, 12)),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(12, 12)),
    "LSTM": lambda: nn.LSTM(12, 4, 2, batch_first=True),
    "lazy parameters": lambda: nn.LazyLinear(4),
    "transformer layer": lambda: nn.TransformerEncoderLayer(12, 4, 16, batch_first=True),
}


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_module_has_no_finding(name):
    report = check(CLEAN[name], X if name != "transformer layer" else X[None])
    assert not report.findings, report.text()


def test_code_that_asks_for_cuda_is_noted():
    report = check(AsksCuda, X)
    assert not report.errors and "is_cuda" in "".join(report.notes)


def test_code_that_asks_for_cuda_by_name_is_not_judged():
    class ByName(Sum):
        def __init__(self):
            super().__init__()
            self.table = torch.ones(12)

        def more(self, x):
            return self.table.to(x.device) if x.device.type == "cuda" else self.table

    report = check(ByName, X)
    why = {c.name: c.not_run for c in report.checks}
    assert not report.errors and 'looks for the device type "cuda"' in why["move, run"]


def test_where_the_output_cannot_be_compared_the_report_says_so():
    why = {c.name: c.not_run for c in check(Counter, X).checks}
    assert why["the output after loading"] == "the output depends on earlier calls"
    assert (
        "the output after loading: the output depends on earlier calls" in check(Counter, X).text()
    )


TABLE = torch.arange(12.0)


class GlobalTable(Sum):
    def __init__(self):
        super().__init__()
        self.table = TABLE
        self.register_buffer("offset", TABLE)

    def more(self, x):
        return x * self.table + self.offset


def test_nothing_that_was_given_is_changed():
    torch.manual_seed(5)
    given = GlobalTable()
    before = copy.deepcopy(given.state_dict())
    table, x = TABLE.clone(), X.clone()
    torch.manual_seed(1), random.seed(1), numpy.random.seed(1)
    states = torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tolist()
    threads = torch.get_num_threads()
    report = check(lambda: given, x)
    check(GlobalTable, x)
    assert [f.names for f in report.errors] == [("table",)]
    assert "hands out modules that share tensors" in "".join(report.notes)
    assert torch.equal(states[0], torch.get_rng_state()) and states[1] == random.getstate()
    assert states[2] == numpy.random.get_state()[1].tolist()
    assert torch.get_num_threads() == threads
    assert torch.equal(TABLE, table) and torch.equal(x, X) and given.table is TABLE
    assert given.training and not given._forward_pre_hooks
    for name, tensor in given.state_dict().items():
        assert torch.equal(tensor, before[name]) and tensor.device.type == "cpu"


def test_what_a_module_prints_stays_out_of_the_output(capsys):
    class Loud(nn.Linear):
        def forward(self, x):
            print("loud")
            return super().forward(x)

    report = check(lambda: Loud(12, 2), X)
    assert "loud" not in capsys.readouterr().out and "printed" in report.text()


def test_a_fault_in_training_mode_is_found_too():
    class OnlyInTraining(Sum):
        def __init__(self):
            super().__init__()
            self.noise = torch.ones(12)

        def more(self, x):
            return self.noise if self.training else x

    (finding,) = check(OnlyInTraining, X).errors
    assert finding.names == ("noise",) and ".eval()" not in finding.evidence[0].what


def test_prepare_is_for_what_is_saved_and_not_for_what_loads():
    class Fitted(Sum):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(12), persistent=False)

        def more(self, x):
            return x - self.mean

    assert not check(Fitted, X).errors
    (finding,) = check(Fitted, X, prepare=lambda m: m.mean.add_(1)).errors
    assert (finding.kind, finding.names) == ("state_lost", ("mean",))


def test_a_buffer_that_is_none_in_a_fresh_build_is_no_place_to_load_into():
    class Freezable(Sum):
        def __init__(self):
            super().__init__()
            self.register_buffer("noise", None)

        def more(self, x):
            return x if self.noise is None else x + self.noise

    def freeze(module):
        module.noise = torch.randn(12)

    assert not check(Freezable, X).findings
    (finding,) = check(Freezable, X, prepare=freeze).errors
    assert (finding.kind, finding.names) == ("load_fails", ("noise",))
    assert "Unexpected key(s)" in finding.evidence[0].outcome
    assert finding.evidence[-1].outcome == "it loads, and the output is the same"


def test_random_numbers_that_the_first_run_registers_cannot_be_left_out_of_the_file():
    class DrawsOnce(Sum):  # as performer-pytorch 0.10.0
        def more(self, x):
            if not hasattr(self, "projection"):
                self.register_buffer("projection", torch.randn(12, 12, device=x.device))
            return x @ self.projection

    (finding,) = check(DrawsOnce, X).errors
    assert (finding.kind, finding.names) == ("load_fails", ("projection",))
    assert "the new module runs once before it loads" in finding.evidence[-1].what


def test_a_global_tensor_in_forward_is_an_error():
    class UsesGlobal(Sum):
        def more(self, x):
            return x * TABLE

    (finding,) = check(UsesGlobal, X).errors
    assert (finding.kind, finding.names) == ("made_on_cpu", ("mul",))
    assert "return x * TABLE" in finding.sentence


def test_numbers_that_go_through_numpy_are_an_error():
    class ThroughNumpy(Sum):
        def more(self, x):
            return torch.from_numpy(numpy.sin(x.detach().numpy()))

    errors = check(ThroughNumpy, X).errors
    assert [f.names for f in errors] == [("add",), ("numpy",)]


BAD = {
    "a module": (nn.Linear(2, 2), (X,), "a function that builds one"),
    "a number": (3, (X,), "a function without arguments"),
    "a builder that fails": (lambda: 1 / 0, (X,), "ZeroDivisionError: division by zero"),
    "no module": (lambda: "text", (X,), "returned str, but a torch.nn.Module"),
    "inputs that do not fit": (lambda: nn.Linear(3, 3), (X,), "a tensor (2, 12) of float32"),
    "no inputs": (lambda: nn.Linear(3, 3), (), "The inputs were: none"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_a_clear_sentence(name):
    build, inputs, words = BAD[name]
    with pytest.raises(CannotCheck, match=r".") as raised:
        check(build, *inputs)
    assert words in str(raised.value)


def test_a_prepare_that_fails_gets_a_clear_sentence():
    with pytest.raises(CannotCheck, match=r"`prepare` failed on a fresh module. KeyError"):
        check(lambda: nn.Linear(12, 2), X, prepare=lambda m: {}["absent"])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no alarm clock")
def test_a_forward_that_hangs_ends_at_the_limit():
    class Endless(nn.Module):
        def forward(self, x):
            while True:
                try:
                    x = x + 1
                except Exception:
                    continue

    with pytest.raises(CannotCheck, match=r"more than 0.2 seconds, which is the limit"):
        check(Endless, X, seconds=0.2)


def test_the_difference_of_outputs_by_hand():
    a = {"x": torch.tensor([1.0, 2.0]), "n": [3]}
    assert difference(a, {"x": torch.tensor([1.0, 2.5]), "n": [3]}) == 0.25
    assert difference(a, {"x": torch.tensor([1.0, 2.0]), "n": [4]}) == pytest.approx(1 / 3)
    assert difference(a, {"x": torch.tensor([1.0, float("nan")]), "n": [3]}) == float("inf")
    assert difference(a, {"x": torch.tensor([1.0]), "n": [3]}) == float("inf")
    assert difference(a, {"x": torch.tensor([1.0, 2.0])}) == float("inf")
    nan = torch.tensor([float("nan"), 1.0])
    assert difference(nan, nan.clone()) == 0
