"""The words of the course, each in a sentence or two; a test runs what they claim.

What the questions of the course ask about a word stands in CONSEQUENCES: it follows the guess.
"""

GLOSSARY = {
    "module": "An object of a class derived from `nn.Module`. It holds parameters, buffers and "
    "other modules, each by a name.",
    "parameter": "A tensor to be trained: an `nn.Parameter`.",
    "frozen parameter": "A parameter with `requires_grad=False`.",
    "buffer": "A tensor that belongs to a module and is no parameter. Made by "
    "`register_buffer(name, tensor)`, or, since PyTorch 2.5, by assigning an `nn.Buffer`.",
    "plain attribute": "A tensor that was assigned to a module like any other Python value: "
    "`self.mask = torch.ones(3)`.",
    "persistent buffer": "A buffer that is registered with `persistent=True`. That is the default.",
    "non-persistent buffer": "A buffer that is registered with `persistent=False`.",
    "None buffer": "A buffer that was registered with `None`: its name is taken, and there is no "
    "tensor so far.",
    "state_dict": "A dictionary from names to tensors: what is saved of a module, and of all "
    "modules within.",
    "extra state": "What a module's method `get_extra_state()` returns: settings, mostly.",
    "checkpoint": "A file with a `state_dict`, and with whatever else training needs to go on.",
    "pickle": "Python's own format for objects. Loading a pickle can run any code.",
    "safetensors": "A file format for tensors and their names. There is no code in it.",
    "DataParallel": "`nn.DataParallel(model)`: a wrapper that shares a batch out among several "
    "GPUs.",
    "torch.compile": "Makes faster code of a model when the model is called.",
    "device": "Where a tensor's memory is: `cpu`, `cuda`, or `sim`, the simulated one of this "
    "course. Most operations want all their tensors on one device.",
    "`sim`": "A simulated accelerator, with a memory of its own, as a GPU has. The CPU does "
    "its calculations.",
    "meta device": "A device without memory: its tensors have a shape and a dtype and no values.",
    "`_apply`": "The method of a module through which `.to()`, `.half()` and their like pass.",
    "optimizer": "What changes tensors after `backward()`. It is handed them, mostly as "
    "`model.parameters()`.",
    "weight decay": "A pull of an optimizer's tensors towards 0 in each step.",
    "running statistics": "Mean and variance of what came by in training, as BatchNorm computes "
    "them.",
    "closure": "A function that keeps variables from where it was made.",
    "causal mask": "A tensor that says which positions come later, so that attention hides them.",
    "attention scores": "The product of each query with each key: one number for each pair.",
    "attention weights": "The scores, scaled, masked and put through softmax: each row has the sum "
    "1.",
    "context vector": "What attention gives for a token: the sum of all values, each times its "
    "attention weight.",
    "SDPA": "`torch.nn.functional.scaled_dot_product_attention`: attention in one call. With "
    "`is_causal=True` it needs no mask tensor.",
}
CONSEQUENCES = {
    "parameter": "`model.parameters()` lists it, the optimizer gets it from there, and "
    "`state_dict` has it.",
    "frozen parameter": "It gets no gradient, so an optimizer skips it.",
    "buffer": "`model.buffers()` lists it, and `.to()` moves it with the module.",
    "plain attribute": "The module does not list it, move it or save it.",
    "persistent buffer": "It is in the `state_dict`.",
    "non-persistent buffer": "It moves with its module and is not saved. Good for what the "
    "constructor computes again, such as a causal mask.",
    "None buffer": "As long as it is `None`, nothing is saved.",
    "state_dict": "By default it has the parameters and the persistent buffers.",
    "extra state": "`state_dict()` saves it under the key `_extra_state`, and `.to()` does not "
    "move it.",
    "pickle": "So `torch.load` reads only tensors and plain values from one, unless it is told "
    "`weights_only=False`.",
    "DataParallel": "It is a module itself, and holds the model as its attribute `module`.",
    "torch.compile": "What `torch.compile(model)` returns is a module that holds the model as "
    "`_orig_mod`.",
    "`_apply`": "It goes over parameters, their gradients and buffers, and over nothing else.",
    "optimizer": "It knows nothing else of the module.",
    "weight decay": "It acts also where the gradient is 0.",
    "running statistics": "BatchNorm holds them in buffers; its `forward` writes them in `train()` "
    "and only reads them in `eval()`.",
    "closure": "The module does not know a tensor that is held this way.",
}


def meaning(word: str, told: bool = True) -> str:
    """What a word of GLOSSARY means; told: with what follows from it, the answers to questions."""
    more = CONSEQUENCES.get(word, "") if told else ""
    return f"{GLOSSARY[word]} {more}".rstrip()
