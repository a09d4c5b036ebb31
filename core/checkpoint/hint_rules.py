"""The names that modules give their buffers, with the reason, and what has to fit the name.

Sources: the `register_buffer` calls of torch and of widely used packages (torchvision, diffusers,
transformers, timm, detectron2, MoCo, DINO, EnCodec and vector quantizers, torchaudio).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch

from core.checkpoint.hint_checks import (
    Shape,
    counts,
    falling,
    few,
    from_0_to_1,
    from_minus_1_to_1,
    line,
    marks,
    not_negative,
    scalar,
    several,
    square,
    table,
    unit_length,
    whole,
)


@dataclass(frozen=True)
class Rule:
    """A pattern for the last part of a key, and what must hold beside it."""

    pattern: re.Pattern[str]
    why: str
    shape: Callable[[Shape], bool]
    numbers: Callable[[torch.Tensor], bool] | None  # of all numbers as float64, where they are few
    needs: frozenset[str]  # names beside it that must be there
    without: frozenset[str]  # names beside it that must not


def rule(
    names: str,
    why: str,
    shape: Callable[[Shape], bool] = lambda shape: True,
    numbers: Callable[[torch.Tensor], bool] | None = None,
    needs: str = "",
    without: str = "",
) -> Rule:
    return Rule(
        re.compile(names), why, shape, numbers, frozenset(needs.split()), frozenset(without.split())
    )


STATISTICS = "running statistics: normalisation layers update them in forward"
ROTARY = "rotary table: computed from positions, never trained"
POSITIONS = "positions or indices: computed in __init__, never trained"
MASK = "mask: says which positions may not be seen"
SCHEDULE = "noise schedule: one number for each step of diffusion, computed in __init__"
SPECTRAL = "spectral norm: the vector that its power iteration updates in forward"
QUEUE = "queue: past outputs that forward writes, not a gradient"
CACHE = "cache: keys and values of earlier tokens, which forward writes"
CODEBOOK = "codebook statistics: moving averages that forward updates, not a gradient"
IMAGE = "image statistics: a number for each channel, given and not trained"
AUDIO = "window or filter bank: computed from a formula, never trained"
QUANTIZER = "quantization: an observer sets it from what it has seen, gradients do not"
COUNTER = "a counter or a switch: forward or the training loop sets it"
ANCHORS = "anchors or a grid: computed from the image's size, never trained"

RULES = (
    rule("running_mean", STATISTICS),
    rule("running_var", STATISTICS, numbers=not_negative),
    rule(
        "num_batches_tracked",
        "a counter: normalisation layers add one in each training forward",
        numbers=counts,
    ),
    rule(
        "(weight|bias)_mask",
        "pruning mask: says which numbers of the weight beside it are kept",
        several,
        marks,
    ),
    rule("masked_bias", "a number that stands for minus infinity in a mask", scalar),
    rule("(.+_)?mask|tril|triu|causal|bias_mask", MASK, several, marks),
    rule(
        "bias",
        "causal mask: GPT-2 calls it bias, but a layer's bias has one dimension",
        square,
        marks,
    ),
    rule("(.+_)?inv_freqs?", ROTARY, numbers=falling),
    rule(
        "(cos|sin)(_cached?|_table|_emb|_pos|_embedding)?|(cos|sin)_term|cached_(cos|sin)",
        ROTARY,
        numbers=from_minus_1_to_1,
    ),
    rule("freqs(_cis|_cos|_sin|_complex)?|rope(_.+)?|rotary(_.+)?|freqs_cis_(real|imag)", ROTARY),
    rule("(relative_)?pos(ition)?_ids|token_type_ids|arange", POSITIONS, numbers=counts),
    rule("rel(ative)?_pos(ition)?_(index|indices|idx|bucket|buckets)", POSITIONS, numbers=whole),
    rule("relative_coords?_table|rel_pos_table|coords?|indices|index|IDX", POSITIONS, several),
    rule(
        "pe|pos_table|pos_enc(oding)?|positional_encodings?|penc|sinusoid(al)?(_table|_pos)?|"
        "cached_penc|position_encoding|sin_cos_table|pos_emb_cache",
        "table of positions: computed in __init__, never trained",
        table,
    ),
    rule("alphas_cumprod(_prev|_next)?", SCHEDULE, line, from_0_to_1),
    rule(
        "betas|alphas|sigmas|timesteps|(sqrt_|log_)?(one_minus_|recipm?1?_)?alphas(_bar)?(_.+)?|"
        "sqrt_(recip|recipm1)_alphas_cumprod|sqrt_one_minus_alphas_cumprod|"
        "log_one_minus_alphas_cumprod|posterior_(variance|log_variance_clipped|mean_coef[12])|"
        "lvlb_weights|loss_weight|snr|logvar|log_snr",
        SCHEDULE,
        line,
    ),
    rule("weight_u|bias_u", SPECTRAL, line, unit_length),
    rule("weight_v", SPECTRAL, line, unit_length, needs="weight_u"),
    rule("_[uv]", SPECTRAL, line, unit_length),
    rule("(.+_)?queue|memory_bank|embedding_memory|label_memory", QUEUE, several),
    rule(
        "(.+_)?queue_(ptr|idx|pos|index)|ptr|queue_ptr_.+",
        "queue: where forward writes next",
        scalar,
        counts,
    ),
    rule(
        "(k|v|kv|key|value)_?cache|cache(_.+)?_(k|v)|past_(keys?|values?)|cached_.+", CACHE, several
    ),
    rule("cluster_size|ema_cluster_size|ema_count", CODEBOOK, line, not_negative),
    rule("embed_avg|ema_w|ema_embed|embed_sum|ema_weight|codebook_ema", CODEBOOK, several),
    rule("inited|initted|initialized|is_init(ialized)?", COUNTER, scalar, counts),
    rule("pixel_(mean|std)|image_(mean|std)|img_(mean|std)|normalizer_(mean|std)", IMAGE, few),
    rule("mean", IMAGE, few, needs="std"),
    rule("std", IMAGE, few, not_negative, needs="mean"),
    rule(
        "window|(hann|hamming|stft)_window|analysis_window|synthesis_window|mel_(basis|fb|filters)|"
        "fb|filter_?bank|dct_mat|wsin|wcos|cqt_kernels.*|lowpass(_filter)?|forward_basis|"
        "inverse_basis|kernels_(re|im)",
        AUDIO,
        several,
    ),
    rule(
        "(resample_|blur_|gauss(ian)?_|sobel_)kernel|resample_filter|up_filter|down_filter|blur",
        "fixed filter: computed in __init__, never trained",
        several,
    ),
    rule("(min|max)_vals?|histogram|activation_post_process.*", QUANTIZER),
    rule("scale|zero_point", QUANTIZER, needs="scale zero_point"),
    rule("(fake_quant|observer|static)_enabled", "a switch of a quantization observer", scalar),
    rule("eps", QUANTIZER, scalar, needs="min_val max_val"),
    rule(
        "n_averaged|num_updates|(global_)?steps?|iter(ation)?s?|epoch|counter|count|seen|"
        "num_(steps|iters|samples|calls)|step_count|n_(steps|updates)",
        COUNTER,
        scalar,
        counts,
    ),
    rule(
        "decay|momentum|ema_decay",
        "a given number: set in __init__, not trained",
        scalar,
        from_0_to_1,
    ),
    rule("center", "moving average of outputs: DINO's loss updates it in forward", several),
    rule(
        "anchors?|anchor_grid|grid|strides?|cell_anchors.*|[0-9]+", ANCHORS, table, without="weight"
    ),
    rule(
        "pos_weight|class_weights?|ce_weight",
        "weights of a loss: given, not trained",
        several,
        not_negative,
    ),
    rule(
        "projection_matrix|random_matrix|transform_matrix|mean_vector|group_attention_matrix",
        "a fixed matrix: drawn or computed once, not trained",
        several,
    ),
    rule(
        "alibi(_slopes?|_bias)?|slopes|relative_bias_table",
        "attention bias by distance: computed in __init__, never trained",
        several,
    ),
    rule("g_idx|qzeros", "quantized weight's tables: set when it was packed, not trained"),
)

# Not of a module: what an optimizer, a scheduler or a generator of random numbers keeps.
NOT_A_MODULES = re.compile(
    r"(^|[.\[])(optim(izer)?(_states?|_state_dict|s)?|opt(_state)?|(lr_)?schedulers?|scaler|"
    r"(grad_)?scaler_state|(\w+_)?rng(_\w+)?|random_state|generator_state|callbacks|loops)([.\[]|$)",
    re.I,
)
WEIGHT_NAMES = re.compile(
    r"q?weight(_\w+)?|bias|in_proj_\w+|embed(ding)?s?|packed_params|kernel|[wW]|SCB|\w*proj"
)
