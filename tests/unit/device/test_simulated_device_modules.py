"""PyTorch's own modules give the CPU's numbers on `sim`: forward (train and eval) and backward.

The oracle is the same module on the CPU, with the same weights and the same seed. A row of the
table is a module and what it is called with. Everything must agree to the last bit, except the
rows of ROUNDED, each with its reason.
"""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from core.device.simulated_device import register

register()


def rand(*shape, seed=0, dtype=torch.float32):
    return torch.rand(
        shape, generator=torch.Generator().manual_seed(seed + sum(shape)), dtype=dtype
    )


def ints(high, *shape):
    generator = torch.Generator().manual_seed(high)
    return torch.randint(high, shape, generator=generator)


def packed():
    return pack_padded_sequence(rand(4, 3, 5), torch.tensor([4, 2, 1]))


log_probabilities = rand(3, 4).log_softmax(-1)
signs = torch.tensor([1, -1, 1])
lengths = torch.tensor([3, 2])

# name: (how to make the module, its inputs)
MODULES = {
    # linear
    "Identity": (nn.Identity, [rand(2, 3)]),
    "Linear": (lambda: nn.Linear(3, 4), [rand(2, 3)]),
    "Linear 3d": (lambda: nn.Linear(3, 4), [rand(2, 5, 3)]),
    "Linear without bias": (lambda: nn.Linear(3, 4, bias=False), [rand(2, 3)]),
    "Bilinear": (lambda: nn.Bilinear(3, 4, 5), [rand(2, 3), rand(2, 4)]),
    # convolution
    "Conv1d": (lambda: nn.Conv1d(3, 4, 3), [rand(2, 3, 8)]),
    "Conv1d without a batch": (lambda: nn.Conv1d(3, 4, 3), [rand(3, 8)]),
    "Conv2d": (lambda: nn.Conv2d(3, 4, 3, padding=1, stride=2), [rand(2, 3, 6, 6)]),
    "Conv2d without bias": (lambda: nn.Conv2d(3, 4, 3, bias=False), [rand(2, 3, 6, 6)]),
    "Conv2d depthwise": (lambda: nn.Conv2d(4, 4, 3, groups=4), [rand(2, 4, 6, 6)]),
    "Conv2d dilated": (lambda: nn.Conv2d(3, 4, 2, dilation=2), [rand(2, 3, 6, 6)]),
    "Conv2d padded by reflection": (
        lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"),
        [rand(2, 3, 6, 6)],
    ),
    "Conv3d": (lambda: nn.Conv3d(2, 3, 2), [rand(1, 2, 4, 4, 4)]),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(3, 4, 3), [rand(2, 3, 5)]),
    "ConvTranspose2d in groups": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2, output_padding=1),
        [rand(2, 4, 5, 5)],
    ),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(2, 3, 2), [rand(1, 2, 3, 3, 3)]),
    "Unfold": (lambda: nn.Unfold(2), [rand(1, 2, 4, 4)]),
    "Fold": (lambda: nn.Fold((4, 4), 2), [rand(1, 8, 9)]),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), [rand(1, 4, 3, 3)]),
    "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), [rand(1, 1, 4, 4)]),
    "ChannelShuffle": (lambda: nn.ChannelShuffle(2), [rand(1, 4, 3, 3)]),
    "Upsample nearest": (lambda: nn.Upsample(scale_factor=2), [rand(1, 2, 3, 3)]),
    "Upsample bilinear": (
        lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
        [rand(1, 2, 3, 3)],
    ),
    # normalisation
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), [rand(4, 3)]),
    "BatchNorm1d without statistics": (
        lambda: nn.BatchNorm1d(3, track_running_stats=False),
        [rand(4, 3)],
    ),
    "BatchNorm1d, cumulative": (lambda: nn.BatchNorm1d(3, momentum=None), [rand(4, 3)]),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), [rand(2, 3, 4, 4)]),
    "BatchNorm3d": (lambda: nn.BatchNorm3d(2), [rand(2, 2, 3, 3, 3)]),
    "InstanceNorm2d": (
        lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        [rand(2, 3, 4, 4)],
    ),
    "LayerNorm": (lambda: nn.LayerNorm(5), [rand(2, 3, 5)]),
    "LayerNorm without weights": (
        lambda: nn.LayerNorm(5, elementwise_affine=False),
        [rand(2, 3, 5)],
    ),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), [rand(2, 4, 3)]),
    "RMSNorm": (lambda: nn.RMSNorm(5), [rand(2, 3, 5)]),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(2), [rand(2, 4, 3, 3)]),
    "CrossMapLRN2d": (lambda: nn.CrossMapLRN2d(2), [rand(2, 4, 3, 3)]),
    # recurrent
    "RNN": (lambda: nn.RNN(5, 4), [rand(6, 2, 5)]),
    "RNN with relu": (lambda: nn.RNN(5, 4, nonlinearity="relu"), [rand(6, 2, 5)]),
    "LSTM": (lambda: nn.LSTM(5, 4, 2, bidirectional=True), [rand(6, 2, 5)]),
    "LSTM without bias": (lambda: nn.LSTM(5, 4, bias=False), [rand(6, 2, 5)]),
    "LSTM with projection": (lambda: nn.LSTM(5, 4, proj_size=3), [rand(6, 2, 5)]),
    "LSTM, batch first, dropout": (
        lambda: nn.LSTM(5, 4, 2, batch_first=True, dropout=0.5),
        [rand(2, 6, 5)],
    ),
    "LSTM of packed sequences": (lambda: nn.LSTM(5, 4), [packed()]),
    "GRU": (lambda: nn.GRU(5, 4, 2, bidirectional=True), [rand(6, 2, 5)]),
    "GRU with a state": (lambda: nn.GRU(5, 4), [rand(6, 2, 5), rand(1, 2, 4)]),
    "GRU of packed sequences": (lambda: nn.GRU(5, 4), [packed()]),
    "RNNCell": (lambda: nn.RNNCell(5, 4), [rand(2, 5)]),
    "LSTMCell": (lambda: nn.LSTMCell(5, 4), [rand(2, 5)]),
    "LSTMCell without bias": (lambda: nn.LSTMCell(5, 4, bias=False), [rand(2, 5)]),
    "GRUCell": (lambda: nn.GRUCell(5, 4), [rand(2, 5), rand(2, 4)]),
    "GRUCell without bias": (lambda: nn.GRUCell(5, 4, bias=False), [rand(2, 5)]),
    # attention and transformers
    "MultiheadAttention": (lambda: nn.MultiheadAttention(8, 2), [rand(5, 2, 8)] * 3),
    "MultiheadAttention, dropout": (
        lambda: nn.MultiheadAttention(8, 2, dropout=0.5, batch_first=True),
        [rand(2, 5, 8)] * 3,
    ),
    "MultiheadAttention of other widths": (
        lambda: nn.MultiheadAttention(8, 2, kdim=6, vdim=4, add_bias_kv=True, add_zero_attn=True),
        [rand(5, 2, 8), rand(5, 2, 6), rand(5, 2, 4)],
    ),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        [rand(2, 5, 8)],
    ),
    "TransformerEncoderLayer, norm first": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, norm_first=True, activation="gelu"),
        [rand(5, 2, 8)],
    ),
    "TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
        [rand(2, 5, 8)],
    ),
    "TransformerDecoderLayer": (
        lambda: nn.TransformerDecoderLayer(8, 2, 16),
        [rand(5, 2, 8), rand(3, 2, 8)],
    ),
    "Transformer": (
        lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
        [rand(2, 5, 8), rand(2, 3, 8)],
    ),
    # embedding
    "Embedding": (lambda: nn.Embedding(7, 4), [ints(7, 2, 3)]),
    "Embedding with padding": (lambda: nn.Embedding(7, 4, padding_idx=0), [ints(7, 2, 3)]),
    "Embedding with max_norm": (lambda: nn.Embedding(7, 4, max_norm=0.5), [ints(7, 2, 3)]),
    "Embedding scaled by frequency": (
        lambda: nn.Embedding(7, 4, scale_grad_by_freq=True),
        [ints(7, 2, 3)],
    ),
    "EmbeddingBag mean": (lambda: nn.EmbeddingBag(7, 4), [ints(7, 2, 3)]),
    "EmbeddingBag sum with offsets": (
        lambda: nn.EmbeddingBag(7, 4, mode="sum"),
        [ints(7, 6), torch.tensor([0, 2])],
    ),
    "EmbeddingBag max": (lambda: nn.EmbeddingBag(7, 4, mode="max"), [ints(7, 2, 3)]),
    "EmbeddingBag weighted": (
        lambda: nn.EmbeddingBag(7, 4, mode="sum"),
        [ints(7, 2, 3), None, rand(2, 3)],
    ),
    # losses
    "L1Loss": (nn.L1Loss, [rand(3, 4), rand(3, 4, seed=1)]),
    "MSELoss": (nn.MSELoss, [rand(3, 4), rand(3, 4, seed=1)]),
    "SmoothL1Loss": (nn.SmoothL1Loss, [rand(3, 4), rand(3, 4, seed=1)]),
    "HuberLoss": (nn.HuberLoss, [rand(3, 4), rand(3, 4, seed=1)]),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, [rand(3, 4), ints(4, 3)]),
    "CrossEntropyLoss, weighted": (
        lambda: nn.CrossEntropyLoss(weight=rand(4), label_smoothing=0.1, ignore_index=1),
        [rand(3, 4), ints(4, 3)],
    ),
    "CrossEntropyLoss of probabilities": (nn.CrossEntropyLoss, [rand(3, 4), rand(3, 4, seed=1)]),
    "CrossEntropyLoss of images": (nn.CrossEntropyLoss, [rand(2, 4, 3, 3), ints(4, 2, 3, 3)]),
    "LinearCrossEntropyLoss": (lambda: nn.LinearCrossEntropyLoss(5, 4), [rand(3, 5), ints(4, 3)]),
    "NLLLoss": (nn.NLLLoss, [log_probabilities, ints(4, 3)]),
    "BCELoss": (nn.BCELoss, [rand(3, 4), rand(3, 4, seed=1)]),
    "BCEWithLogitsLoss": (
        lambda: nn.BCEWithLogitsLoss(pos_weight=rand(4)),
        [rand(3, 4), rand(3, 4, seed=1)],
    ),
    "KLDivLoss": (
        lambda: nn.KLDivLoss(reduction="batchmean"),
        [log_probabilities, rand(3, 4).softmax(-1)],
    ),
    "PoissonNLLLoss": (nn.PoissonNLLLoss, [rand(3, 4), rand(3, 4, seed=1)]),
    "GaussianNLLLoss": (nn.GaussianNLLLoss, [rand(3, 4), rand(3, 4, seed=1), rand(3, 4, seed=2)]),
    "CTCLoss": (
        nn.CTCLoss,
        [rand(5, 2, 4).log_softmax(-1), ints(3, 2, 3) + 1, lengths + 2, lengths],
    ),
    "HingeEmbeddingLoss": (nn.HingeEmbeddingLoss, [rand(3), signs]),
    "SoftMarginLoss": (nn.SoftMarginLoss, [rand(3), signs]),
    "MarginRankingLoss": (nn.MarginRankingLoss, [rand(3), rand(3, seed=1), signs]),
    "MultiMarginLoss": (nn.MultiMarginLoss, [rand(3, 4), ints(4, 3)]),
    "MultiLabelMarginLoss": (nn.MultiLabelMarginLoss, [rand(3, 4), ints(4, 3, 4)]),
    "MultiLabelSoftMarginLoss": (nn.MultiLabelSoftMarginLoss, [rand(3, 4), rand(3, 4).round()]),
    "CosineEmbeddingLoss": (nn.CosineEmbeddingLoss, [rand(3, 4), rand(3, 4, seed=1), signs]),
    "TripletMarginLoss": (nn.TripletMarginLoss, [rand(3, 4, seed=s) for s in range(3)]),
    "CosineSimilarity": (nn.CosineSimilarity, [rand(3, 4), rand(3, 4, seed=1)]),
    "PairwiseDistance": (nn.PairwiseDistance, [rand(3, 4), rand(3, 4, seed=1)]),
    "AdaptiveLogSoftmaxWithLoss": (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2, 4]),
        [rand(5, 8), ints(6, 5)],
    ),
    # lazy modules, made on sim before their shapes are known
    "LazyLinear": (lambda: nn.LazyLinear(4), [rand(2, 3)]),
    "LazyConv2d": (lambda: nn.LazyConv2d(4, 3), [rand(2, 3, 6, 6)]),
    "LazyConvTranspose1d": (lambda: nn.LazyConvTranspose1d(4, 3), [rand(2, 3, 6)]),
    "LazyBatchNorm1d": (nn.LazyBatchNorm1d, [rand(4, 3)]),
    "LazyInstanceNorm2d": (
        lambda: nn.LazyInstanceNorm2d(affine=True, track_running_stats=True),
        [rand(2, 3, 4, 4)],
    ),
    # random
    "Dropout": (lambda: nn.Dropout(0.5), [rand(4, 8)]),
    "Dropout2d": (lambda: nn.Dropout2d(0.5), [rand(2, 4, 3, 3)]),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.5), [rand(4, 8)]),
    "FeatureAlphaDropout": (lambda: nn.FeatureAlphaDropout(0.5), [rand(2, 4, 3)]),
    # pooling
    "MaxPool1d": (lambda: nn.MaxPool1d(2), [rand(2, 3, 8)]),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), [rand(2, 3, 6, 6)]),
    "MaxPool2d with indices": (lambda: nn.MaxPool2d(2, return_indices=True), [rand(2, 3, 6, 6)]),
    "MaxPool3d": (lambda: nn.MaxPool3d(2), [rand(1, 2, 4, 4, 4)]),
    "MaxUnpool2d": (
        lambda: nn.MaxUnpool2d(2),
        [rand(1, 1, 2, 2), torch.tensor([[[[0, 3], [9, 14]]]])],
    ),
    "AvgPool1d": (lambda: nn.AvgPool1d(2), [rand(2, 3, 8)]),
    "AvgPool2d": (lambda: nn.AvgPool2d(2), [rand(2, 3, 6, 6)]),
    "AvgPool3d": (lambda: nn.AvgPool3d(2), [rand(1, 2, 4, 4, 4)]),
    "LPPool2d": (lambda: nn.LPPool2d(2, 2), [rand(2, 3, 6, 6)]),
    "FractionalMaxPool2d": (lambda: nn.FractionalMaxPool2d(2, 3), [rand(2, 3, 6, 6)]),
    "AdaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(2), [rand(2, 3, 7)]),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d(2), [rand(2, 3, 5, 5)]),
    "AdaptiveAvgPool2d to one": (lambda: nn.AdaptiveAvgPool2d(1), [rand(2, 3, 5, 5)]),
    "AdaptiveAvgPool3d": (lambda: nn.AdaptiveAvgPool3d(2), [rand(1, 2, 4, 4, 4)]),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(2), [rand(2, 3, 7)]),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d(2), [rand(2, 3, 5, 5)]),
    # padding
    "ConstantPad1d": (lambda: nn.ConstantPad1d(2, 1.0), [rand(2, 3, 4)]),
    "ZeroPad2d": (lambda: nn.ZeroPad2d(1), [rand(1, 2, 3, 3)]),
    "ReflectionPad1d": (lambda: nn.ReflectionPad1d(2), [rand(2, 3, 4)]),
    "ReflectionPad2d": (lambda: nn.ReflectionPad2d(2), [rand(1, 2, 3, 3)]),
    "ReflectionPad3d": (lambda: nn.ReflectionPad3d(1), [rand(1, 2, 3, 3, 3)]),
    "ReplicationPad1d": (lambda: nn.ReplicationPad1d(2), [rand(2, 3, 4)]),
    "ReplicationPad2d": (lambda: nn.ReplicationPad2d(2), [rand(1, 2, 3, 3)]),
    "ReplicationPad3d": (lambda: nn.ReplicationPad3d(1), [rand(1, 2, 3, 3, 3)]),
    "CircularPad2d": (lambda: nn.CircularPad2d(1), [rand(1, 2, 3, 3)]),
    # shape
    "Flatten": (nn.Flatten, [rand(2, 3, 4)]),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 3)), [rand(2, 6)]),
}

ACTIVATIONS = (
    "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid Mish PReLU"
    " RReLU ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink".split()
)
for activation in ACTIVATIONS:
    MODULES[activation] = (getattr(nn, activation), [rand(4, 6) * 8 - 4])
MODULES["GELU by tanh"] = (lambda: nn.GELU(approximate="tanh"), [rand(4, 6) * 8 - 4])
MODULES["Threshold"] = (lambda: nn.Threshold(0.1, 20.0), [rand(4, 6)])
MODULES["ReLU in place"] = (lambda: nn.ReLU(inplace=True), [rand(4, 6)])
for over in ("Softmax", "Softmin", "LogSoftmax"):
    MODULES[over] = (lambda over=over: getattr(nn, over)(dim=-1), [rand(4, 6)])
MODULES["Softmax2d"] = (nn.Softmax2d, [rand(2, 3, 4, 4)])

# Not to the last bit: PyTorch takes another path on accelerators than on the CPU. The reasons are
# keyed by the beginning of a row's name.
ROUNDED = {
    "LSTM": "fused cells add the two biases to the gates in another order",
    "GRU": "likewise",
    "RNN": "backward multiplies gradients of other strides, whose sums come in another order",
    "Multihead": "the CPU has a fused scaled_dot_product_attention, sim takes the plain steps",
    "Transformer": "likewise, and the encoder's fused inference kernel is not for sim",
}


def leaves(value):
    """The tensors in what a module takes or gives, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    return []


def to_sim(value):
    return value.to("sim") if hasattr(value, "to") else value


def run(module, inputs, training, seed=3):
    """Outputs and, in training, the gradients of inputs and parameters."""
    module.train(training)
    inputs = [
        i.clone().requires_grad_() if isinstance(i, torch.Tensor) and i.is_floating_point() else i
        for i in inputs
    ]
    torch.manual_seed(seed)
    # an in-place activation may not write on a leaf
    arguments = [i * 1 if isinstance(i, torch.Tensor) and i.requires_grad else i for i in inputs]
    outputs = leaves(module(*arguments))
    if training:
        differentiable = [o for o in outputs if o.requires_grad]
        if differentiable:
            sum((o * o).sum() for o in differentiable).backward()
    gradients = [t.grad for t in [*leaves(inputs), *module.parameters()]]
    return outputs, gradients


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", MODULES)
def test_module_gives_the_numbers_of_the_cpu(name, training):
    make, inputs = MODULES[name]
    torch.manual_seed(1)
    on_cpu = make()
    torch.manual_seed(1)
    on_sim = make().to("sim")
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in on_cpu.parameters()):
        torch.manual_seed(2)
        on_cpu(*inputs)
        torch.manual_seed(2)
        on_sim(*map(to_sim, inputs))
    expected, expected_gradients = run(on_cpu, inputs, training)
    actual, actual_gradients = run(on_sim, [to_sim(i) for i in inputs], training)

    rounded = name.startswith(tuple(ROUNDED))
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if rounded else {"rtol": 0, "atol": 0}
    # batch_sizes of packed sequences stay on the CPU on any device
    assert all(t.device.type == "sim" for t in actual if t.is_floating_point())
    assert all(g.device.type == "sim" for g in actual_gradients if g is not None)
    assert [g is None for g in actual_gradients] == [g is None for g in expected_gradients]
    pairs = list(zip(actual, expected, strict=True))
    pairs += [
        (a, e) for a, e in zip(actual_gradients, expected_gradients, strict=True) if a is not None
    ]
    # running statistics: what the forward leaves in the buffers
    pairs += list(zip(on_sim.buffers(), on_cpu.buffers(), strict=True))
    assert pairs
    for on_sim_tensor, on_cpu_tensor in pairs:
        torch.testing.assert_close(on_sim_tensor.cpu(), on_cpu_tensor, equal_nan=True, **tolerance)


def test_the_table_has_a_row_for_every_module_of_torch_nn_or_a_reason():
    rows = {name.split()[0].rstrip(",") for name in MODULES}
    no_forward = set("Module Container ModuleList ModuleDict ParameterList ParameterDict".split())
    no_forward |= {"Sequential", "RNNBase", "RNNCellBase"}
    needs_more_devices = {"DataParallel", "SyncBatchNorm"}  # several of CUDA, a process group
    same_op_as_a_row = set(
        "AdaptiveMaxPool3d ConstantPad2d ConstantPad3d CircularPad1d CircularPad3d ZeroPad1d"
        " ZeroPad3d Dropout1d Dropout3d InstanceNorm1d InstanceNorm3d LPPool1d LPPool3d MaxUnpool1d"
        " MaxUnpool3d FractionalMaxPool3d NLLLoss2d UpsamplingBilinear2d UpsamplingNearest2d"
        " TransformerDecoder TripletMarginWithDistanceLoss LazyConv1d LazyConv3d"
        " LazyConvTranspose2d LazyConvTranspose3d LazyBatchNorm2d LazyBatchNorm3d"
        " LazyInstanceNorm1d LazyInstanceNorm3d".split()
    )
    classes = {n for n in dir(nn) if isinstance(getattr(nn, n), type)}
    modules = {n for n in classes if issubclass(getattr(nn, n), nn.Module)}
    assert sorted(modules - rows - no_forward - needs_more_devices - same_op_as_a_row) == []
