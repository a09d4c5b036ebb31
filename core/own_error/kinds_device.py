"""Kinds of error about devices, dtypes and tensors without values."""

from core.own_error import examples_device as run
from core.own_error.kind import Cause, Kind

LAB, MOVING, CASES = (
    "pages/1_Attention_lab.py",
    "pages/2_Moving_devices.py",
    "pages/6_Failure_cases.py",
)
PLAIN_ON_SIM = (("buffer", "false"), ("device", "sim"))
PLACE = r"\w{1,12}(?::\d{1,3})?"
PAIR = rf"(?P<pair>{PLACE} and {PLACE})"
DTYPE = r"(?:c10::)?\w{1,20}"

KINDS = (
    Kind(
        "optimizer-state",
        Cause.DEVICES,
        "The optimizer's own tensors stayed on the old device",
        (rf"found at least two devices, {PAIR}", r"found at least two devices|same device"),
        "Adam, or SGD with momentum, keeps tensors of its own. The optimizer makes them at its "
        "first step, on the device where each parameter is at that time. `module.to(device)` moves "
        "parameters and buffers, but not the optimizer's tensors.",
        "Move the model first, then make the optimizer. If the optimizer has already taken a step, "
        "run `optimizer.load_state_dict(optimizer.state_dict())` after the move: it copies "
        "momentum and averages to the device of their parameters.",
        CASES,
        (("case", "optimizer-left-behind"),),
        run.optimizer_stays_behind,
        run.optimizer_made_after_the_move,
        r"torch[/\\]optim[/\\]|optimizer\.step\(|_foreach_|_fused_adam",
    ),
    Kind(
        "mask-device",
        Cause.DEVICES,
        "A mask is on another device than the tensor that it masks",
        (
            rf"expected self and mask to be on the same device, but got (?P<tensor>mask) on "
            rf"(?P<device>{PLACE}) and self on (?P<masked>{PLACE})",
        ),
        "`module.to(device)` moves parameters and buffers. If the mask is a plain attribute "
        "(`self.mask = …`), it is neither of them and stays on the device where it was made.",
        'Register the mask as a buffer: `self.register_buffer("mask", mask)`. Add '
        "`persistent=False` if the module can compute it again. Or create it in `forward` with "
        "`device=x.device`.",
        LAB,
        PLAIN_ON_SIM,
        run.mask_on_the_cpu,
        run.mask_is_a_buffer,
    ),
    Kind(
        "argument-device",
        Cause.DEVICES,
        "One argument of an operation is on another device",
        (
            rf"but got (?P<tensor>\w{{1,40}}) is on (?P<device>{PLACE}), different from other "
            rf"tensors on (?P<other>{PLACE})"
            r"(?: \(when checking argument in method (?P<method>\w{1,80})\))?",
            rf"found at least two devices, {PAIR}! \(when checking argument for argument "
            r"(?P<tensor>\w{1,40}) in method (?P<method>\w{1,80})\)",
            r"Expected object of (?:device type|backend) (?P<expected>\w{1,12}) but got "
            r"(?:device type|backend) (?P<device>\w{1,12}) for argument #\d{1,3} "
            r"'(?P<tensor>\w{1,40})'(?: in call to (?P<method>\w{1,80}))?",
            r"Tensor for argument #\d{1,3} '(?P<tensor>\w{1,40})' is on (?P<device>\w{1,12}), but "
            r"expected it to be on (?P<expected>\w{1,12})",
        ),
        "There are three usual reasons. The model was moved and its input was not. The input was "
        "moved and the model was not. Or a tensor of the module is neither a parameter nor a "
        "buffer, so `module.to(device)` did not move it. The argument's name is a hint: `weight`, "
        "`bias` and `mat2` usually belong to the module; `mat1`, `input` and `index` are usually "
        "what you passed in.",
        "Just above the line, print `.device` of each of its tensors. Move an input with "
        "`x.to(next(model.parameters()).device)`. Register a tensor of the module as a buffer.",
        LAB,
        (("move_model", "false"), ("device", "sim")),
        run.input_on_the_cpu,
        run.input_goes_along,
    ),
    Kind(
        "two-devices",
        Cause.DEVICES,
        "An operation got tensors from two devices",
        (rf"found at least two devices, {PAIR}!",),
        "Most operations need all their tensors on one device. This message names the two devices, "
        "but it does not say which tensor is on which. Often one tensor was made in `forward` "
        "without `device=`, and so on the CPU. Or it is a plain attribute of the module, which "
        "`module.to(device)` does not move.",
        "Just above the line, print `.device` of each of its tensors. Make new tensors with "
        "`device=x.device`, and register constant ones as buffers.",
        MOVING,
        (),
        run.bias_on_the_cpu,
        run.bias_made_there,
    ),
    Kind(
        "index-device",
        Cause.DEVICES,
        "The indices are on another device than the table",
        (
            r"indices should be either on (?P<either>\w{1,12}) or on the same device as the "
            r"indexed tensor \((?P<indexed>[\w:]{1,16})\)",
        ),
        "A tensor on the CPU can be indexed only with indices on the CPU. A tensor on a GPU takes "
        "indices on the same GPU or on the CPU; those on the CPU are copied to the GPU each time.",
        "Register the table (positions, a rotary table) as a buffer: then `module.to(device)` "
        "moves it to the device of the indices. Or move the indices: "
        "`table[index.to(table.device)]`.",
        MOVING,
        (),
        run.index_on_the_device,
        run.table_on_the_device,
    ),
    Kind(
        "dtype-types",
        Cause.DTYPES,
        "An operation got tensors of two dtypes",
        (
            rf"Input type \((?P<input_dtype>{DTYPE})\) and "
            rf"(?:weight type \((?P<weight_dtype>{DTYPE})\)|bias type \((?P<bias_dtype>{DTYPE})\)) "
            r"should be the same",
            r"Input type \(torch\.(?P<place>cuda\.|sim\.|)(?P<input_dtype>\w{1,20})\) and "
            r"(?:weight type \(torch\.(?P=place)(?P<weight_dtype>\w{1,20})\)|"
            r"bias type \(torch\.(?P=place)(?P<bias_dtype>\w{1,20})\)) should be the same",
            r"mat1 and mat2 must have the same dtype, but got (?P<first_dtype>\w{1,20}) and "
            r"(?P<second_dtype>\w{1,20})",
            r"expected m(?:at)?1 and m(?:at)?2 to have the same dtype, but got: "
            r"(?P<first_dtype>[\w:]{1,20}) ?!= ?(?P<second_dtype>[\w:]{1,20})",
            r"expected scalar type (?P<expected_dtype>\w{1,20}) but found "
            r"(?P<found_dtype>\w{1,20})",
            r"Index put requires the source and destination dtypes match, got "
            r"(?P<destination_dtype>\w{1,20}) for the destination and "
            r"(?P<source_dtype>\w{1,20}) for the source",
        ),
        "`module.half()` and `module.to(dtype)` change the dtype of floating-point parameters and "
        "buffers. They do not change the input, and they do not change a plain attribute.",
        "Cast the input: `x.to(layer.weight.dtype)`. Register a tensor that belongs to the module "
        "as a buffer. Or run the code under `torch.autocast`, which casts the inputs of each "
        "operation that needs it.",
        CASES,
        (("case", "missed-the-cast"),),
        run.input_in_half,
        run.input_in_the_weights_dtype,
    ),
    Kind(
        "input-type",
        Cause.DEVICES,
        "The input and the weight are on two devices",
        (
            r"Input type \((?P<input>torch\.[\w.]{1,40})\) and "
            r"(?:weight type \((?P<weight>torch\.[\w.]{1,40})\)|"
            r"bias type \((?P<bias>torch\.[\w.]{1,40})\)) should be the same",
        ),
        "This message names types. A type with `cuda` or `sim` in its name is on that device; one "
        "without is on the CPU. If the weight is on the CPU, `model.to(device)` did not reach the "
        "layer: often the layer is in a Python list. If the input is on the CPU, the batch was not "
        "moved.",
        "Move both: `model.to(device)` and `x.to(device)`. Put layers into an `nn.ModuleList`, not "
        "into a list.",
        MOVING,
        (),
        run.weight_on_the_cpu,
        run.weight_goes_along,
    ),
    Kind(
        "generator-device",
        Cause.DEVICES,
        "The generator of random numbers is on another device",
        (
            rf"Expected a '(?P<expected>{PLACE})' (?:device type for generator|generator device) "
            rf"but found '(?P<generator>{PLACE})'",
        ),
        "`torch.Generator()` makes a generator on the CPU. Random numbers on another device need a "
        "generator on that device. A generator is neither a parameter nor a buffer, so "
        "`module.to(device)` does not move it.",
        "Make the generator with `torch.Generator(device=x.device)`. Or make the random tensor on "
        "the CPU and move it.",
        MOVING,
        (),
        run.generator_of_the_cpu,
        run.generator_of_the_device,
    ),
    Kind(
        "numpy-device",
        Cause.DEVICES,
        "NumPy can read only what is in the CPU's memory",
        (rf"can't convert (?P<at>{PLACE}) device type tensor to numpy",),
        "`tensor.numpy()` makes an array that uses the tensor's own memory. NumPy cannot read the "
        "memory of a GPU.",
        "Copy the tensor to the CPU first: `tensor.detach().cpu().numpy()`.",
        MOVING,
        (),
        run.numpy_of_the_device,
        run.numpy_of_the_cpu,
    ),
    Kind(
        "ddp-device",
        Cause.DEVICES,
        "A tensor on this device cannot be sent between processes",
        (
            r"No backend type associated with device type (?P<lacking>\w{1,12})",
            r"Tensors must be CUDA and dense",
        ),
        "DistributedDataParallel sends parameters and buffers from the process with rank 0 to the "
        "others. Its backend NCCL can send only what is on a GPU. A buffer on the CPU stops it, "
        "for example one that was registered after the model was moved.",
        "Find the buffers on the CPU: "
        '`[n for n, b in model.named_buffers() if b.device.type == "cpu"]`. Register everything '
        "first, then move the whole model, then wrap it in DistributedDataParallel.",
        CASES,
        (("case", "not-broadcast"),),
    ),
    Kind(
        "meta",
        Cause.NO_VALUES,
        "A tensor on the device meta has a shape and no values",
        (
            r"Cannot copy out of meta tensor",
            r"cannot be called on meta tensors",
            r"can't be called on meta tensors",
        ),
        "A module that was built on `meta` has shapes and dtypes, but no memory for values. So "
        "there are no values that `.to()` could copy or `.item()` could read.",
        "Call `module.to_empty(device=…)`, which makes memory with arbitrary values, and load into "
        "it. Or call `load_state_dict(state, assign=True)`. Buffers that are not in the file have "
        "to be computed again.",
        "pages/3_State_dict.py",
        (("keys", "false"), ("failures", "true"), ("target_device", "meta"), ("predict", "false")),
        run.moved_from_meta,
        run.emptied_and_filled,
    ),
    Kind(
        "overflow",
        Cause.DTYPES,
        "A number does not fit into the tensor's dtype",
        (r"value cannot be converted to type (?P<dtype>[\w:]{1,24}) without overflow",),
        "The largest number in float16 is 65,504. A mask value such as -1e9 fits into float32, but "
        "not into float16.",
        "Use `-torch.inf`, which float16, bfloat16 and float32 all have, or "
        "`torch.finfo(x.dtype).min`.",
        CASES,
        (("case", "too-negative-for-half"),),
        run.too_negative,
        run.minus_infinity,
    ),
)
