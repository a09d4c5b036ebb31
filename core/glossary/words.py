"""The words of the course, each in a sentence or two; a test runs what they claim."""

GLOSSARY = {
    "module": "An object of a class derived from `nn.Module`. It holds parameters, buffers and "
    "other modules, each by a name.",
    "parameter": "A tensor that is trained: an `nn.Parameter`. `model.parameters()` lists it, the "
    "optimizer gets it from there, and `state_dict` has it.",
    "buffer": "A tensor that belongs to a module and is no parameter. `model.buffers()` lists it, "
    "and `.to()` moves it with the module. Made by `register_buffer(name, tensor)`, or, since "
    "PyTorch 2.5, by assigning an `nn.Buffer`.",
    "plain attribute": "A tensor that was assigned to a module like any other Python value: "
    "`self.mask = torch.ones(3)`. The module does not list it, move it or save it.",
    "persistent buffer": "A buffer that is in the `state_dict`. That is the default.",
    "non-persistent buffer": "A buffer that moves with its module and is not saved: "
    "`register_buffer(name, tensor, persistent=False)`. Good for what the constructor computes "
    "again, such as a causal mask.",
    "None buffer": "A buffer that was registered with `None`: its name is taken, there is no "
    "tensor so far, and nothing is saved.",
    "state_dict": "A dictionary from names to tensors: parameters and persistent buffers of a "
    "module and of all modules within.",
    "checkpoint": "A file with a `state_dict`, and with whatever else training needs to go on.",
    "pickle": "Python's own format for objects. To load one can run any code; so `torch.load` "
    "reads only tensors and plain values from it, unless it is told `weights_only=False`.",
    "safetensors": "A file format for tensors and their names. There is no code in it.",
    "DataParallel": "`nn.DataParallel(model)`: a wrapper that shares a batch out among several "
    "GPUs. It is a module itself, and holds the model as its attribute `module`.",
    "torch.compile": "Makes faster code of a model when the model is called. What "
    "`torch.compile(model)` returns is a module that holds the model as `_orig_mod`.",
    "device": "Where a tensor's memory is: `cpu`, `cuda`, or `sim`, the simulated one of this "
    "course. Most operations want all their tensors on one device.",
    "`sim`": "A simulated accelerator, with a memory of its own, as a GPU has. The CPU does "
    "its calculations.",
    "meta device": "A device without memory: its tensors have a shape and a dtype and no values.",
    "`_apply`": "The method of a module through which `.to()`, `.half()` and their like pass. It "
    "goes over parameters, their gradients and buffers, and over nothing else.",
    "optimizer": "What changes parameters after `backward()`. It is handed tensors, mostly "
    "`model.parameters()`, and knows nothing else of the module.",
    "weight decay": "A pull of an optimizer's tensors towards 0 in each step, also where the "
    "gradient is 0.",
    "running statistics": "Mean and variance of what came by in training. BatchNorm holds them in "
    "buffers; its `forward` writes them in `train()` and only reads them in `eval()`.",
    "closure": "A function that keeps variables from where it was made. The module "
    "does not know a tensor that is held this way.",
    "causal mask": "A tensor that says which positions come later, so that attention hides them.",
    "attention scores": "The product of each query with each key: one number for each pair.",
    "attention weights": "The scores, scaled, masked and put through softmax: each row has the sum "
    "1.",
    "context vector": "What attention gives for a token: the sum of all values, each times its "
    "attention weight.",
    "SDPA": "`torch.nn.functional.scaled_dot_product_attention`: attention in one call. With "
    "`is_causal=True` it needs no mask tensor.",
}
