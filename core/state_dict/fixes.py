"""The load-failure lab's fixes: what each does, and the lines that do it."""

FIXES = {  # name: (what it does, the lines between state_dict and load_state_dict, lines after)
    "none": ("no fix", "", ""),
    "strip-prefix": (
        "Take the wrapper's prefix off every key",
        'state = {key.removeprefix("module.").removeprefix("_orig_mod."): tensor'
        " for key, tensor in state.items()}",
        "",
    ),
    "drop-mask": (
        "Take the mask out of the state: the target has built its own",
        'state = {key: tensor for key, tensor in state.items() if not key.endswith("mask")}',
        "",
    ),
    "add-mask": (
        "Put the target's own mask into the state",
        'state = {**state, "mask": target.mask}',
        "",
    ),
    "register-anew": (
        "Make the target's mask non-persistent, and take it out of the state",
        "del target.mask\n"
        'target.register_buffer("mask", causal_mask(target.context_length, device), '
        "persistent=False)\n"
        'state = {key: tensor for key, tensor in state.items() if not key.endswith("mask")}',
        "",
    ),
    "rebuild": (
        "Build the mask again after loading",
        "",
        "fresh = causal_mask(target.context_length, target.W_query.weight.device)\n"
        "target.mask = fresh",
    ),
    "assign": (
        "Load once more, with assign=True",
        "",
        "target.load_state_dict(state, assign=True)",
    ),
    "to-target": (
        "Cast and move the loaded module to where it was wanted",
        "",
        "target.to(device, torch.float32)",
    ),
}
