"""PyTorch's operator database on `sim` and on the CPU: minutes, so only on request.

OPERATOR_DATABASE=1 python -m pytest tests/unit/device/test_operator_database.py -s
"""

import os

import pytest
from operator_database import WAYS, compare

# Differences with a reason.
REASONS = {
    "tensor_split": "an index on the device is refused, as on CUDA",
    "to_sparse": "sparse tensors are a limit",
}


@pytest.mark.skipif("OPERATOR_DATABASE" not in os.environ, reason="set OPERATOR_DATABASE=1")
def test_every_entry_is_equal_in_every_way():
    outcomes = compare()
    assert set(outcomes) == set(WAYS)
    wrong = {
        (way, name): found
        for way, names in outcomes.items()
        for name, found in names.items()
        if found not in ("equal", "none") and name not in REASONS
    }
    assert not wrong
