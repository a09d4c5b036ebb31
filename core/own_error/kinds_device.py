"""Kinds of error about devices, dtypes and tensors without values."""

from core.own_error import examples_device as run
from core.own_error.kind import Cause, Kind

LAB, MOVING, CASES = (
    "pages/1_Attention_lab.py",
    "pages/2_Moving_devices.py",
    "pages/6_Failure_cases.py",
)
PLAIN_ON_SIM = (("buffer", "false"), ("device", "sim"))
DEVICE = r"(?P<{0}>\w{{1,12}}(?::\d{{1,3}})?)"
A, B = DEVICE.format("device"), DEVICE.format("other")
TYPE = r"(?:torch\.)?{0}[\w:.]{{1,40}}"

KINDS = (
    Kind(
        "optimizer-state",
        Cause.DEVICES,
        "The optimizer's state is on the device that the model left",
        (r"(?:found at least two devices|same device)",),
        "An optimizer makes its state (momentum, averages) beside the parameters at its first "
        "step. `module.to(device)` moves parameters and buffers; it does not know the optimizer. "
        "The parameters are the same objects, so a model that moves *before* the first step is "
        "fine.",
        "Move the model first, then make the optimizer. For state that is there already: "
        "`optimizer.load_state_dict(optimizer.state_dict())` casts it to the parameters' device.",
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
            rf"expected self and mask to be on the same device, but got (?P<tensor>mask) on {A} "
            rf"and self on {B}",
        ),
        "`module.to(device)` moves parameters and buffers. A mask that was only assigned to an "
        "attribute is neither, and stays where it was made.",
        "Register the mask as a buffer; `persistent=False` if it can be computed again. Or make it "
        "in `forward` on `x.device`.",
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
            rf"but got (?P<tensor>\w{{1,40}}) is on {A}, different from other tensors on {B}"
            r"(?: \(when checking argument in method (?P<method>\w{1,80})\))?",
            rf"found at least two devices, {A} and {B}! \(when checking argument for argument "
            r"(?P<tensor>\w{1,40}) in method (?P<method>\w{1,80})\)",
            r"Expected object of (?:device type|backend) (?P<other>\w{1,12}) but got "
            r"(?:device type|backend) (?P<device>\w{1,12}) for argument #\d{1,3} "
            r"'(?P<tensor>\w{1,40})'(?: in call to (?P<method>\w{1,80}))?",
            r"Tensor for argument #\d{1,3} '(?P<tensor>\w{1,40})' is on (?P<device>\w{1,12}), but "
            r"expected it to be on (?P<other>\w{1,12})",
        ),
        "The model was moved and its input was not, or the other way round; or one tensor of the "
        "module is no buffer and no parameter and stayed. `weight`, `bias`, `mat2` are mostly the "
        "module's own; `mat1`, `input`, `index` are mostly what was passed in.",
        "Print `.device` of the operation's tensors just above the line. An input goes to "
        "`next(model.parameters()).device`. A tensor of the module becomes a buffer.",
        LAB,
        (("move_model", "false"), ("device", "sim")),
        run.input_on_the_cpu,
        run.input_goes_along,
    ),
    Kind(
        "two-devices",
        Cause.DEVICES,
        "An operation met tensors from two devices",
        (rf"found at least two devices, {A} and {B}!",),
        "An elementwise operation (`+`, `where`, a mask that is added) compares all of its "
        "tensors and does not say which argument was which. Often one of them was made on the CPU "
        "in `forward`, or is an attribute that nobody registered.",
        "Print `.device` of each tensor in the line. Make new ones with `device=x.device`; "
        "register constant ones as buffers.",
        MOVING,
        (),
        run.bias_on_the_cpu,
        run.bias_made_there,
    ),
    Kind(
        "index-device",
        Cause.DEVICES,
        "The indices are on the device, the table is on the CPU",
        (
            r"indices should be either on (?P<either>\w{1,12}) or on the same device as the "
            r"indexed tensor \((?P<device>[\w:]{1,16})\)",
        ),
        "A table on the CPU takes indices from the CPU only. A table on a GPU takes both, and "
        "copies CPU indices each time.",
        "Register the table (positions, a rotary table) as a buffer, so that it is where the "
        "indices are. Else `table[index.to(table.device)]`.",
        MOVING,
        (),
        run.index_on_the_device,
        run.table_on_the_device,
    ),
    Kind(
        "dtype-types",
        Cause.DTYPES,
        "Input and weight have two dtypes",
        (
            r"Input type \((?P<dtype>(?:c10::)?\w{1,20})\) and (?:weight|bias) type "
            r"\((?P<dtype2>(?:c10::)?\w{1,20})\) should be the same",
            r"Input type \(torch\.(?P<kind>cuda\.|sim\.|)(?P<dtype>\w{1,20})\) and (?:weight|bias) "
            r"type \(torch\.(?P=kind)(?P<dtype2>\w{1,20})\) should be the same",
            r"mat1 and mat2 must have the same dtype, but got (?P<dtype>\w{1,20}) and "
            r"(?P<dtype2>\w{1,20})",
            r"expected m(?:at)?1 and m(?:at)?2 to have the same dtype, but got: "
            r"(?P<dtype>[\w:]{1,20}) ?!= ?(?P<dtype2>[\w:]{1,20})",
            r"expected scalar type (?P<dtype>\w{1,20}) but found (?P<dtype2>\w{1,20})",
            r"Index put requires the source and destination dtypes match, got (?P<dtype>\w{1,20}) "
            r"for the destination and (?P<dtype2>\w{1,20}) for the source",
        ),
        "`module.half()` casts floating-point parameters and buffers. The input is not the "
        "module's, and a tensor that nobody registered is not visited; both keep their dtype.",
        "Cast the input, `x.to(layer.weight.dtype)`; register what belongs to the module; or run "
        "under `torch.autocast`, which casts for each operation.",
        CASES,
        (("case", "missed-the-cast"),),
        run.input_in_half,
        run.input_in_the_weights_dtype,
    ),
    Kind(
        "input-type",
        Cause.DEVICES,
        "Input and weight are on two devices",
        (
            r"Input type \((?P<input>torch\.[\w.]{1,40})\) and (?:weight|bias) type "
            r"\((?P<weight>torch\.[\w.]{1,40})\) should be the same",
        ),
        "A type with `cuda` (here `sim`) in its name is on that device, one without is on the CPU. "
        "With the weight on the CPU, the layer was never moved: often it is in a Python list. With "
        "the input on the CPU, the batch was not moved.",
        "`model.to(device)` and `x.to(device)`; layers belong into an `nn.ModuleList`.",
        MOVING,
        (),
        run.weight_on_the_cpu,
        run.weight_goes_along,
    ),
    Kind(
        "generator-device",
        Cause.DEVICES,
        "A generator of random numbers belongs to one device",
        (rf"Expected a '{A}' (?:device type for generator|generator device) but found '{B}'",),
        "`torch.Generator()` is of the CPU. A tensor on another device takes its random numbers "
        "from a generator of that device. Neither is a buffer: `.to()` moves no generator.",
        "`torch.Generator(device=x.device)`, or draw on the CPU and move what came out.",
        MOVING,
        (),
        run.generator_of_the_cpu,
        run.generator_of_the_device,
    ),
    Kind(
        "numpy-device",
        Cause.DEVICES,
        "NumPy knows the CPU's memory only",
        (rf"can't convert {A} device type tensor to numpy",),
        "A NumPy array shares the tensor's memory, and memory of a device is not the process's.",
        "`tensor.detach().cpu().numpy()`.",
        MOVING,
        (),
        run.numpy_of_the_device,
        run.numpy_of_the_cpu,
    ),
    Kind(
        "ddp-device",
        Cause.DEVICES,
        "A tensor that is sent between processes is on a device without a backend",
        (
            r"No backend type associated with device type (?P<device>\w{1,12})",
            r"Tensors must be CUDA and dense",
        ),
        "DistributedDataParallel sends parameters and buffers from rank 0, and NCCL sends only "
        "what is on a GPU. A buffer that is still on the CPU stops it: one that was registered "
        "after the move, say.",
        'Look for it: `[n for n, b in model.named_buffers() if b.device.type == "cpu"]`. Move '
        "the whole module after everything is registered. A buffer that ranks need not share can "
        "stay out with `forward_sync_buffers=False`.",
        CASES,
        (("case", "not-broadcast"),),
    ),
    Kind(
        "meta",
        Cause.NO_VALUES,
        "A tensor on meta has a shape and no values",
        (
            r"Cannot copy out of meta tensor",
            r"cannot be called on meta tensors",
            r"can't be called on meta tensors",
        ),
        "A module that was built on `meta` has no memory. `.to()` would have to copy values that "
        "do not exist.",
        "`module.to_empty(device=…)`, then load; or `load_state_dict(state, assign=True)`. Buffers "
        "that are not in the file have to be computed anew.",
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
        "float16 ends at 65,504. A mask value such as -1e9 was written for float32.",
        "`-torch.inf` fits into every floating-point dtype, or `torch.finfo(x.dtype).min`.",
        CASES,
        (("case", "too-negative-for-half"),),
        run.too_negative,
        run.minus_infinity,
    ),
)
