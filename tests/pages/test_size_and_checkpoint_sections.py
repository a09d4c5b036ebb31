"""Two sections of the lesson on state_dict: the price of persistence, look inside a checkpoint."""

import argparse
import io
import os
import pickle
import random
import re
import zipfile
from time import monotonic

import pytest
import safetensors.torch
import torch
from page_driver import open_page, text
from torch import nn

from core.checkpoint import checkpoint as checkpoints
from core.checkpoint.checkpoint import bundled
from core.checkpoint.report import look
from pages.state_dict import checkpoint as inside


def page(section, **parameters):
    return open_page("3_State_dict.py", **{"keys": "false", section: "true", **parameters})


# ------------------------------------------------------------------ the price of persistence


def test_the_price_waits_for_a_guess():
    app = page("price", layers="1")
    assert not app.get("vega_lite_chart")
    app.radio(key="shrinks").set_value("8 times").run()
    next(b for b in app.button if b.label == "Save them").click().run()
    assert "Saved: 4 times." in app.warning[0].value
    assert len(app.get("vega_lite_chart")) == 1
    # the same guess holds for more layers
    app.radio(key="layers").set_value("12").run()
    assert len(app.get("vega_lite_chart")) == 1


def test_the_price_tells_measured_from_computed():
    shown = text(page("price", predict="false", layers="1"))
    model = nn.Sequential(nn.Module())
    for name in ("W_query", "W_key", "W_value"):
        model[0].add_module(name, nn.Linear(3, 2, bias=False))
    model[0].dropout = nn.Dropout(0.0)  # without a tensor, yet in the file's metadata
    model[0].register_buffer("mask", torch.ones(2048, 2048))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    assert f"| float32 buffer | {file.tell() / 1e6:.1f} MB |" in shown
    assert "| 1 layer at 2,048 tokens" in shown


@pytest.mark.parametrize(("layers", "tokens"), [("1", "2,048"), ("12", "512"), ("48", "256")])
def test_question_answer_and_table_are_of_one_context_length(layers, tokens):
    app = page("price", layers=layers)
    assert f"a context length of {tokens} tokens" in text(app)
    app.radio(key="shrinks").set_value("4 times").run()
    next(b for b in app.button if b.label == "Save them").click().run()
    table = dict(re.findall(r"\| (float32|bool) buffer \| (.*?) \|", text(app)))
    said = app.success[0].value
    assert f"At {tokens} tokens the file has {table['float32']} with float32 masks" in said
    assert f"and {table['bool']} with bool ones" in said and f"at {tokens} tokens" in text(app)


def test_the_price_has_its_code_to_take_home():
    app = page("price", predict="false", layers="1", price_code="true")
    assert any("def saved_bytes" in block.value for block in app.code)
    assert len(app.get("download_button")) == 2


# ---------------------------------------------------------------- look inside a checkpoint


def upload(app, *files):
    uploader = app.file_uploader(key="uploads")
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files]).run()
    deadline = monotonic() + 60
    while app.get("progress"):  # a worker reads what is not tiny
        assert monotonic() < deadline
        app.run()
    assert not app.exception, app.exception[0].value
    return app


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def table(app, number=0):
    return app.dataframe[number].value.set_index("key")


@pytest.fixture
def inspecting():
    return page("inside", predict="false")


class Hostile:
    """A pickle of it creates a file when it is loaded."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch '{self.canary}'",)


@pytest.mark.parametrize("name", bundled())
def test_every_file_of_ours_is_listed(name):
    app = page("inside", predict="false", bundled=name)
    assert name in text(app) and not app.error
    assert len(app.dataframe) == 1


def test_buffers_are_flagged_with_a_reason(inspecting):
    shown = table(inspecting)
    assert shown.loc["mask", "looks like a buffer"].startswith("mask:")
    assert not shown.loc["W_query.weight", "looks like a buffer"]
    assert shown.loc["mask", "shape"] == "[6, 6]" and shown.loc["mask", "bytes"] == "144"


def test_two_files_of_ours_are_compared():
    app = page("inside", predict="false", compared="attention_without_buffers.pt")
    assert "1 missing" in text(app) and "unexpected" not in text(app)
    assert table(app, 2).loc["mask", "it is"] == "missing"
    app.radio(key="compared").set_value("attention_data_parallel.pt").run()
    assert "4 missing, 4 unexpected" in text(app)
    app.radio(key="compared").set_value("attention_with_buffer.safetensors").run()
    assert "Every key is in both" in app.success[0].value


def test_uploads_are_listed_and_the_first_is_compared_with_each_other(inspecting):
    first = {"weight": torch.ones(2, 3), "mask": torch.ones(4, 4)}
    second = {"weight": torch.ones(2, 4), "cos_cached": torch.ones(2)}
    app = upload(
        inspecting,
        ("a.pt", saved(first)),
        ("b.safetensors", safetensors.torch.save(second)),
        ("c.bin", saved(first, _use_new_zipfile_serialization=False)),
    )
    assert len(app.dataframe) == 4 and not app.error
    assert "rotary" in table(app, 1).loc["cos_cached", "looks like a buffer"]
    differences = table(app, 3)
    assert dict(differences["it is"]) == {
        "mask": "missing",
        "cos_cached": "unexpected",
        "weight": "mismatched",
    }
    assert differences.loc["weight", "expected"] == "[2, 3] float32"
    assert "Every key is in both" in app.success[0].value  # the third
    assert app.radio(key="bundled").disabled


def test_a_hostile_file_is_refused_by_name_and_the_others_are_shown(inspecting, tmp_path):
    canary = tmp_path / "canary"
    files = [
        (f"evil {i}.pt", data)
        for i, data in enumerate(
            (
                pickle.dumps(Hostile(canary)),
                saved({"weight": Hostile(canary)}),
                saved({"weight": Hostile(canary)}, _use_new_zipfile_serialization=False),
            )
        )
    ]
    app = upload(inspecting, *files, ("good.pt", saved({"weight": torch.ones(1)})))
    assert len(app.error) == 3 and len(app.dataframe) == 1
    for error in app.error:
        assert "os.system" in error.value
    assert not canary.exists()
    pickle.loads(files[0][1])  # the canary does sing
    assert canary.exists()


def test_broken_and_misnamed_files_get_a_sentence(inspecting):
    good = saved({"weight": torch.ones(100)})
    app = upload(
        inspecting,
        ("cut.pt", good[: len(good) // 2]),
        ("empty.pt", b""),
        ("text.bin", b"hello, world"),
        ("cut.safetensors", safetensors.torch.save({"weight": torch.ones(100)})[:-10]),
        ("really.safetensors", good),
    )
    assert len(app.error) == 4 and all("is refused." in error.value for error in app.error)
    assert "content is torch zip" in app.warning[0].value
    assert list(table(app).index) == ["weight"]


def test_a_refusal_leaves_the_rest_of_the_page(inspecting):
    inspecting.query_params["keys"] = "true"
    app = upload(inspecting, ("bad.pt", b"\x80\x04."))
    assert app.error
    app.file_uploader(key="uploads").clear().run()
    assert not app.error and "mask" in table(app).index
    app.radio(key="bundled").set_value("rotary.safetensors").run()
    assert "inv_freq" in table(app).index


def test_more_files_than_the_limit_are_not_read(inspecting):
    files = [(f"{i}.pt", saved({f"w{i}": torch.ones(1)})) for i in range(inside.FILES_READ + 1)]
    app = upload(inspecting, *files)
    assert "6 files; the limit is 5" in app.warning[0].value
    assert f"w{inside.FILES_READ}" not in [key for f in app.dataframe for key in f.value["key"]]


def test_many_keys_are_cut_with_what_looks_like_buffers_first(inspecting):
    state = {f"w{i}": torch.ones(1) for i in range(inside.ROWS_SHOWN + 100)}
    app = upload(inspecting, ("many.pt", saved({**state, "late.mask": torch.ones(2, 2)})))
    assert len(table(app)) == inside.ROWS_SHOWN
    assert table(app).index[0] == "late.mask"
    assert any("2,000 of 2,101 keys" in caption.value for caption in app.caption)


def test_markup_and_odd_characters_stay_text(inspecting):
    odd = "<img src=x onerror=alert(1)> `:red[x]` $y$ \u202e ![a](b)"
    data = saved({"<b>mask</b>\n": torch.ones(1), "\u202e.mask": torch.ones(2, 2)})
    app = upload(inspecting, (f"{odd}.pt", data), (f"{odd}.bin", b"?"))
    assert not app.exception and len(app.error) == 1
    for shown in (app.error[0].value, text(app)):
        assert "`<img src=x onerror=alert(1)> ?:red[x]? $y$" in shown
    assert list(table(app).index) == ["<b>mask</b>\\n", "\\u202e.mask"]


def test_a_tensor_that_claims_to_be_huge_is_only_a_row(inspecting):
    data = saved({"huge": torch.ones(1).expand(2**20, 2**20, 2**20)})
    app = upload(inspecting, ("huge.pt", data))
    assert table(app).loc["huge", "bytes"] == f"{2**62:,}"


def test_an_unforeseen_fault_is_a_sentence_and_its_log_has_nothing_of_the_file(
    inspecting, monkeypatch, caplog
):
    def broken(data, name):
        raise RecursionError(data.decode())

    monkeypatch.setattr(checkpoints, "inspect", broken)
    app = upload(inspecting, ("odd.pt", b"its secret"))
    assert "not foreseen" in app.error[0].value
    assert "RecursionError" in caplog.text and "its secret" not in caplog.text


def test_an_upload_is_seen_by_nobody_else_and_gone_when_removed(inspecting):
    app = upload(inspecting, ("mine.pt", saved({"secret": torch.ones(1)})))
    assert "secret" in table(app).index
    other = page("inside", predict="false")
    assert "secret" not in table(other).index and "mine.pt" not in text(other)
    app.file_uploader(key="uploads").clear().run()
    assert "secret" not in table(app).index


# ------------------------------------------------- what a file is, and what loading it would do


@pytest.mark.parametrize(
    "name", ["model.ckpt", "checkpoint.pth.tar", "model.jit", "weights", "model.npz", "Modell.PT "]
)
def test_any_name_is_taken_and_the_content_decides(inspecting, name):
    app = upload(inspecting, (name, saved({"weight": torch.ones(2)})))
    assert not app.error and list(table(app).index) == ["weight"]
    app = upload(app, (name, b"<!doctype html><html></html>"))
    assert "a web page" in app.error[0].value
    assert not app.dataframe and "attention_with_buffer" not in text(app)


def test_the_page_says_first_that_a_file_does_not_record_buffers(inspecting):
    assert any("does not record what was a buffer" in c.value for c in inspecting.caption)
    app = upload(inspecting, ("a.pt", saved({"weight": torch.ones(2)})))
    assert "none looks" not in text(app) and "suggests a buffer" in text(app)


def test_bytes_are_counted_once_and_a_clean_save_is_offered(inspecting):
    mask, whole = torch.ones(40, 40), torch.ones(100, 100)
    state = {f"{i}.mask": mask for i in range(12)}
    app = upload(inspecting, ("shared.pt", saved(state)), ("slice.pt", saved({"w": whole[:6, :6]})))
    assert "12 look like buffers, 6.40 kB" in text(app)
    assert (
        "stores 40.0 kB for them; they use 144 bytes of that. Saved without what nobody reads"
        in text(app)
    )
    assert table(app).loc["0.mask", "storage"] == "shared by 12 names"
    assert table(app, 1).loc["w", "storage"] == "144 of 40,000 bytes used"
    programs = [code.value for code in app.code if "def clean" in code.value]
    assert len(programs) == 1


def test_a_refusal_comes_with_what_to_run(inspecting):
    data = saved({"w": torch.ones(1), "args": argparse.Namespace(lr=1)})
    app = upload(inspecting, ("train.pt", data))
    assert "state_dict()" not in app.error[0].value
    assert any("safe_globals" in code.value for code in app.code)


def test_a_silent_cast_is_a_finding_of_its_own(inspecting):
    half = {"w": torch.ones(2, dtype=torch.float16)}
    app = upload(inspecting, ("a.pt", saved({"w": torch.ones(2)})), ("b.pt", saved(half)))
    assert "1 cast to another dtype" in text(app) and "mismatched" not in text(app)
    assert "every number stays" in table(app, 2).loc["w", "what load_state_dict does"]
    assert not app.warning
    whole = {"w": torch.ones(2, dtype=torch.int64)}
    app = upload(app, ("c.pt", saved(whole)), ("d.pt", saved({"w": torch.ones(2)})))
    assert "2.8 becomes 2" in app.warning[0].value


def test_a_training_checkpoint_can_be_unwrapped(inspecting):
    model = nn.Linear(2, 2).state_dict()
    files = ("a.pt", saved(model)), ("b.pt", saved({"model": model, "epoch": 1}))
    app = upload(inspecting, *files)
    assert "2 missing, 2 unexpected" in text(app)
    assert "torch.load(file)['model']" in app.info[0].value
    app.toggle(key="unwrap").set_value(True).run()
    assert "Every key is in both" in app.success[0].value
    app = upload(page("inside", predict="false", unwrap="true"), *files)
    assert "Every key is in both" in app.success[0].value  # as the link says


def test_cells_are_no_formulas(inspecting):
    state = {"=cmd|' /C calc'!A0": torch.ones(1), "+1": torch.ones(1), "@SUM(1)": torch.ones(1)}
    app = upload(inspecting, ("a.pt", saved(state)), ("b.pt", saved({"-x": torch.ones(1)})))
    for frame in app.dataframe:
        for cell in frame.value.astype(str).to_numpy().ravel():
            assert cell[:1] not in ("=", "+", "-", "@")


def test_a_file_is_read_once_however_often_the_page_runs(inspecting, monkeypatch):
    read = []
    monkeypatch.setattr(inside, "look_here", lambda *args: read.append(args) or look(None, *args))
    app = upload(inspecting, ("a.pt", saved({"w": torch.ones(1)})))
    for _ in range(3):
        app.run()
    app.query_params["keys"] = "true"
    assert len(read) == 1
    app = upload(app, ("b.pt", saved({"v": torch.ones(1)})))
    assert len(read) == 2 and list(table(app).index) == ["v"]


def test_work_is_left_to_a_worker_even_if_the_file_is_small(inspecting, monkeypatch):
    def never(*args):
        raise AssertionError("read in the server")

    monkeypatch.setattr(inside, "look_here", never)
    chance = random.Random(0)
    numbers = b"".join(b"K%ca" % chance.randrange(256) for _ in range(100_000))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02]" + numbers + b".")
    assert len(packed.getvalue()) < 200_000
    app = upload(inspecting, ("small.pt", packed.getvalue()))
    assert table(app).loc["(the whole file)", "dtype"] == "list of 100,000"


def test_a_look_inside_ends_with_a_take_away(inspecting):
    assert "> **Take-away.** A checkpoint has names" in text(page("inside"))
    app = page("inside", compared="attention_without_buffers.pt")
    (line,) = [line for line in text(app).splitlines() if "Take-away" in line]
    assert line == "> **Take-away.** A file fits a module only where both have the same keys."
