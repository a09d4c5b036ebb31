"""Cases about what a module saves beside its registers: extra state, and hooks of state_dict."""

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, prints, raises, works
from core.device.simulated_device import register


def saved_as_extra_state():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))
            self.offset = torch.zeros(4)

        def get_extra_state(self):
            return {"offset": self.offset}

        def set_extra_state(self, state):
            self.offset = state["offset"]

        def forward(self, x):
            return x * self.weight + self.offset

    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = Scale()
    print(f"saved: {list(model.state_dict())}")
    model.to(device)
    print(f"weight: {model.weight.device}")
    print(f"offset: {model.offset.device}")
    print(f"output: {model(torch.ones(4, device=device)).device}")


def saved_as_buffer():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))
            self.register_buffer("offset", torch.zeros(4))

        def forward(self, x):
            return x * self.weight + self.offset

    device = "cuda" if torch.cuda.is_available() else register()  # sim, a simulated GPU
    model = Scale()
    print(f"saved: {list(model.state_dict())}")
    model.to(device)
    print(f"weight: {model.weight.device}")
    print(f"offset: {model.offset.device}")
    print(f"output: {model(torch.ones(4, device=device)).device}")


STAYS = Case(
    slug="extra-state-stays-behind",
    title="A tensor that is saved as extra state",
    story="`get_extra_state` and `set_extra_state` put anything into the checkpoint, so a module "
    "saves its tensor with them. Saving and loading work. Then the model goes to a GPU.",
    sources=("docs/generated/torch.nn.Module", "Lightning-AI/pytorch-lightning#17695"),
    tags=(Tag.DEVICE, Tag.CHECKPOINT),
    broken=saved_as_extra_state,
    fixed=saved_as_buffer,
    question="`offset` is a plain attribute that `get_extra_state` saves. What happens after "
    "`model.to(device)`?",
    choices=(
        Choice("it works: what is saved also moves", "Saving and moving are two things. Extra "
               "state is only saved. A buffer is saved and moved.",
               prints("output", "cuda:0", "sim:0")),
        Choice("an error about devices", "The attribute is in the checkpoint, but it is not "
               "registered, so `.to()` left it on the CPU.", raises("device")),
        Choice("an error when it is saved", "`state_dict()` saves the extra state under the key "
               "`_extra_state`. It may be any object.",
               lambda seen: not works(seen) and not seen.value("saved")),
    ),
    right=1,
    why="`state_dict()` calls `get_extra_state()` and saves the result as `_extra_state`. "
    "`.to()`, `.half()` and DistributedDataParallel go through parameters and buffers only.",
    fix="Register the tensor as a buffer. Then it is saved under its own name, moved and cast, "
    "and its shape is checked. Extra state is for what is no tensor, like a version or a "
    "dictionary of settings.",
    similar=("extra-state-missing", "mask-left-behind", "hook-adds-a-key"),
    experiment=Experiment(
        "pages/2_Moving_devices.py"
    ),
    message="on the same device, but found at least two devices",
)  # fmt: skip


def expects_extra_state():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))
            self.settings = {"unit": "token"}

        def get_extra_state(self):
            return self.settings

        def set_extra_state(self, state):
            self.settings = state

    old_file = {"weight": torch.full((2,), 5.0)}  # from before there was an extra state
    model = Scale()
    print(f"result: {model.load_state_dict(old_file)}")
    print(f"settings: {model.settings}")


def accepts_files_without_it():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))
            self.settings = {"unit": "token"}
            self.register_load_state_dict_pre_hook(self.add_settings)

        @staticmethod
        def add_settings(module, state, prefix, *rest):
            state.setdefault(f"{prefix}_extra_state", module.settings)

        def get_extra_state(self):
            return self.settings

        def set_extra_state(self, state):
            self.settings = state

    old_file = {"weight": torch.full((2,), 5.0)}  # from before there was an extra state
    model = Scale()
    print(f"result: {model.load_state_dict(old_file)}")
    print(f"settings: {model.settings}")


MISSING = Case(
    slug="extra-state-missing",
    title="Extra state in a new version",
    story="A new version of a module defines `get_extra_state` and `set_extra_state`. The "
    "weights are the same as before. A file of the old version is loaded.",
    sources=("RLinf/RLinf#266", "docs/generated/torch.nn.Module"),
    tags=(Tag.CHECKPOINT,),
    broken=expects_extra_state,
    fixed=accepts_files_without_it,
    question="The old file has every weight. What does `load_state_dict` do?",
    choices=(
        Choice("it works, and keeps the settings", "The key of the extra state is expected like "
               "that of a buffer. Strict loading requires it.", works),
        Choice("an error: a key is missing", "The missing key is `_extra_state`: the file was "
               "saved before the module had one.",
               raises('Missing key(s) in state_dict: "_extra_state"')),
        Choice("an error in set_extra_state: it gets None", "`set_extra_state` is not called "
               "when the file has no extra state.", raises("NoneType")),
    ),
    right=1,
    why="A class that defines `get_extra_state` has one more key, `_extra_state`. With "
    "`strict=True`, a file without this key is refused, just like a file without a persistent "
    "buffer.",
    fix="`register_load_state_dict_pre_hook` takes a hook that runs before loading. It can add "
    "the key that old files do not have. `strict=False` would load too, but hide other missing "
    "keys.",
    similar=("extra-state-stays-behind", "missing-mask", "hook-adds-a-key"),
    experiment=Experiment(
        "pages/3_State_dict.py", (("failures", "true"), ("predict", "false"))
    ),
    message=r'Missing key\(s\) in state_dict: "(\w+\.)*_extra_state"',
)  # fmt: skip


def hook_saves():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))
            self.seen = torch.zeros(2)
            self.register_state_dict_post_hook(self.add_seen)

        @staticmethod
        def add_seen(module, state, prefix, metadata):
            state[f"{prefix}seen"] = module.seen

    trained, fresh = Scale(), Scale()
    trained.seen += 3
    print(f"saved: {list(trained.state_dict())}")
    print(f"result: {fresh.load_state_dict(trained.state_dict())}")
    print(f"loaded: {fresh.seen.tolist()}")


def buffer_saves():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))
            self.register_buffer("seen", torch.zeros(2))

    trained, fresh = Scale(), Scale()
    trained.seen += 3
    print(f"saved: {list(trained.state_dict())}")
    print(f"result: {fresh.load_state_dict(trained.state_dict())}")
    print(f"loaded: {fresh.seen.tolist()}")


HOOK = Case(
    slug="hook-adds-a-key",
    title="A hook that saves a tensor",
    story="A module has a plain tensor, and a hook puts it into every `state_dict`. The file is "
    "then loaded into a module of the same class.",
    sources=("pytorch/pytorch#75287", "pytorch/pytorch#126704"),
    tags=(Tag.CHECKPOINT,),
    broken=hook_saves,
    fixed=buffer_saves,
    question="`register_state_dict_post_hook` added `seen`. What does loading this file do?",
    choices=(
        Choice("it works, and `seen` is loaded", "The hook changes what is saved. Nothing says "
               "what to do with this key when it is loaded.", prints("loaded", "[3.0, 3.0]")),
        Choice("it works, and `seen` is left out", "With `strict=False` the key would be "
               "ignored. The default is `strict=True`.", prints("loaded", "[0.0, 0.0]")),
        Choice("an error: an unexpected key", "`seen` is neither a parameter nor a buffer of "
               "the module, so no such key is expected.",
               raises('Unexpected key(s) in state_dict: "seen"')),
    ),
    right=2,
    why="Saving collects parameters and buffers, and then runs the hook. Loading expects the "
    "keys of the module, and not the one that the hook added. So a hook for saving needs a second "
    "one, for loading: `register_load_state_dict_pre_hook`. That one takes the key out and keeps "
    "its value.",
    fix="Register `seen` as a buffer: this one line is enough for saving, loading, moving and "
    "casting. Use hooks for files of another format, for example with old names.",
    similar=("extra-state-stays-behind", "unexpected-mask", "extra-state-missing"),
    experiment=Experiment(
        "pages/3_State_dict.py", (("failures", "true"), ("predict", "false"))
    ),
    message=r'Unexpected key\(s\) in state_dict: "seen"',
)  # fmt: skip

CASES = (STAYS, MISSING, HOOK)
