"""Cases about the size of a checkpoint: what is saved once, often, or needlessly."""

import io

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag


def masks_saved():
    class Layer(nn.Module):
        def __init__(self, dtype):
            super().__init__()
            self.linear = nn.Linear(8, 8)
            self.register_buffer("mask", torch.ones(1024, 1024, dtype=dtype).triu(1))

    for dtype in (torch.float32, torch.bool):
        model = nn.Sequential(*(Layer(dtype) for _ in range(12)))
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        print(f"{dtype}: {file.tell() / 1e6:.2f} MB")


def masks_not_saved():
    class Layer(nn.Module):
        def __init__(self, dtype):
            super().__init__()
            self.linear = nn.Linear(8, 8)
            mask = torch.ones(1024, 1024, dtype=dtype).triu(1)
            self.register_buffer("mask", mask, persistent=False)

    for dtype in (torch.float32, torch.bool):
        model = nn.Sequential(*(Layer(dtype) for _ in range(12)))
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        print(f"{dtype}: {file.tell() / 1e6:.2f} MB")


MASKS_SAVED = Case(
    slug="masks-fill-the-file",
    title="A mask in every layer",
    story="A model has twelve layers, and a causal mask for 1,024 tokens in every layer. The "
    "model is saved.",
    sources=("rasbt/LLMs-from-scratch#604", "TransformerLensOrg/TransformerLens#479"),
    tags=(Tag.CHECKPOINT,),
    broken=masks_saved,
    fixed=masks_not_saved,
    question="Twelve small layers, each with a float32 mask of 1024×1024. How large is the file?",
    choices=(
        Choice("below 1 MB: equal masks are stored once", "The masks are equal, but they are not "
               "one tensor. Only tensors that share memory are stored once.",
               lambda seen: seen.number("torch.float32") < 1),
        Choice("about 4 MB", "One mask takes that much. There are twelve.",
               lambda seen: 1 < seen.number("torch.float32") < 10),
        Choice("about 50 MB", "Twelve masks take 12 × 1024 × 1024 × 4 bytes. As bool they would "
               "take a quarter.",
               lambda seen: 50 < seen.number("torch.float32") < 51),
    ),
    right=2,
    why="Every persistent buffer is saved, even if it can be computed from two numbers.",
    fix="What can be rebuilt need not be saved: `persistent=False`.",
    similar=("slice-saves-all", "shared-mask-parts", "unexpected-mask"),
    experiment=Experiment(
        "pages/3_State_dict.py", (("price", "true"), ("predict", "false"))
    ),
    slow=True,
)  # fmt: skip


def slice_saves_all():
    table = torch.zeros(1000, 1000)
    module = nn.Module()
    module.register_buffer("mask", table[:6, :6])
    print(f"the buffer: {module.mask.numel() * 4} bytes")
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    print(f"the file: {file.tell():,} bytes")


def clone_saves_slice():
    table = torch.zeros(1000, 1000)
    module = nn.Module()
    module.register_buffer("mask", table[:6, :6].clone())
    print(f"the buffer: {module.mask.numel() * 4} bytes")
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    print(f"the file: {file.tell():,} bytes")


SLICE = Case(
    slug="slice-saves-all",
    title="A corner of a table",
    story="A large table is made once. Each module registers the corner that it needs, and is "
    "saved.",
    sources=("pytorch/pytorch#1995", "pytorch/pytorch#33101"),
    tags=(Tag.CHECKPOINT,),
    broken=slice_saves_all,
    fixed=clone_saves_slice,
    question="A buffer of 6×6 is a slice of a table of 1000×1000. How large is the file?",
    choices=(
        Choice("some 2 kB", "144 bytes and the rest of a small file would take that. But a "
               "slice is a view: it shares the memory of the table.",
               lambda seen: seen.number("the file") < 10_000),
        Choice("about 4 MB", "The file has the whole memory of the table, and a note on which "
               "part of it is the buffer.",
               lambda seen: seen.number("the file") > 4_000_000),
        Choice("about 24 kB", "Six whole rows would take that. But the whole memory of the "
               "table is saved.",
               lambda seen: 20_000 < seen.number("the file") < 30_000),
    ),
    right=1,
    why="`torch.save` writes the whole storage, the memory behind a tensor. So tensors that "
    "share memory still share it after loading. The storage of a slice is that of the whole "
    "table.",
    fix="Register a `.clone()` of the slice: it has its own small memory.",
    similar=("masks-fill-the-file", "shared-mask-parts"),
    experiment=Experiment(
        "pages/3_State_dict.py", (("price", "true"), ("predict", "false"))
    ),
)  # fmt: skip


def shared_mask_parts():
    def size(model):
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        return f"{file.tell() / 1e6:.2f} MB"

    mask, weight = torch.ones(1024, 1024), nn.Parameter(torch.ones(4))
    layers = nn.ModuleList(nn.Module() for _ in range(4))
    for layer in layers:
        layer.register_buffer("mask", mask)
        layer.weight = weight
    print(f"one mask, four layers: {size(layers)}")
    layers.to(torch.float64).to(torch.float32)
    print(f"after two casts: {size(layers)}")
    print(f"masks still one: {layers[0].mask is layers[1].mask}")
    print(f"weights still one: {layers[0].weight is layers[1].weight}")


def shared_mask_tied_again():
    def size(model):
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        return f"{file.tell() / 1e6:.2f} MB"

    mask, weight = torch.ones(1024, 1024), nn.Parameter(torch.ones(4))
    layers = nn.ModuleList(nn.Module() for _ in range(4))
    for layer in layers:
        layer.register_buffer("mask", mask)
        layer.weight = weight
    print(f"one mask, four layers: {size(layers)}")
    layers.to(torch.float64).to(torch.float32)
    for layer in layers:
        layer.mask = layers[0].mask
    print(f"after two casts: {size(layers)}")
    print(f"masks still one: {layers[0].mask is layers[1].mask}")
    print(f"weights still one: {layers[0].weight is layers[1].weight}")


SHARED = Case(
    slug="shared-mask-parts",
    title="A mask that four layers share",
    story="Four layers share one mask, and one weight. The model is cast to float64 and back, and "
    "saved before and after.",
    sources=("huggingface/safetensors#202", "huggingface/safetensors#98"),
    tags=(Tag.CACHES, Tag.DTYPE, Tag.CHECKPOINT),
    broken=shared_mask_parts,
    fixed=shared_mask_tied_again,
    question="One mask of 4 MB in four layers. The file after `.to(float64).to(float32)` has …",
    choices=(
        Choice("4 MB: still one mask", "It was one mask before the casts. `.to()` made a new "
               "tensor for each layer.",
               lambda seen: seen.number("after two casts") < 5),
        Choice("16 MB: four masks", "Each layer's buffer was replaced by a tensor of its own.",
               lambda seen: 16 < seen.number("after two casts") < 18
               and seen.number("one mask, four layers") < 5),
        Choice("16 MB, and it had 16 MB before", "Before the casts there was one mask: tensors "
               "that share memory are saved once.",
               lambda seen: seen.number("one mask, four layers") > 16),
        Choice("16 MB, and the weight is four too", "A cast keeps the Parameter and gives it "
               "new data, so the layers still share the weight.",
               lambda seen: seen.value("weights still one") == "False"),
    ),
    right=1,
    why="A cast goes from layer to layer and replaces each buffer by a new tensor. It does not "
    "know that the four were one. The shared Parameter is kept and gets new data, so it stays "
    "shared.",
    fix="After the casts, assign one mask to all layers again. Or keep the mask only in the "
    "module that contains the layers.",
    similar=("stale-alias", "masks-fill-the-file", "slice-saves-all"),
    experiment=Experiment(
        "pages/4_What_is_state.py", (("row", "tied, and still one after .to()"),)
    ),
)  # fmt: skip

CASES = (MASKS_SAVED, SLICE, SHARED)
