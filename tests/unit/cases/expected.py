"""What happens in each case on torch 2.13.0, written down by hand: the oracle of the tests.

Of each side: the lines that have to be printed, in order (others may stand between), and, after
`!`, a part of the error. `device` stands for the name of the accelerator.
"""

MATCHED = "result: <All keys matched successfully>"
UNEXPECTED = (
    "!RuntimeError: Error(s) in loading state_dict for Attention:\n\t"
    'Unexpected key(s) in state_dict: "mask". '
)
EXPECTED = {  # slug: (row of the table of facts or None, what fails, what the fix gives)
    "mask-left-behind": (
        1,
        ("weight: device", "mask: cpu", "!RuntimeError: expected self and mask to be on the same "
         "device, but got mask on cpu and self on device"),
        ("weight: device", "mask: device", "output: device"),
    ),
    "meta-says-nothing": (2, ("output: meta", "weight: meta", "mask: cpu"), ("mask: meta",)),
    "unexpected-mask": (3, (UNEXPECTED,), (MATCHED,)),
    "missing-mask": (3, ('!Missing key(s) in state_dict: "mask". ',), (MATCHED,)),
    "size-mismatch": (
        4,
        ("!size mismatch for mask: copying a param with shape torch.Size([6, 6]) from checkpoint, "
         "the shape in current model is torch.Size([4, 4]).",),
        (MATCHED, "mask: (4, 4)"),
    ),
    "stale-alias": (
        5,
        ("buffer: torch.float64", "in the list: torch.float32"),
        ("buffer: torch.float64", "in the list: torch.float64"),
    ),
    "assigned-then-registered": (
        6, ("!KeyError: \"attribute 'mask' already exists\"",), ("buffers: ['mask']",),
    ),
    "list-over-buffer": (
        7,
        ("!TypeError: cannot assign 'list' as buffer 'mask' (torch.nn.Buffer, torch.Tensor or None "
         "expected)",),
        ("mask: Tensor", "buffers: ['mask']"),  # a tensor stays a buffer
    ),
    "parameter-over-buffer": (
        7,
        ("buffers: []", "parameters: ['weight', 'bias', 'mask']"),
        ("buffers: ['mask']", "parameters: ['weight', 'bias']"),
    ),
    "deleted-and-assigned": (
        7,
        ("keys: ['weight', 'bias']", "weight: torch.float64", "mask: torch.float32"),
        ("keys: ['weight', 'bias', 'mask']", "mask: torch.float64"),
    ),
    "tensors-in-a-list": (
        8, ("keys: []", "dtype: torch.float32"),
        ("keys: ['mask_2', 'mask_4']", "dtype: torch.float64"),
    ),
    "lazy-mask": (
        9,
        ("before the move: cpu", "mask: cpu", "!got mask on cpu and self on device"),
        ("before the move: cpu", "mask: device", "after the move: device"),
    ),
    "half-picks": (
        10,
        ("scale: torch.float16", "mask: torch.bool", "positions: torch.int64",
         "table: torch.float32", "largest scale: 2048.0"),
        ("scale: torch.float32", "largest scale: 2049.0"),
    ),
    "too-negative-for-half": (
        11, ("!value cannot be converted to type c10::Half without overflow",),
        ("first row: [1.0, 0.0, 0.0]",),
    ),
    "row-of-nan": (
        11, ("row 1: [nan, nan, nan]", "output has nan: True"),
        ("row 1: [1.0, 0.0, 0.0]", "row 3: [0.0, 0.5, 0.5]", "output has nan: False"),
    ),
    "mask-upside-down": (12, ("output: [55.0, 100.0, 0.0]", "same: False"), ("same: True",)),
    "empty-after-assign": (
        13, (MATCHED, "weight: cpu", "mask: meta"), (MATCHED, "weight: cpu", "mask: cpu"),
    ),
    "not-broadcast": (14, ("scale on rank 1: 1.0",), ("scale on rank 1: 0.0",)),
    "lifted-constant": (
        15,
        ("mask: CONSTANT_TENSOR", "state_dict: ['linear.weight', 'linear.bias']",
         "constants: ['mask']"),
        ("mask: BUFFER", "state_dict: ['linear.weight', 'linear.bias', 'mask']", "constants: []"),
    ),
    "mask-as-parameter": (
        16, ("largest drift of the mask: 7.5",), ("largest drift of the mask: 0.0",),
    ),
    "masks-fill-the-file": (
        17, ("torch.float32: 50.35 MB", "torch.bool: 12.60 MB"), ("torch.float32: 0.01 MB",),
    ),
    "zeroed-mask-loads": (
        18, (MATCHED, "weights of the first token: [0.33, 0.33, 0.33]"),
        (MATCHED, "weights of the first token: [1.0, 0.0, 0.0]"),
    ),
    "weights-averaged-without-buffers": (
        19,
        ("running mean of the model: -8.76", "running mean of the twin: 0.00"),
        ("running mean of the model: -8.76", "running mean of the twin: -8.76"),
    ),
    "none-buffer-saved": (
        20,
        ("keys before forward: []", "keys after forward: ['mask']", UNEXPECTED),
        ("keys after forward: []", "loaded: <All keys matched successfully>"),
    ),
    "optimizer-left-behind": (
        21,
        ("weight: device", "momentum: cpu", "!found at least two devices, device and cpu!"),
        ("weight: device", "momentum: device", "the second step: done"),
    ),
    "complex-table": (
        22,
        ("after half(): torch.complex64", "after to(bfloat16): torch.bfloat16, 0.54",
         "imaginary part: lost", "?Casting complex values to real discards the imaginary part"),
        ("after to(bfloat16): torch.complex64, 0.54+0.84j", "imaginary part: kept"),
    ),
    "frequencies-in-bfloat16": (
        23, ("largest error at 4096 positions: 1.56",), ("largest error at 4096 positions: 0.00",),
    ),
    "float-into-int": (24, (MATCHED, "loaded: 2"), (MATCHED, "loaded: 2.799999952316284")),
    "result-kept": (
        25, ("copy before forward: Attention", "!Only Tensors created explicitly by the user "),
        ("copy before forward: Attention", "copy after forward: Attention"),
    ),
    "graph-kept": (
        26, ("step 1: done", "!Trying to backward through the graph a second time"),
        ("step 1: done", "step 2: done"),
    ),
    "slice-saves-all": (27, ("the buffer: 144 bytes",), ("the buffer: 144 bytes",)),
    "shared-mask-parts": (
        28,  # 1024 * 1024 * 4 bytes: 4,194,304 for a mask
        ("one mask, four layers: 4.20 MB", "after two casts: 16.78 MB", "masks still one: False",
         "weights still one: True"),
        ("after two casts: 4.20 MB", "masks still one: True", "weights still one: True"),
    ),
    "missed-the-cast": (
        29, ("weight: torch.bfloat16", "table: torch.float32",
             "!expected m1 and m2 to have the same dtype"),
        ("table: torch.bfloat16", "output: torch.bfloat16"),
    ),
    "checkpointing-counts-twice": (30, ("batches counted: 2",), ("batches counted: 1",)),
    "before-super-init": (
        None, ("!AttributeError: cannot assign buffer before Module.__init__() call",),
        ("buffers: ['mask']",),
    ),
    "best-weights-keep-changing": (
        None, ("best: 1.00", "best after training on: 0.40"),
        ("best: 1.00", "best after training on: 1.00"),
    ),
    "wrapped-by-dataparallel": (
        None, ('!Missing key(s) in state_dict: "running_mean", "running_var"',), (MATCHED,),
    ),
    "wrapped-by-compile": (
        None, ("keys: ['_orig_mod.weight']",
               '!Unexpected key(s) in state_dict: "_orig_mod.weight"'),
        ("keys: ['weight']", MATCHED),
    ),
    "whole-model-saved": (
        None, ("!UnpicklingError: Weights only load failed.",), ("loaded: Sequential",),
    ),
    "cache-from-inference": (
        None,
        ("an inference tensor: True", "!Inference tensors cannot be saved for backward"),
        ("an inference tensor: False", "backward: done"),
    ),
    "still-in-training-mode": (
        None, ("running mean before: 0.00", "running mean after: 10.01"),
        ("running mean after: 0.00",),
    ),
    "mean-with-history": (
        None, ("operations remembered: 99",),
        ("operations remembered: 0",),
    ),
    "extra-state-stays-behind": (
        None,
        ("saved: ['weight', '_extra_state']", "weight: device", "offset: cpu",
         "!RuntimeError: Expected all tensors to be on the same device, but found"),
        ("saved: ['weight', 'offset']", "offset: device", "output: device"),
    ),
    "extra-state-missing": (
        None, ('!Missing key(s) in state_dict: "_extra_state". ',),
        (MATCHED, "settings: {'unit': 'token'}"),
    ),
    "hook-adds-a-key": (
        None,
        ("saved: ['weight', 'seen']", '!Unexpected key(s) in state_dict: "seen". '),
        (MATCHED, "loaded: [3.0, 3.0]"),
    ),
    "cast-or-autocast": (  # of 8 bits of digits: 0 to 256, and 128 numbers in each doubling
        None,
        ("output: torch.bfloat16", "buffer: torch.bfloat16", "different positions: 769 of 4096",
         "position 257: 256"),
        ("output: torch.bfloat16", "buffer: torch.float32", "different positions: 4096 of 4096",
         "position 257: 257"),
    ),
    "average-copies-last-buffers": (  # a tenth of the step from about -10 to 90
        None,
        ("running mean of the model: 90.00", "running mean of the average: 90.00"),
        ("running mean of the model: 90.00", "running mean of the average: 0.28"),
    ),
    "reassigned-or-in-place": (
        None, ("buffers: ['0.seen', '1.seen']", "first: 3", "second: 3"),
        ("buffers: ['0.seen']", "first: 6", "second: 6"),  # one tensor is listed once
    ),
    "buffer-without-shape": (
        None,
        ("a buffer: UninitializedBuffer", "after a cast: torch.float64",
         "!Attempted to use an uninitialized parameter"),
        ("a buffer: Tensor", "after a cast: torch.float64", "numbers: 7"),  # 3 + 3 + a counter
    ),
    "nothing-loaded": (
        None, ("weights were loaded: False",), ("weights were loaded: True", MATCHED),
    ),
}  # fmt: skip
