"""Every test of the device runs in each of PyTorch's three modes of autograd, where it can."""

import pytest
from autograd_modes import MODES, modes_of


@pytest.fixture(autouse=True)
def autograd_mode(request):
    with MODES[request.param]():
        yield


def pytest_generate_tests(metafunc):
    own = "mode" in metafunc.fixturenames  # it goes through the modes itself
    modes = ["grad"] if own else modes_of(metafunc.module.__name__, metafunc.function.__name__)
    metafunc.parametrize("autograd_mode", modes, indirect=True)
