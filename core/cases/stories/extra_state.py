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
        Choice("it works: what is saved also moves", "To be saved and to be moved are two things. "
               "A buffer has both.", prints("output", "cuda:0", "sim:0")),
        Choice("an error about devices", "The attribute is in the checkpoint, but it is not "
               "registered, so `.to()` left it on the CPU.", raises("device")),
        Choice("an error when it is saved", "`state_dict` has the key `_extra_state`, and anything "
               "may stand under it.",
               lambda seen: not works(seen) and not seen.value("saved")),
    ),
    right=1,
    why="`state_dict()` asks `get_extra_state()` and saves what it returns, under `_extra_state`. "
    "`.to()`, `.half()` and DistributedDataParallel go through parameters and buffers only.",
    fix="A tensor is a buffer: it is saved under its name, moved, cast and checked for its shape. "
    "Extra state is for what is no tensor, like a version, or a dictionary of settings.",
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
    story="A new version of a module defines `get_extra_state` and `set_extra_state`. All weights "
    "are as they were. A file from before is loaded.",
    sources=("RLinf/RLinf#266", "docs/generated/torch.nn.Module"),
    tags=(Tag.CHECKPOINT,),
    broken=expects_extra_state,
    fixed=accepts_files_without_it,
    question="The old file has every weight. What does `load_state_dict` do?",
    choices=(
        Choice("it works, and keeps the settings", "Extra state is part of the format like a "
               "buffer: strict loading wants its key.", works),
        Choice("an error: a key is missing", "The key is `_extra_state`, and the file is from "
               "before it existed.", raises('Missing key(s) in state_dict: "_extra_state"')),
        Choice("an error in set_extra_state: it gets None", "It is not called where there is "
               "nothing to set.", raises("NoneType")),
    ),
    right=1,
    why="A class that overrides `get_extra_state` has one key more, `_extra_state`. With "
    "`strict=True` a file without it is refused, just as one without a persistent buffer.",
    fix="A hook that runs before loading adds what old files lack: "
    "`register_load_state_dict_pre_hook`. `strict=False` would load too, and hide other gaps.",
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
        Choice("it works, and `seen` is loaded", "A hook of `state_dict()` changes what is saved. "
               "Nothing says what to do with it later.", prints("loaded", "[3.0, 3.0]")),
        Choice("it works, and `seen` is left out", "With `strict=False` it would be so. The "
               "default is strict.", prints("loaded", "[0.0, 0.0]")),
        Choice("an error: an unexpected key", "The module has no register with that name, so the "
               "key is one too many.", raises('Unexpected key(s) in state_dict: "seen"')),
    ),
    right=2,
    why="Saving asks the registers and then the hooks; loading goes through the registers. A hook "
    "for one half needs one for the other: `register_load_state_dict_pre_hook`, which takes the "
    "key out and keeps the value.",
    fix="Register a buffer: one line for saving, loading, moving and casting. Hooks are for files "
    "of another form, like keys with old names.",
    similar=("extra-state-stays-behind", "unexpected-mask", "extra-state-missing"),
    experiment=Experiment(
        "pages/3_State_dict.py", (("failures", "true"), ("predict", "false"))
    ),
    message=r'Unexpected key\(s\) in state_dict: "seen"',
)  # fmt: skip

CASES = (STAYS, MISSING, HOOK)
