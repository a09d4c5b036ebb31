"""What the glossary claims, run on PyTorch, word by word."""

import contextlib
import inspect
import io
import json
import pickle
import re
import struct

import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from core.checkpoint.settings import OURS
from core.device.simulated_device import count_copies, register
from core.glossary.on_pages import ON_PAGE, words_in, words_on
from core.glossary.words import CONSEQUENCES, GLOSSARY, meaning
from core.lessons import LESSONS


class Held(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.register_buffer("kept", torch.ones(3))
        self.register_buffer("unsaved", torch.ones(3), persistent=False)
        self.register_buffer("empty", None)
        self.assigned = nn.Buffer(torch.ones(3))
        self.plain = torch.ones(3)
        tensor = torch.ones(3)
        self.closed = lambda: tensor


def names(pairs):
    return [name for name, _ in pairs]


def module():
    outer = nn.Module()
    outer.layer = Held()
    assert names(outer.named_modules()) == ["", "layer"]


def parameter():
    held = Held()
    assert names(held.named_parameters()) == ["weight"] and "weight" in held.state_dict()
    optimizer = torch.optim.SGD(held.parameters(), lr=0.1)
    assert optimizer.param_groups[0]["params"] == [held.weight]


def frozen_parameter():
    held = Held()
    held.weight.requires_grad_(False)
    stepped = torch.optim.SGD([held.weight, held.kept.requires_grad_()], lr=0.1)
    (held.weight * held.kept).sum().backward()
    stepped.step()
    assert held.weight.grad is None and torch.equal(held.weight, torch.ones(3))


def extra_state():
    class Extra(nn.Module):
        def __init__(self):
            super().__init__()
            self.plain = torch.ones(3)

        def get_extra_state(self):
            return self.plain

    extra = Extra().to("meta")
    assert list(extra.state_dict()) == ["_extra_state"] and extra.plain.device.type == "cpu"


def buffer():
    held = Held()
    assert names(held.named_buffers()) == ["kept", "unsaved", "assigned"]
    assert held.to("meta").kept.device.type == held.assigned.device.type == "meta"


def plain_attribute():
    held = Held().to("meta")
    assert held.plain.device.type == "cpu" and "plain" not in held.state_dict()
    assert "plain" not in names([*held.named_buffers(), *held.named_parameters()])


def persistent():
    assert {"kept", "assigned"} < set(Held().state_dict())


def non_persistent():
    held = Held().to("meta")
    assert held.unsaved.device.type == "meta" and "unsaved" not in held.state_dict()


def none_buffer():
    held = Held()
    assert held.empty is None and "empty" not in held.state_dict()
    assert "empty" in held._buffers


def state_dict():
    outer = nn.Module()
    outer.layer = Held()
    assert list(outer.state_dict()) == ["layer.weight", "layer.kept", "layer.assigned"]


def device():
    register()
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(2, device="sim") @ torch.ones(2)


def sim():
    register()
    with count_copies() as copies:
        here = torch.ones(3)
        there = here.to("sim")
        assert torch.equal((there + there).cpu(), here + here)  # what a CPU computes
    assert [copy.direction for copy in copies] == ["cpu -> sim:0", "sim:0 -> cpu"]
    there += 1
    assert torch.equal(here, torch.ones(3))  # a memory of its own


def meta_device():
    tensor = torch.ones(3, device="meta")
    assert tensor.shape == (3,) and tensor.dtype is torch.float32
    with pytest.raises(RuntimeError):
        tensor.item()


def apply():
    held, seen = Held(), []
    for call in (held.to, held.half):
        assert "self._apply(" in inspect.getsource(call)
    held.weight.grad = torch.ones(3)
    held._apply(lambda tensor: seen.append(tensor.data_ptr()) or tensor)
    gradients = (parameter.grad for parameter in held.parameters())
    listed = {t.data_ptr() for t in (*held.parameters(), *gradients, *held.buffers())}
    assert set(seen) == listed


def closure():
    assert Held().to("meta").closed().device.type == "cpu"


def weights():
    scores = torch.randn(4, 4).masked_fill(torch.ones(4, 4).triu(1).bool(), -torch.inf)
    attention = torch.softmax(scores / 2, -1)
    torch.testing.assert_close(attention.sum(-1), torch.ones(4))
    assert (attention.triu(1) == 0).all()


def sdpa():
    q, k, v = torch.randn(3, 1, 4, 2)
    mask = torch.ones(4, 4).triu(1).bool()
    scores = (q @ k.mT).masked_fill(mask, -torch.inf)
    context = torch.softmax(scores / 2**0.5, -1) @ v
    torch.testing.assert_close(scaled_dot_product_attention(q, k, v, is_causal=True), context)


def optimizer():
    held = Held()
    before = held.kept.clone(), held.plain.clone(), held.weight.detach().clone()
    stepped = torch.optim.SGD(held.parameters(), lr=0.1)
    (held.weight * held.kept * held.plain).sum().backward()
    stepped.step()
    assert torch.equal(held.kept, before[0]) and torch.equal(held.plain, before[1])
    assert not torch.equal(held.weight, before[2])


def weight_decay():
    held = Held()
    held.weight.grad = torch.zeros(3)
    torch.optim.AdamW(held.parameters(), lr=0.1, weight_decay=0.5).step()
    assert (held.weight.abs() < 1).all()


def running_statistics():
    norm = nn.BatchNorm1d(2)
    assert {"running_mean", "running_var"} < set(names(norm.named_buffers()))
    for training, changes in ((True, True), (False, False)):
        before = norm.running_mean.clone()
        norm.train(training)(torch.randn(8, 2) + 3)
        assert torch.equal(norm.running_mean, before) != changes


class RunsCode:
    def __reduce__(self):
        return print, ("this ran",)


def pickled():
    file = io.BytesIO()
    torch.save({"weight": torch.ones(3), "other": RunsCode()}, file)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(io.BytesIO(file.getvalue()))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        torch.load(io.BytesIO(file.getvalue()), weights_only=False)
    assert said.getvalue() == "this ran\n"


def safetensors():
    data = next(data for name, data in OURS.items() if name.endswith(".safetensors"))
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert {"mask", "W_query.weight"} <= set(header)
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    assert max(ends) == len(data) - 8 - length  # names, and then numbers, and nothing else


def data_parallel():
    held = Held()
    wrapped = nn.DataParallel(held)
    assert isinstance(wrapped, nn.Module) and wrapped.module is held


def compiled():
    held = Held()
    wrapped = torch.compile(held, backend="eager")  # the default one warns of its own imports
    assert isinstance(wrapped, nn.Module) and wrapped._orig_mod is held


PROVEN = {
    "module": module,
    "parameter": parameter,
    "frozen parameter": frozen_parameter,
    "buffer": buffer,
    "plain attribute": plain_attribute,
    "persistent buffer": persistent,
    "non-persistent buffer": non_persistent,
    "None buffer": none_buffer,
    "state_dict": state_dict,
    "extra state": extra_state,
    "device": device,
    "`sim`": sim,
    "meta device": meta_device,
    "`_apply`": apply,
    "closure": closure,
    "optimizer": optimizer,
    "weight decay": weight_decay,
    "running statistics": running_statistics,
    "causal mask": weights,
    "attention scores": sdpa,
    "attention weights": weights,
    "context vector": sdpa,
    "SDPA": sdpa,
    "pickle": pickled,
    "safetensors": safetensors,
    "DataParallel": data_parallel,
    "torch.compile": compiled,
}


@pytest.mark.parametrize("word", PROVEN)
def test_what_the_glossary_says_of_a_word_is_so(word):
    PROVEN[word]()


def test_every_word_is_run_but_for_a_name_of_a_file():
    assert set(GLOSSARY) - set(PROVEN) == {"checkpoint"}


def test_every_page_explains_its_words_and_every_word_has_its_page():
    pages = [one.page for one in LESSONS if one.title != "Workshop"]
    assert list(ON_PAGE) == pages and not words_on("pages/11_Workshop.py")
    assert {word for words in ON_PAGE.values() for word in words} == set(GLOSSARY)
    assert all(len(set(words)) == len(words) > 4 for words in ON_PAGE.values())


def test_a_question_is_explained_by_words_that_its_text_uses_and_that_answer_nothing():
    lab = "pages/1_Attention_lab.py"
    assert list(words_in("What will `forward` do on `sim`?", lab)) == ["`sim`"]
    assert not words_in("a simple question", lab) and not words_in("on `sim`", "")
    every = " ".join(GLOSSARY)
    explained = {word for page in ON_PAGE for word in words_in(every, page)}
    # whether a tensor is moved, saved or trained is what the questions ask
    assert {"`sim`", "meta device"} <= explained
    assert all(
        w not in " ".join(GLOSSARY[e] for e in explained) for w in ("moves", "saved", "train")
    )


def test_before_the_guess_no_word_says_what_the_questions_ask():
    answers = re.compile(r"moves|saves? it|lists? it|not saved|gets it|skips|in buffers|_orig_mod")
    assert set(CONSEQUENCES) < set(GLOSSARY) and meaning("module") == GLOSSARY["module"]
    assert not [word for word, text in GLOSSARY.items() if answers.search(text)]
    for page in ON_PAGE:
        for word, text in words_on(page, told=False).items():
            assert text == GLOSSARY[word] and words_on(page)[word].startswith(text)
    assert answers.search(meaning("buffer")) and answers.search(meaning("plain attribute"))
    assert "moves" not in words_on("dashboard.py", told=False)["buffer"]
