"""Tensors on the simulated device, and the message of a call that raises."""

import pytest
import torch


def sim(*values, **options):
    return torch.tensor(*values, device="sim", **options)


def message_of(call):
    with pytest.raises(RuntimeError) as caught:
        call()
    return str(caught.value)
