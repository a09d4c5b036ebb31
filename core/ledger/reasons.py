"""Why each cell of the ledger comes out as it does. The outcome is observed; this explains it.

A key is an outcome, or an outcome with the column that has a reason of its own.
"""

from core.ledger.reason_parts import (
    CASTS,
    FOLLOWED,
    FOLLOWED_WITH_BUFFERS,
    HALF_OF_WHOLE,
    HALVES,
    NO_TENSOR,
    NOT_A_BUFFER,
    NOT_A_PARAMETER,
    NOT_THERE,
    PLAIN,
    UNTOUCHED,
    VISITS,
    left_alone,
    skipped,
)

REASONS = {
    "moved by .to(device)": {"yes": VISITS, **skipped(), **NO_TENSOR},
    "cast by .half()": HALVES,
    "cast by .to(float64)": CASTS,
    ".half() on int64": HALF_OF_WHOLE,
    ".half() on bool": HALF_OF_WHOLE,
    "in state_dict()": {
        "yes": "Parameters and persistent buffers are saved under their attribute's name.",
        ("yes", "frozen parameter"): "Every parameter is saved, whether it is trained or not.",
        ("yes", "nn.Buffer"): "`nn.Buffer` is persistent unless it is told otherwise, so it is "
        "saved.",
        ("no", "not persistent"): "With `persistent=False` a buffer moves with the module, but "
        "is left out of its `state_dict`.",
        ("no", "None buffer"): "A buffer that is `None` has nothing to save, so its name "
        "is left out.",
        **{
            ("no", column): "`state_dict()` goes through the module's two registers, `_parameters` "
            f"and `_buffers`. {NOT_THERE[column]}"
            for column in PLAIN
        },
    },
    "restored by load_state_dict()": {
        "yes": "Its key is in the saved state, so the saved values were copied into it.",
        ("no", "not persistent"): "A non-persistent buffer is not saved, and loading does not "
        "ask for it. The fresh module keeps what it built itself.",
        "no": "The tensor was never saved, so the fresh module keeps what it built itself. "
        "There is no error: loading asks for registered tensors only.",
        **NO_TENSOR,
    },
    "in parameters()": {
        "yes": "An `nn.Parameter` that is assigned as an attribute is registered as a parameter.",
        ("yes", "frozen parameter"): "`requires_grad=False` freezes a parameter. It is still a "
        "parameter, so it is listed and counted.",
        **NOT_A_PARAMETER,
    },
    "in buffers()": {
        "yes": "It is registered as a buffer; persistent or not makes no difference here.",
        **NOT_A_BUFFER,
    },
    "in nested named_buffers()": {
        "yes": "`recurse=True` goes through all submodules and puts their path in front of the "
        "name.",
        **NOT_A_BUFFER,
    },
    "receives a gradient": {
        "yes": "`nn.Parameter` sets `requires_grad`, and the tensor is a leaf, so `backward()` "
        "leaves its gradient in `.grad`.",
        ("no", "frozen parameter"): "`requires_grad=False`: `backward()` leaves no gradient in it.",
        "no": "A tensor gets a gradient only with `requires_grad=True`, and registering a "
        "buffer does not set that.",
        **{
            ("no", column): "A tensor gets a gradient only with `requires_grad=True`. After "
            "`requires_grad_()` this one would get a gradient, but `parameters()` would not "
            "hand it to an optimizer."
            for column in PLAIN
        },
        **NO_TENSOR,
    },
    "cleared by zero_grad()": {
        "yes": "`zero_grad` goes through `parameters()`, frozen ones too.",
        "no": "`zero_grad` goes through `parameters()` only. The gradient of a buffer stays, "
        "and the next one would be added to it.",
        **{
            ("no", column): "`zero_grad` goes through `parameters()` only, and this tensor is not "
            "among them. Its gradient stays, and the next one would be added to it."
            for column in PLAIN
        },
        **NO_TENSOR,
    },
    "changed by an optimizer step": {
        "yes": "It is among the parameters that the optimizer was given, and it has a gradient.",
        **UNTOUCHED,
    },
    "shrunk by weight decay": {
        "yes": "The gradient was zero, yet the weight decay of 0.1 · 0.5 took 5% off. So a mask "
        "that is a parameter fades in training even where its gradient is 0. Only if its "
        "`.grad` is `None` does the optimizer skip it, decay included.",
        **UNTOUCHED,
    },
    "survives deepcopy": {
        "yes": "`deepcopy` copies all of the module's attributes, registered or not, with their "
        "tensors. It raises an error for a tensor that was computed with a graph: keep such a "
        "result as `.detach()`.",
        "shared": "`deepcopy` does not copy a function. The copy has the same function, with "
        "the same tensor in it, so a change in place shows in both modules.",
        **NO_TENSOR,
    },
    "survives pickling": {
        "yes": "Pickling the whole module takes all of its attributes, registered or not. But "
        "`torch.load` refuses a pickled module by default, since reading one can run code; it "
        "takes a `state_dict`.",
        ("yes", "not persistent"): "Pickling the whole module takes all of its attributes. "
        "`persistent=False` is about `state_dict` only.",
        "raises": "Pickle saves a function as the name under which Python can import it. A "
        "function that was made inside another one has no such name, so the whole module cannot "
        "be pickled.",
        **NO_TENSOR,
    },
    "taken off meta by to_empty()": {
        "yes": f"{VISITS} `to_empty` gives each of them memory, but no values: load or compute "
        "them afterwards.",
        ("yes", "not persistent"): f"{VISITS} But its memory holds anything at all, and no "
        "`state_dict` brings the values back: it has to be computed anew.",
        **{key: f"{text} It stays on `meta`." for key, text in skipped().items()},
        **NO_TENSOR,
    },
    "swapped by functional_call()": {
        "yes": "`functional_call` puts the given tensor in place of the parameter or buffer for "
        "the time of one call.",
        ("yes", "plain attribute"): "`functional_call` swaps by name, and it also takes an "
        "attribute that is a tensor, registered or not.",
        ("yes", "None buffer"): "The name is registered, so a tensor can take the place "
        "of `None` for one call, and this `forward` uses it.",
        ("no", "list"): "The module has no attribute `mask`, so the given tensor was set and taken "
        "away again, without an error. `forward` read the list.",
        ("no", "dict"): "The module has no attribute `mask`, so the given tensor was set and taken "
        "away again, without an error. `forward` read the dict.",
        ("no", "closure"): "The module has no attribute `mask`, so the given tensor was set and "
        "taken away again, without an error. `forward` asked the function.",
    },
    "role in torch.export": {
        "parameter": "The exported program keeps it in its `state_dict`, under its name, as a "
        "parameter.",
        "buffer": "The exported program keeps it in its `state_dict`, under its name, and can "
        "write back a change that `forward` makes.",
        "unsaved buffer": "It stays a buffer, but its values go with the program's "
        "constants and not with its `state_dict`.",
        "constant": "Export found a tensor that nobody registered, and fixed its values in "
        "the program as a constant.",
        ("constant", "plain attribute"): "Export found a tensor that nobody registered, "
        "and fixed its values in the program as a constant, with the attribute's name. If "
        "`forward` changes that tensor, `run_decompositions` refuses the program. A buffer may "
        "change.",
        "not applicable": "`forward` took the path without a mask, so the program has no trace of "
        "one.",
    },
    "under torch.compile": {
        "input": "In the PyTorch that runs here, the graph takes the tensor as an input, "
        "however it is held. So a change of its values is seen without compiling again. Checks "
        "guard its shape and dtype, among others. No compiler took part: Dynamo captured the "
        "graph, and this experiment only looked at it.",
        "constant": "The graph holds the tensor itself, fixed at the time of its capture.",
        "not applicable": "`forward` took the path without a mask, so the graph has no trace of "
        "one.",
    },
    "sent by DDP at the start": {
        "yes": "When it is built, DistributedDataParallel sends rank 0's parameters and buffers, "
        "persistent or not, to all ranks, unless it is told `init_sync=False`.",
        "no": "DistributedDataParallel sends what `named_parameters()` and `named_buffers()` "
        "list. Every rank keeps its own of a tensor that is in neither.",
        **NO_TENSOR,
    },
    "sent by DDP before a forward": {
        "yes": "With `forward_sync_buffers=True`, the default, rank 0's buffers are sent at the "
        "start of a forward pass. This option is new in PyTorch 2.13, and it does not change "
        "what is sent when DDP is built. The older `broadcast_buffers=False` is deprecated: it "
        "also stops the sending of buffers when DDP is built.",
        ("no", "nn.Parameter"): "Parameters are sent once. After that, averaged gradients keep "
        "the ranks equal. But a change by hand on one rank is not undone.",
        ("no", "frozen parameter"): "Parameters are sent once, frozen ones too. This one has "
        "no gradient to average either, so a change on one rank stays there.",
        "no": "DistributedDataParallel sends what `named_buffers()` lists. Every rank keeps its "
        "own of a tensor that is not registered.",
        **NO_TENSOR,
    },
    "same object after .to()": {
        "yes": "`.to()` puts the new values into the very `nn.Parameter`, so whoever holds it (an "
        "optimizer, a tied layer) still holds the right one.",
        "no": "A buffer is replaced: the module's register gets the new tensor. Whoever kept "
        "the old tensor has a stale reference.",
        **left_alone("So nothing was done to it, and it is the same object."),
        **NO_TENSOR,
    },
    "isinstance nn.Buffer after .to()": {
        "no": "Only a tensor that was made by `nn.Buffer(…)` passes `isinstance`, and this one "
        "was made in another way.",
        ("no", "nn.Buffer"): "The tensor was an `nn.Buffer` before the move. `.to()` replaced "
        "it by a plain tensor in the same register. Use `named_buffers()` to find out whether a "
        "name is a buffer.",
        **NO_TENSOR,
    },
    "tied, and still one after .to()": {
        "yes": "A tied parameter stays tied: each module's `.to()` changes the one object that "
        "both hold.",
        "no": "Each module's `.to()` makes a new tensor for its own register. One buffer in two "
        "layers becomes two, and a file that held it once holds it twice.",
        **left_alone("So no module moves it, and it stays one tensor."),
        **NO_TENSOR,
    },
    "keeps 257 under bfloat16": {
        "no": "bfloat16 keeps 8 binary digits of a number, so 257 becomes 256. Casting back "
        "does not bring the digit back. If digits matter (positions, frequencies, running "
        "statistics), compute the tensor again in float32 after the cast, or keep it out of the "
        "cast. `torch.autocast` casts no buffer: see its row.",
        **left_alone("So it was not cast, and it kept its digits."),
        **NO_TENSOR,
    },
    "aliased by state_dict()": {
        "yes": "`state_dict()` copies nothing: its tensors share memory with the module's. To "
        "keep the best weights, take a `deepcopy`.",
        "no": "The tensor is not in the `state_dict()`, so nothing there could change.",
        **NO_TENSOR,
    },
    "asked for gradients by requires_grad_()": {
        "yes": "`module.requires_grad_()` goes through `parameters()`.",
        ("yes", "frozen parameter"): "`module.requires_grad_()` goes through `parameters()`, so "
        "a frozen one asks for gradients again.",
        "no": "`module.requires_grad_()` goes through `parameters()`, and a buffer is not among "
        "them. `buffer.requires_grad_()` would work, and no optimizer would be given it.",
        **{
            ("no", column): "`module.requires_grad_()` goes through `parameters()`, and this "
            "tensor is not among them."
            for column in PLAIN
        },
        **NO_TENSOR,
    },
    "followed by AveragedModel": FOLLOWED,
    "stepped by an optimizer made before .to()": {
        "yes": "The optimizer holds the `nn.Parameter` itself, and `.to()` changed that in "
        "place. So an optimizer that was made before the move works, as long as it has no state "
        "yet. State that it has stays on the old device.",
        **UNTOUCHED,
    },
    "cast by torch.autocast": {
        "no": "`torch.autocast` casts what goes into an operation, and only for that operation: "
        "the product is bfloat16. What the module holds stays float32, registered or not, with "
        "all its digits.",
        **NO_TENSOR,
    },
    "followed by AveragedModel(use_buffers=True)": FOLLOWED_WITH_BUFFERS,
}
