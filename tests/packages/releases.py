"""Releases of packages that nobody here wrote: with a fault, with its repair, or clean.

A setup is run with `torch`, `nn` and `where`, the folder of the release, and defines `build` and
`x`, a tuple of inputs, and perhaps `prepare`. needs: other packages, installed without theirs.
stubs: imports that the module does not use, replaced by an empty module.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A module of a released package, and what is to be found in it."""

    name: str
    bad: str  # as pip takes it
    good: str  # the release that has it repaired, or ""
    kinds: tuple[str, ...]  # one of these kinds of finding
    tensors: tuple[str, ...]  # names that a finding of that kind must have, as endings
    setup: str
    needs: tuple[str, ...] = ()
    stubs: tuple[str, ...] = ()
    found_as: str = "error"


EINOPS = ("einops==0.8.2",)
KORNIA = ("kornia-rs==0.2.0", "packaging==26.3")
SCIPY = ("scipy==1.17.1",)

RELEASES = (
    Release(
        "Summer(PositionalEncoding1D(8))",
        "positional-encodings==6.0.1",
        "positional-encodings==6.0.3",
        ("stale_cache",),
        ("cached_penc",),
        "from positional_encodings.torch_encodings import PositionalEncoding1D, Summer\n"
        "build = lambda: Summer(PositionalEncoding1D(8))\nx = (torch.rand(1, 5, 8),)",
    ),
    Release(
        "STFT(n_fft=256)",
        "nnAudio==0.1.5",
        "nnAudio==0.2.0",
        ("left_behind",),
        ("wsin", "wcos"),
        "import inspect\nfrom nnAudio.Spectrogram import STFT\n"
        "old = {'device': 'cpu'} if 'device' in inspect.signature(STFT).parameters else {}\n"
        "build = lambda: STFT(n_fft=256, verbose=False, **old)\nx = (torch.randn(1, 4096),)",
        SCIPY,
    ),
    Release(
        "Sigmoid(temperature=0.5)",
        "nflows==0.14",
        "",
        ("left_behind",),
        ("temperature",),
        "from nflows.transforms.nonlinearities import Sigmoid\n"
        "build = lambda: Sigmoid(temperature=0.5)\nx = (torch.randn(4, 3),)",
        stubs=("matplotlib",),
    ),
    Release(
        "TabNetEncoder(8, 4)",
        "pytorch-tabnet==4.1.0",
        "",
        ("left_behind",),
        ("group_attention_matrix",),
        "from pytorch_tabnet.tab_network import TabNetEncoder\n"
        "build = lambda: TabNetEncoder(8, 4)\nx = (torch.randn(4, 8),)",
        SCIPY,
        ("sklearn",),
    ),
    Release(
        "BayesianLinear(bias=False)",
        "blitz-bayesian-pytorch==0.2.7",
        "blitz-bayesian-pytorch==0.2.8",
        ("made_on_cpu",),
        ("zeros",),
        "from blitz.modules import BayesianLinear\n"
        "build = lambda: BayesianLinear(4, 4, bias=False)\nx = (torch.randn(2, 4),)",
        stubs=("torchvision",),
    ),
    Release(
        "BayesianLinear(4, 4)",
        "blitz-bayesian-pytorch==0.2.8",
        "",
        ("parted",),
        ("weight_mu", "weight_sampler.mu"),
        "from blitz.modules import BayesianLinear\n"
        "build = lambda: BayesianLinear(4, 4)\nx = (torch.randn(2, 4),)",
        stubs=("torchvision",),
        found_as="warning",
    ),
    Release(
        "RotaryEmbedding(use_xpos=True)",
        "rotary-embedding-torch==0.4.0",
        "rotary-embedding-torch==0.5.0",
        ("stale_cache",),
        ("cache['scale:6']",),
        "from rotary_embedding_torch import RotaryEmbedding\n"
        "class Both(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.rotary = RotaryEmbedding(dim=8, use_xpos=True)\n"
        "    def forward(self, t):\n"
        "        return self.rotary.rotate_queries_and_keys(t, t)\n"
        "build = Both\nx = (torch.randn(1, 2, 6, 8),)",
        (*EINOPS, "beartype==0.23.1"),
    ),
    Release(
        "Dcls1d(4, 4)",
        "dcls==0.1.1",
        "",
        ("stale_cache", "left_behind"),
        ("IDX", "lim"),
        "from DCLS.construct.modules import Dcls1d\n"
        "build = lambda: Dcls1d(4, 4, kernel_count=3, dilated_kernel_size=5)\n"
        "x = (torch.randn(1, 4, 12),)",
    ),
    Release(
        "PerformerLM",
        "performer-pytorch==0.10.0",
        "performer-pytorch==0.11.0",
        ("load_fails", "state_lost"),
        ("projection_matrix",),
        "from performer_pytorch import PerformerLM\n"
        "build = lambda: PerformerLM(num_tokens=50, max_seq_len=32, dim=32, depth=1, heads=2,\n"
        "                            causal=False, nb_features=16)\n"
        "x = (torch.randint(0, 50, (1, 32)),)",
        (*EINOPS, "local-attention==1.4.4", "axial-positional-embedding==0.2.1"),
    ),
    Release(
        "BoxBlur((3, 3))",
        "kornia==0.8.3",
        "kornia==0.9.0",
        ("load_fails",),
        ("kernel",),
        "from kornia.filters import BoxBlur\n"
        "build = lambda: BoxBlur((3, 3))\nx = (torch.rand(1, 3, 8, 8),)",
        KORNIA,
    ),
    Release(
        "Rotate(tensor([30.]))",
        "kornia==0.8.3",
        "kornia==0.9.0",
        ("left_behind",),
        ("angle",),
        "from kornia.geometry import Rotate\n"
        "build = lambda: Rotate(torch.tensor([30.0]))\nx = (torch.rand(1, 3, 24, 24),)",
        KORNIA,
    ),
    Release(
        "ZCAWhitening().fit(…)",
        "kornia==0.8.3",
        "kornia==0.9.0",
        ("left_behind",),
        ("mean_vector", "transform_matrix"),
        "from kornia.enhance import ZCAWhitening\n"
        "data = torch.rand(8, 4, generator=torch.Generator().manual_seed(3))\n"
        "build = lambda: ZCAWhitening().fit(data)\nx = (torch.rand(2, 4),)",
        KORNIA,
    ),
    Release(
        "MarginLoss(learn_beta=False)",
        "pytorch-metric-learning==2.9.0",
        "",
        ("left_behind",),
        ("beta",),
        "from pytorch_metric_learning.losses import MarginLoss\n"
        "build = lambda: MarginLoss(num_classes=4, learn_beta=False)\n"
        "x = (torch.randn(8, 6), torch.arange(8) // 2)",
        (*SCIPY, "tqdm==4.70.1"),
        ("sklearn",),
    ),
    Release(
        "FloatEncoder(64)",
        "depthcharge-ms==0.4.10",
        "depthcharge-ms==0.5.0",
        ("cast",),
        ("sin_term", "cos_term"),
        "import importlib.util\n"
        "file = where + '/depthcharge/encoders/sinusoidal.py'\n"
        "spec = importlib.util.spec_from_file_location('sinusoidal', file)\n"
        "sinusoidal = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(sinusoidal)\n"
        "build = lambda: sinusoidal.FloatEncoder(64)\nx = (torch.rand(1, 20) * 2000,)",
        EINOPS,
        found_as="warning",
    ),
    Release(
        "PositionalEncoding1D(32), 1,024 positions",
        "positional-encodings==6.0.3",
        "",
        ("cast",),
        ("inv_freq",),
        "from positional_encodings.torch_encodings import PositionalEncoding1D\n"
        "build = lambda: PositionalEncoding1D(32)\nx = (torch.zeros(1, 1024, 32),)",
        found_as="warning",
    ),
    Release(
        "MaxViT",
        "vit-pytorch==1.26.11",
        "",
        ("meta",),
        ("rel_pos_indices",),
        "from vit_pytorch.max_vit import MaxViT\n"
        "build = lambda: MaxViT(num_classes=5, dim_conv_stem=16, dim=16, dim_head=8,\n"
        "                       depth=(1, 1), window_size=4)\nx = (torch.randn(1, 3, 32, 32),)",
        EINOPS,
        ("torchvision",),
        found_as="warning",
    ),
    Release(
        "CQT1992(n_bins=24)",
        "nnAudio==0.3.4",
        "",
        ("rebuildable",),
        ("wsin",),
        "from nnAudio.features import CQT1992\n"
        "build = lambda: CQT1992(n_bins=24, fmin=220)\nx = (torch.randn(1, 4096),)",
        SCIPY,
        found_as="information",
    ),
    Release(
        "BayesLinear, frozen before it is saved",
        "torchbnn==1.2",
        "",
        ("load_fails",),
        ("weight_eps",),
        "import torchbnn\nbuild = lambda: torchbnn.BayesLinear(0, 0.1, 4, 4)\n"
        "x = (torch.randn(2, 4),)\nprepare = lambda module: module.freeze()",
    ),
)


@dataclass(frozen=True)
class CleanPackage:
    """Modules of one package in which there is no error: names, and the setup of `modules`.

    The setup defines `modules`, {name: (build, x)}.
    """

    release: str
    setup: str
    needs: tuple[str, ...] = ()
    stubs: tuple[str, ...] = ()


_SMALL = (
    "hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, "
    "vocab_size=64, max_position_embeddings=64, pad_token_id=0"
)
CLEAN = (
    CleanPackage(
        "transformers==4.57.6",
        "import transformers as t\n"
        f"small = dict({_SMALL})\n"
        "ids = torch.randint(3, 60, (1, 12))\n"
        "class First(nn.Module):\n"
        "    def __init__(self, model):\n"
        "        super().__init__()\n"
        "        self.model = model\n"
        "    def forward(self, ids):\n"
        "        return self.model(input_ids=ids)[0]\n"
        "def one(name, **more):\n"
        "    def build():\n"
        "        config = getattr(t, name + 'Config')(**small | more)\n"
        "        config._attn_implementation = 'eager'\n"
        "        return First(getattr(t, name + 'Model')(config))\n"
        "    return build, (ids,)\n"
        "gqa = dict(num_key_value_heads=2, head_dim=8)\n"
        "plain = ('Bert Roberta Electra Albert MPNet DistilBert OPT GPT2 GPTNeoX Phi Camembert '\n"
        "         'XLMRoberta RoFormer Ernie Nystromformer GPTNeo GPTJ Bloom CTRL').split()\n"
        "more = {'GPTNeo': dict(num_layers=2, attention_types=[[['global', 'local'], 1]]),\n"
        "        'GPTJ': dict(rotary_dim=4), 'CTRL': dict(dff=64)}\n"
        "grouped = 'Llama Mistral Qwen2 Qwen3 Gemma Gemma2 Cohere Olmo StableLm Granite'.split()\n"
        "modules = {n: one(n, **more.get(n, {})) for n in plain}\n"
        "modules |= {n: one(n, **gqa) for n in grouped}",
        (
            "tokenizers==0.22.2",
            "huggingface-hub==0.36.2",
            "regex==2026.11.19",
            "pyyaml==6.0.4",
            "tqdm==4.70.1",
            "safetensors==0.8.0",
        ),
    ),
    CleanPackage(
        "x-transformers==2.31.10",
        "from x_transformers import Decoder, Encoder, TransformerWrapper\n"
        "ids = torch.randint(0, 50, (1, 16))\n"
        "def one(kind, **more):\n"
        "    layers = dict(dim=32, depth=1, heads=2, attn_dim_head=16) | more\n"
        "    return lambda: TransformerWrapper(num_tokens=50, max_seq_len=32,\n"
        "                                      attn_layers=kind(**layers)), (ids,)\n"
        "modules = {\n"
        "    'Encoder': one(Encoder), 'Decoder': one(Decoder),\n"
        "    'Decoder, rotary': one(Decoder, rotary_pos_emb=True),\n"
        "    'Decoder, ALiBi': one(Decoder, alibi_pos_bias=True),\n"
        "    'Decoder, relative positions': one(Decoder, rel_pos_bias=True),\n"
        "    'Encoder, RMSNorm': one(Encoder, use_rmsnorm=True),\n"
        "}",
        (*EINOPS, "einx==0.4.3", "loguru==0.7.3", "torch-einops-utils==0.2.0", "frozendict==2.5.1"),
    ),
    CleanPackage(
        "vector-quantize-pytorch==1.32.0",
        "import vector_quantize_pytorch as v\n"
        "x = (torch.randn(2, 16, 32),)\n"
        "modules = {\n"
        "    'VectorQuantize': (lambda: v.VectorQuantize(dim=32, codebook_size=16), x),\n"
        "    'ResidualVQ': (lambda: v.ResidualVQ(dim=32, codebook_size=16, num_quantizers=2), x),\n"
        "    'FSQ': (lambda: v.FSQ(levels=[4, 4, 4], dim=32), x),\n"
        "    'LFQ': (lambda: v.LFQ(codebook_size=16, dim=32), x),\n"
        "}",
        (
            *EINOPS,
            "einx==0.4.3",
            "loguru==0.7.3",
            "torch-einops-utils==0.2.0",
            "frozendict==2.5.1",
        ),
    ),
    CleanPackage(
        "vit-pytorch==1.26.11",
        "from vit_pytorch import ViT\nfrom vit_pytorch.simple_vit import SimpleViT\n"
        "common = dict(image_size=32, patch_size=8, num_classes=5, dim=32, depth=1, heads=2,\n"
        "              mlp_dim=32)\n"
        "x = (torch.randn(1, 3, 32, 32),)\n"
        "modules = {'ViT': (lambda: ViT(**common), x),\n"
        "           'SimpleViT': (lambda: SimpleViT(**common), x)}",
        EINOPS,
        ("torchvision",),
    ),
    CleanPackage(
        "pytorch-msssim==1.0.0",
        "from pytorch_msssim import MS_SSIM, SSIM\n"
        "x = (torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32))\n"
        "modules = {'SSIM': (lambda: SSIM(data_range=1.0), x)}",
    ),
    CleanPackage(
        "pytorch-revgrad==0.2.0",
        "from pytorch_revgrad import RevGrad\n"
        "build = lambda: nn.Sequential(nn.Linear(4, 4), RevGrad(0.5))\n"
        "modules = {'RevGrad': (build, (torch.randn(2, 4),))}",
    ),
    CleanPackage(
        "pytorch-tcn==1.2.3",
        "from pytorch_tcn import TCN\n"
        "class Stream(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.tcn = TCN(num_inputs=3, num_channels=[8, 8], kernel_size=3)\n"
        "    def forward(self, t):\n"
        "        return self.tcn(t, inference=True)\n"
        "modules = {\n"
        "    'TCN': (lambda: TCN(num_inputs=3, num_channels=[8, 8], kernel_size=3),\n"
        "            (torch.randn(1, 3, 16),)),\n"
        "    'TCN, streaming': (Stream, (torch.randn(1, 3, 16),)),\n"
        "}",
    ),
)
