"""What the ledger's reasons claim beyond the outcome of their cell, each shown by a run."""

import copy
import io
import pickle
import warnings

import pytest
import torch
from torch import nn

from core.ledger.reasons import REASONS


class Plain(nn.Module):
    """Holds a tensor as a plain attribute."""

    def __init__(self, tensor):
        super().__init__()
        self.mask = tensor


def test_an_optimizer_passes_over_a_parameter_without_a_gradient_decay_and_all():
    without, zero = (nn.Parameter(torch.ones(2)) for _ in range(2))
    zero.grad = torch.zeros(2)
    torch.optim.AdamW([without, zero], lr=0.1, weight_decay=0.5).step()
    assert without.tolist() == [1, 1] and zero[0].item() == pytest.approx(0.95)


def test_casting_a_complex_buffer_to_a_real_dtype_loses_the_imaginary_part_with_a_warning():
    module = nn.Module()
    module.register_buffer("table", torch.tensor([1 + 2j]))
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)  # else it is said once a process
    try:
        with pytest.warns(UserWarning, match="discards the imaginary part"):
            module.to(torch.bfloat16)
    finally:
        torch.set_warn_always(always)
    assert module.table.tolist() == [1]


def test_half_leaves_a_complex_buffer_alone():
    module = nn.Module()
    module.register_buffer("table", torch.tensor([1 + 2j]))
    assert module.half().table.dtype == torch.complex64


def test_deepcopy_refuses_a_result_with_a_graph():
    module = Plain(torch.ones(2, requires_grad=True) * 2)
    with pytest.raises(RuntimeError, match="deepcopy protocol"):
        copy.deepcopy(module)
    module.mask = module.mask.detach()
    assert torch.equal(copy.deepcopy(module).mask, module.mask)


def test_torch_load_refuses_a_pickled_module_and_takes_its_state_dict():
    for saved, refused in ((nn.Linear(2, 2), True), (nn.Linear(2, 2).state_dict(), False)):
        file = io.BytesIO()
        torch.save(saved, file)
        file.seek(0)
        if refused:
            with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
                torch.load(file)
        else:
            assert list(torch.load(file)) == ["weight", "bias"]


class Counting(Plain):
    def forward(self, x):
        self.mask.add_(1)
        return x * self.mask


def test_a_plain_tensor_that_forward_changes_is_refused_by_run_decompositions():
    program = torch.export.export(Counting(torch.ones(3)), (torch.ones(3),))
    assert list(program.constants) == ["mask"]
    with pytest.raises(RuntimeError, match="mutated in the forward method"):
        program.run_decompositions()


@pytest.mark.parametrize("kind", [nn.ParameterList, lambda one: nn.ParameterDict({"a": one[0]})])
def test_parameter_containers_make_a_tensor_trainable(kind):
    (tensor,) = kind([torch.ones(2)]).parameters()
    assert isinstance(tensor, nn.Parameter) and tensor.requires_grad


def test_state_dict_does_not_use_apply():
    class Counts(nn.Linear):
        calls = 0

        def _apply(self, fn, recurse=True):
            self.calls += 1
            return super()._apply(fn, recurse)

    module = Counts(2, 2)
    module.state_dict()
    assert module.calls == 0
    module.half()
    assert module.calls == 1
    assert not any("_apply" in reason for reason in REASONS["in state_dict()"].values())


def test_moving_a_module_moves_its_gradients():
    module = nn.Linear(2, 2)
    module(torch.ones(2)).sum().backward()
    assert module.to(torch.float64).weight.grad.dtype == torch.float64


def test_only_batch_and_instance_norm_count_their_batches():
    counting = (nn.BatchNorm1d(4), nn.InstanceNorm1d(4, track_running_stats=True))
    others = (nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.RMSNorm(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all("num_batches_tracked" in dict(norm.named_buffers()) for norm in counting)
        assert not any(dict(norm.named_buffers()) for norm in others)
