"""The reader of errors: real messages, messages of the PyTorch that runs, hostile texts."""

import time

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.cases.settings import FAILURES
from core.device.simulated_device import register
from core.lab.settings import LAB
from core.ledger.settings import LEDGER
from core.moving.settings import MOVING
from core.own_error.catalogue import EXAMPLES, KINDS
from core.own_error.kind import Cause
from core.own_error.observe import observe, script, shown
from core.own_error.read import LIMIT, read
from core.own_error.settings import SCENES, cause_verdict
from core.settings.setting import read_url
from core.state_dict.settings import STATE_DICT
from core.training.settings import TRAINING

PAGES = {
    "pages/1_Attention_lab.py": LAB,
    "pages/2_Moving_devices.py": MOVING,
    "pages/3_State_dict.py": STATE_DICT,
    "pages/4_What_is_state.py": LEDGER,
    "pages/5_Training.py": TRAINING,
    "pages/6_Failure_cases.py": FAILURES,
}
SAME = "RuntimeError: Expected all tensors to be on the same device, but "
LOADING = "RuntimeError: Error(s) in loading state_dict for Model:\n\t"
# (where it was met: an issue, or PyTorch's own source; the message; the kind; facts)
MET = [
    ("haotian-liu/LLaVA#1081",
     SAME + "found at least two devices, cpu and cuda:0! (when checking argument for argument mat1 "
     "in method wrapper_CUDA_addmm)",
     "argument-device", {"The argument": "mat1", "The two devices": "cpu and cuda:0",
                         "The operation": "wrapper_CUDA_addmm"}),
    ("Lightricks/LTX-Video#24",
     SAME + "found at least two devices, cuda:0 and cpu! (when checking argument for argument mat2 "
     "in method wrapper_CUDA_mm)", "argument-device", {"The argument": "mat2"}),
    ("vladmandic/sdnext#1726, wrapped by a terminal",
     "ERROR    Exception: Expected all tensors to be on the same device, but found at least two "
     "devices, cpu\n      and cuda:0! (when checking argument for argument mat1 in method "
     "wrapper_CUDA_addmm)", "argument-device", {"The argument": "mat1"}),
    ("ClownsharkBatwing/RES4LYF#223",
     SAME + "got mat1 is on cpu, different from other tensors on cuda:0 (when checking argument in "
     "method wrapper_CUDA_addmm)", "argument-device", {"It is on": "cpu"}),
    ("Nmegha2601/activitygraph_transformer#9",
     "RuntimeError: Expected object of device type cuda but got device type cpu for argument #1 "
     "'self' in call to _th_index_select", "argument-device", {"The argument": "self"}),
    ("inyeoplee77/SAGPool#3",
     "RuntimeError: Expected object of backend CUDA but got backend CPU for argument #2 'mat2'",
     "argument-device", {"The argument": "mat2", "It is on": "CPU"}),
    ("diegoalejogm/gans#12",
     "Tensor for argument #2 'mat1' is on CPU, but expected it to be on GPU (while checking "
     "arguments for addmm)", "argument-device", {"It is on": "CPU", "It should be on": "GPU"}),
    ("sksq96/pytorch-summary#16",
     "RuntimeError: Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) should "
     "be the same", "input-type", {"The weight's type": "torch.FloatTensor"}),
    ("glam-imperial/cider#6",
     "RuntimeError: Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should "
     "be the same", "input-type", {"The input's type": "torch.FloatTensor"}),
    ("aten/native/Convolution.cpp, one device",
     "RuntimeError: Input type (torch.cuda.HalfTensor) and weight type (torch.cuda.FloatTensor) "
     "should be the same", "dtype-types", {"The input's dtype": "HalfTensor"}),
    ("pytorch/pytorch#62152",
     "RuntimeError: Expected a 'cuda' device type for generator but found 'cpu'",
     "generator-device", {"It should be on": "cuda", "The generator is on": "cpu"}),
    ("zhang-can/CoLA#10",
     "RuntimeError: Expected a 'cpu' device type for generator but found 'cuda'",
     "generator-device", {}),
    ("pytorch/pytorch#109103",
     "RuntimeError\nNo backend type associated with device type cpu", "ddp-device",
     {"The device": "cpu"}),
    ("xiaxin1998/DHCN#14",
     "TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the "
     "tensor to host memory first.", "numpy-device", {"The tensor is on": "cuda:0"}),
    ("mlvlab/DAPT#2",
     "RuntimeError: indices should be either on cpu or on the same device as the indexed tensor "
     "(cpu)", "index-device", {"The indexed tensor is on": "cpu"}),
    ("weiyifan1023/Neeko#6",
     "RuntimeError: mat1 and mat2 must have the same dtype, but got Float and Half",
     "dtype-types", {"The first matrix's dtype": "Float", "The second matrix's dtype": "Half"}),
    ("Vaibhavs10/fast-whisper-finetuning#14",
     "RuntimeError: expected mat1 and mat2 to have the same dtype, but got: c10::Half != float",
     "dtype-types", {"The first matrix's dtype": "c10::Half"}),
    ("ToTheBeginning/PuLID#162",
     "expected mat1 and mat2 to have the same dtype, but got: float!= c10::Half",
     "dtype-types", {}),
    ("htcr/sam_road#28", "RuntimeError: expected scalar type Half but found Float",
     "dtype-types", {"The dtype found": "Float"}),
    ("facebookresearch/DPR#165",
     LOADING + 'Unexpected key(s) in state_dict: "embeddings.position_ids".  ', "unexpected-key",
     {"Unexpected keys: 1": "embeddings.position_ids"}),
    ("xlxwalex/FCGEC#28",
     LOADING + 'Unexpected key(s) in state_dict: "switch._encoder._bert.embeddings.position_ids", '
     '"tagger._encoder._bert.embeddings.position_ids". `', "unexpected-key",
     {"Unexpected keys: 2": "switch._encoder._bert.embeddings.position_ids, "
                            "tagger._encoder._bert.embeddings.position_ids"}),
    ("hkchengrex/Cutie#37",
     "RuntimeError: Attempting to deserialize object on a CUDA device but torch.cuda.is_available()"
     " is False. If you are running on a CPU-only machine, please use torch.load with "
     "map_location=torch.device('cpu') to map your storages to the CPU.", "no-cuda",
     {"It was saved on": "CUDA"}),
    ("torch/nn/modules/module.py: a GPT's masks",
     LOADING + 'Missing key(s) in state_dict: "h.0.attn.mask", "h.1.attn.mask". ', "missing-key",
     {"Missing keys: 2": "h.0.attn.mask, h.1.attn.mask"}),
    ("torch/nn/modules/module.py: the model here is wrapped",
     LOADING + 'Missing key(s) in state_dict: "module.weight", "module.bias". \n\t'
     'Unexpected key(s) in state_dict: "weight", "bias". ', "module-prefix", {}),
    ("torch/nn/parallel/distributed.py and autograd",
     "RuntimeError: one of the variables needed for gradient computation has been modified by an "
     "inplace operation: [torch.cuda.FloatTensor [64]] is at version 4; expected version 3 instead",
     "changed-in-place", {"Its shape": "64", "Its version now": "4"}),
]  # fmt: skip


@pytest.mark.parametrize(("where", "message", "slug", "facts"), MET, ids=[m[0] for m in MET])
def test_a_message_that_somebody_met(where, message, slug, facts):
    reading = read(message)
    assert reading.kind and reading.kind.slug == slug
    assert facts.items() <= dict(reading.facts).items()


@pytest.mark.parametrize(
    "message",
    [m for _, m, _, _ in MET if "at least two devices" in m]
    + [SAME + "found at least two devices, cpu and cuda:0!"],
)
def test_a_message_with_two_devices_does_not_say_where_a_tensor_is(message):
    facts = dict(read(message).facts)
    assert not [label for label in facts if label.endswith(" on")], facts
    first, second = facts["The two devices"].split(" and ")
    assert f"{first} and {second}" in " ".join(message.split())


def size_mismatch(key, file, model):
    return (
        f"size mismatch for {key}: copying a param with shape torch.Size({file}) from checkpoint, "
        f"the shape in current model is torch.Size({model})."
    )


@pytest.mark.parametrize(
    ("key", "file", "slug"),
    [("fc.weight", [10, 512], "weight-size"), ("fc.bias", [10], "weight-size"),
     ("rnn.weight_ih_l0", [8, 4], "weight-size"), ("attn.in_proj_bias", [8], "weight-size"),
     ("h.0.attn.bias", [1, 1, 8, 8], "size"), ("mask", [6, 6], "size"),
     ("weights.mask", [6, 6], "size"), ("bn.running_mean", [64], "size")],
)  # fmt: skip
def test_a_weight_of_another_size_is_no_mask(key, file, slug):
    reading = read(f"{LOADING}{size_mismatch(key, file, [5, *file[1:]])}")
    assert reading.kind and reading.kind.slug == slug and not reading.also
    assert ("mask" in reading.kind.why) == (slug == "size")
    assert {"The key": key, "Its shape in the file": str(file)}.items() <= dict(
        reading.facts
    ).items()


def test_a_weight_and_a_mask_of_another_size_are_both_explained():
    both = size_mismatch("mask", [6, 6], [4, 4]) + size_mismatch("pos.weight", [6, 3], [4, 3])
    reading = read(LOADING + both)
    assert reading.kind is KINDS["weight-size"] and reading.also == (KINDS["size"],)
    assert dict(reading.facts)["Other shapes: 2"] == "mask, pos.weight"


def test_what_is_said_on_a_weight_of_another_size():
    saved = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 10)).state_dict()
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
    with pytest.raises(RuntimeError, match=r"size mismatch for 1\.weight"):
        model.load_state_dict(saved, strict=False)
    assert model[0].weight.equal(saved["0.weight"]), "copied before the error"
    assert nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 10)).load_state_dict(saved)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
    fresh = model[1].weight.clone()
    del saved["1.weight"], saved["1.bias"]
    loaded = model.load_state_dict(saved, strict=False)
    assert loaded.missing_keys == ["1.weight", "1.bias"] and not loaded.unexpected_keys
    assert model[1].weight.equal(fresh) and model[0].weight.equal(saved["0.weight"])


@pytest.mark.parametrize(
    ("slug", "line", "there"),
    [("changed-in-place", "loss.backward()", True), ("second-backward", "loss.backward()", True),
     ("leaf-in-place", "layer.weight.fill_(1)", False)],
)  # fmt: skip
def test_the_line_that_calls_backward_is_not_the_fault(slug, line, there):
    words = observe(slug).fails.split("\n")[-1]
    text = f'Traceback:\n  File "train.py", line 41, in <module>\n    {line}\n{words}'
    assert read(text).kind is KINDS[slug] and read(text).in_backward == there


@pytest.mark.parametrize("message", [m for _, m, _, _ in MET])
def test_every_fact_stands_in_the_message(message):
    flat = " ".join(message.split())
    for label, value in read(message).facts:
        assert all(part in flat for part in value.split(", ")), label


def on_two_devices():
    """Calls with a tensor on each device, and the kind that a GPU's message has."""
    a, s = torch.ones(3, 3), torch.ones(3, 3, device=register())
    return {
        "mm": (lambda: s @ a, "argument-device"),
        "addmm": (lambda: F.linear(s, a, a[0]), "argument-device"),
        "bmm": (lambda: torch.bmm(s[None], a[None]), "argument-device"),
        "embedding": (lambda: F.embedding(torch.tensor([0]), s), "argument-device"),
        "cat": (lambda: torch.cat([s, a]), "argument-device"),
        "layer_norm": (lambda: F.layer_norm(s, (3,), a[0]), "argument-device"),
        "where": (lambda: torch.where(s > 0, s, a), "two-devices"),
        "sdpa": (
            lambda: F.scaled_dot_product_attention(s[None], s[None], s[None], attn_mask=a > 0),
            "two-devices",
        ),
        "masked_fill": (lambda: s.masked_fill(a > 0, 0.0), "mask-device"),
        "index": (lambda: a[torch.tensor([0], device=s.device)], "index-device"),
        "conv": (lambda: nn.Conv1d(3, 3, 1)(s[None]), "input-type"),
        "generator": (lambda: torch.randperm(3, generator=torch.Generator(device=s.device)),
                      "generator-device"),
        "half": (lambda: torch.bmm(a[None].half(), a[None]), "dtype-types"),
    }  # fmt: skip


@pytest.mark.parametrize("name", on_two_devices())
def test_a_message_of_the_pytorch_that_runs(name):
    call, slug = on_two_devices()[name]
    with pytest.raises(RuntimeError) as caught:
        call()
    reading = read(f"RuntimeError: {caught.value}")
    assert reading.kind and reading.kind.slug == slug, caught.value


@pytest.mark.parametrize("slug", EXAMPLES)
def test_every_kinds_example_raises_it_and_its_mended_form_raises_nothing(slug):
    if slug == "no-cuda" and torch.cuda.is_available():
        pytest.skip("there is one")
    seen = observe(slug)
    reading = read(seen.fails)
    assert reading.kind and reading.kind.slug == slug and not seen.works
    assert reading.where.startswith("example.py, line ")
    number = int(reading.where.split(",")[1].removeprefix(" line "))
    line = shown(slug).split("\n")[number - 1].strip()
    assert line and line.startswith(reading.where.partition(": ")[2][:60])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_text_of_a_kind_is_whole_and_its_link_opens(kind):
    assert kind.why.endswith(".") and kind.fix.endswith(".") and len(kind.title) < 75
    kept, complaints = read_url({k: [v] for k, v in kind.link}, PAGES[kind.page])
    assert not complaints and set(kept) == {name for name, _ in kind.link}
    assert bool(kind.fails) == bool(kind.works) == (kind.slug in SCENES.values())


def test_guesses_and_scenes():
    assert sorted(SCENES.values()) == sorted(EXAMPLES) and len(set(Cause)) == 7
    kind = KINDS["size"]
    assert cause_verdict(str(Cause.KEYS), kind).right
    assert "The cause: other keys" in cause_verdict(str(Cause.GRAPH), kind).text


def test_both_forms_can_be_taken_home():
    device, parts = script("optimizer-state").parts()[0], script("optimizer-state").parts()[1:]
    assert device.title == "The simulated device"
    text = "\n".join(part.text for part in parts)
    assert shown("optimizer-state") in text and shown("optimizer-state", works=True) in text
    assert "from core" not in text
    for slug in EXAMPLES:
        assert script(slug).parts()


def test_the_own_line_is_the_last_that_is_no_librarys():
    text = (
        'Traceback (most recent call last):\n  File "/home/me/train.py", line 12, in <module>\n'
        '    loss = step(x)\n  File "C:\\work\\model.py", line 7, in forward\n    return x @ w\n'
        '  File "/v/lib/python3.12/site-packages/torch/nn/modules/linear.py", line 1, in forward\n'
        "    return F.linear(input, self.weight, self.bias)\nRuntimeError: x"
    )
    assert read(text).where == "model.py, line 7, in forward: return x @ w"


@pytest.mark.parametrize(
    "text", ["", " \n", "ValueError: math domain error", "RuntimeError: CUDA out of memory.",
             "\x00\x1b[31m", "KeyError: 'mask'", "AssertionError"]
)  # fmt: skip
def test_what_is_not_known_is_not_guessed(text):
    assert read(text).kind is None and not read(text).broken_off


def test_a_traceback_without_its_last_line_is_broken_off():
    frame = 'Traceback (most recent call last):\n  File "train.py", line 4, in f\n    x @ w'
    assert read(frame + "\n    ~~^~~\n").broken_off
    assert not read(frame + "\ntorch.OutOfMemoryError: CUDA out of memory.").broken_off


STARTS = [
    "size mismatch for ", "size mismatch for a" * 3, "Weights only load failed ", "GLOBAL ",
    'Unexpected key(s) in state_dict: "', 'Missing key(s) in state_dict: "a", ', '"a", ',
    "found at least two devices, ", "but got a is on ", 'File "', "modified by an inplace "
    "operation: [", "Can't pickle ", "a" * 100, "a.", '"', " ", "\n", "Input type (torch.cuda.",
]  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_no_text_is_slow(start):
    text = start * (2 * LIMIT // len(start))
    began = time.process_time()
    reading = read(text)
    assert time.process_time() - began < 2
    assert reading.cut == len(text) - LIMIT
    assert sum(len(value) for _, value in reading.facts) < 10_000


def test_thousands_of_keys_are_counted_and_some_named():
    names = ", ".join(f'"h.{n}.mask"' for n in range(3000))
    facts = dict(read(f"{LOADING}Missing key(s) in state_dict: {names}. ").facts)
    assert facts["Missing keys: 3,000"].endswith("h.11.mask … and 2,988 more")
