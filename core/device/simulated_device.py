"""A simulated accelerator called `sim`: a memory of its own, values computed on the CPU.

    register()
    x = torch.ones(2, 3, device="sim")      # a plain torch.Tensor; x.device is sim:0
    x + torch.ones(2, 3)                    # RuntimeError: ... two devices, sim:0 and cpu!
    with count_copies() as copies:
        x.cpu()                             # copies[0].direction is "sim:0 -> cpu", .nbytes is 24

How it works. PyTorch keeps a slot, PrivateUse1, for devices that it does not know. A tensor on
`sim` is a plain tensor in that slot, whose storage says `sim:0` and points at bytes that a CPU
storage owns. Sizes, strides, views, autograd, state_dict, pickling and most messages are PyTorch's
own. An op on `sim` arrives at `_dispatch`, which refuses tensors of two devices, looks at the same
bytes through CPU tensors, runs the CPU's kernel on them, and hands the result back on `sim`.

Simulated: the memory space and its rules. Not simulated: speed (a small op takes 0.02 to 0.12 ms),
streams, memory limits, a GPU's rounding. Random numbers come from the CPU's generators: after
`torch.manual_seed(s)`, dropout on `sim` drops what it drops on the CPU. There is only `sim:0`.

Not supported: sparse, quantized, nested and pinned tensors; `cpu_parameter.data = sim_tensor`
(`module.to` works); casts by `torch.autocast("sim")` (it warns); torch.compile; safetensors'
`device="sim"` (load on the CPU, then move).

Needs only torch: written for 2.13.0, whose Python backends are experimental (pytorch#157859).
"""

import contextlib
import contextvars
import functools
import threading
import types
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import backend_registration

_NAME = "sim"
_CPU = torch.device("cpu")
_aten = torch.ops.aten


# --------------------------------------------------------------- what crosses the boundary


@dataclass(frozen=True)
class Copy:
    """One copy across the boundary between `cpu` and `sim:0`."""

    direction: str  # "cpu -> sim:0" or "sim:0 -> cpu"
    nbytes: int
    shape: tuple[int, ...]
    dtype: torch.dtype  # as it arrives
    source: weakref.ref  # to the tensor that was read; calling it gives None once that is gone
    result: weakref.ref  # to the tensor that was written
    source_address: int  # of the source's storage: one for a buffer and all its views

    def reads(self, tensor: torch.Tensor) -> bool:
        """Whether the source was `tensor`, or shares its memory. Ask while `tensor` still has the
        device that it had then, for memory that is freed is used again."""
        return tensor.untyped_storage().data_ptr() == self.source_address


@contextlib.contextmanager
def count_copies() -> Iterator[list[Copy]]:
    """Collect every copy between `cpu` and `sim` made in this context (this thread, this task).

    Counted: `.to`, `.cpu()`, `copy_`, `load_state_dict`, CPU index tensors in `x[index]` (where a
    GPU gets the positions of a boolean mask, the mask), `.item()` and printing, which bring numbers
    home, and what `backward()` copies, since it runs in the calling thread. Not counted: 0-dim CPU
    tensors as operands, which a GPU takes as arguments of the kernel. Counters nest, and each gets
    every copy.
    """
    register()
    copies: list[Copy] = []
    counters = torch.sim.counters
    token = counters.set((*counters.get(), copies))
    try:
        yield copies
    finally:
        counters.reset(token)


def _record_copy(source: torch.Tensor, result: torch.Tensor) -> None:
    if source.device == result.device:
        return
    for copies in torch.sim.counters.get():
        copies.append(
            Copy(
                f"{source.device} -> {result.device}",
                result.numel() * result.element_size(),
                tuple(result.shape),
                result.dtype,
                weakref.ref(source),
                weakref.ref(result),
                source.untyped_storage().data_ptr(),
            )
        )


# --------------------------------------------------------------- one memory, seen from two sides


def _storage_at(other: torch.UntypedStorage, device: torch.device) -> torch.UntypedStorage:
    """A storage that says `device`, over the bytes of `other`: it cannot be resized, so the bytes
    stay where they are, and it does not keep them alive."""
    address, nbytes = other.data_ptr(), other.nbytes()
    return torch._C._construct_storage_from_data_pointer(address, device, nbytes)


def _sim_storage(memory: torch.UntypedStorage) -> torch.UntypedStorage:
    """A storage on `sim` over the bytes of a CPU storage, kept alive by it."""
    storage = _storage_at(memory, torch.device(_NAME, 0))
    storage.memory = memory
    return storage


def _set(tensor: torch.Tensor, storage: torch.UntypedStorage, like: torch.Tensor) -> torch.Tensor:
    """Point a sim tensor at `storage`, with the offset, sizes and strides of `like`."""
    geometry = (like.storage_offset(), like.shape, like.stride())
    set_ = _aten.set_.source_Storage_storage_offset
    return set_._op_dk(torch._C.DispatchKey.CPU, tensor, storage, *geometry)


def _on_sim(result: torch.Tensor, storage: torch.UntypedStorage | None = None) -> torch.Tensor:
    """A CPU tensor as a tensor on `sim`, over the sim storage of its bytes, or a new one."""
    tensor = torch._C._acc.create_empty_tensor((0,), result.dtype)
    _set(tensor, _sim_storage(result.untyped_storage()) if storage is None else storage, result)
    return _still_to_do(result, tensor)


def _on_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """A CPU tensor over the bytes of a sim tensor; any other tensor as it is. No copy."""
    if tensor.device.type != _NAME:
        return tensor
    storage = tensor.untyped_storage()
    if not hasattr(storage, "window"):  # one for all views: the CPU's kernels ask about overlap
        storage.window = _storage_at(storage, _CPU)
    window = torch.empty(0, dtype=tensor.dtype)
    window.set_(storage.window, tensor.storage_offset(), tensor.shape, tensor.stride())
    return _still_to_do(tensor, window)


def _still_to_do(of: torch.Tensor, view: torch.Tensor) -> torch.Tensor:
    """Pass on the marks of a lazy `conj()` and of its lazy negative `.imag`."""
    if of.is_conj():
        torch._C._set_conj(view, True)
    if of.is_neg():
        torch._C._set_neg(view, True)
    return view


# --------------------------------------------------------------- two devices in one op

# CUDA's kernels are of two kinds. Those built on TensorIterator say "found at least two devices",
# and take a 0-dim CPU tensor for a number (ATen/TensorIterator.cpp, compute_types). For the others
# torchgen writes a check that names the argument and takes no such number (its text is in
# ATen/core/op_registration/adaption.cpp). `device_check: NoCheck` in native_functions.yaml tells
# the kinds apart; the tag "pointwise" nearly does; here are the exceptions, without the in-place _.
_POINTWISE_BUT_NAMED = frozenset(
    "equal gcd igamma igammac lcm logaddexp logaddexp2 logit_backward native_dropout_backward"
    " nextafter sigmoid_backward silu_backward tanh_backward".split()
)
_ITERATOR_BUT_NOT_POINTWISE = frozenset(
    "all any aminmax bernoulli binary_cross_entropy copysign cumprod cumsum elu eq fill"
    " floor_divide ge gelu gt hardshrink hardsigmoid hardswish hardtanh heaviside index index_fill"
    " _index_put_impl __irshift__ le leaky_relu log_sigmoid_forward lt max mean min mse_loss ne"
    " norm prod renorm rsub smooth_l1_loss softplus softshrink std sum threshold var where".split()
)
# Arguments that the kernel reads as a number, wherever they are.
_READ_AS_NUMBER = dict.fromkeys(("fill_", "masked_fill_", "index_fill_"), "value")
_READ_AS_NUMBER |= dict.fromkeys(("_fused_sgd_", "_fused_adam_", "_fused_adamw_"), "lr")


def _uses_iterator(op: Any) -> bool:
    name = op._schema.name.removeprefix("aten::")
    stem = name if name.endswith("__") else name.rstrip("_")
    pointwise = torch.Tag.pointwise in op.tags and stem not in _POINTWISE_BUT_NAMED
    return pointwise or stem in _ITERATOR_BUT_NOT_POINTWISE


def _refuse_two_devices(op: Any, args: tuple, kwargs: dict) -> None:
    """Raise PyTorch's RuntimeError, unless CUDA would take these tensors of two devices."""
    base = op._schema.name.removeprefix("aten::")
    inputs, outputs = [], []
    for position, argument in enumerate(op._schema.arguments):
        value = args[position] if position < len(args) else kwargs.get(argument.name)
        for tensor in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(tensor, torch.Tensor) and argument.name != _READ_AS_NUMBER.get(base):
                written = argument.alias_info is not None and argument.alias_info.is_write
                (outputs if argument.is_out else inputs).append((argument.name, tensor, written))
    named = outputs + inputs  # the order in which PyTorch checks

    if base == "masked_fill_":  # ATen/native/cuda/Indexing.cu
        (_, self, _), (_, mask, _) = named
        if mask.device != self.device:
            raise RuntimeError(
                "expected self and mask to be on the same device, but got mask on "
                f"{mask.device} and self on {self.device}"
            )
    elif _uses_iterator(op):
        common = next((t.device for _, t, _ in named if t.device != _CPU), _CPU)
        others = [(t, written) for _, t, written in named if t.device != common]
        for tensor, written in others:
            if tensor.device != _CPU or tensor.dim() or written:
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {common} and {tensor.device}!"
                )
        if len(others) > 1:
            raise RuntimeError("Trying to pass too many CPU scalars to non-CPU kernel!")
    else:
        common = named[0][1].device
        for name, tensor, _ in named:
            if tensor.device != common:
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, but got {name} is on "
                    f"{tensor.device}, different from other tensors on {common} "
                    f"(when checking argument in method {_wrapper_name(op)})"
                )


def _wrapper_name(op: Any) -> str:
    """What torchgen calls its wrapper of a kernel; on a GPU the name begins with wrapper_CUDA."""
    base, overload = op._schema.name.removeprefix("aten::"), op._schema.overload_name
    structured = "CompositeExplicitAutogradNonFunctional"
    if torch._C._dispatch_has_kernel_for_dispatch_key(op.name(), structured):
        return "_".join(filter(None, ("wrapper_PrivateUse1", base, overload)))
    return f"wrapper_PrivateUse1_{overload}_{base}"


# --------------------------------------------------------------- every op on sim comes through here


def _dispatch(op: Any, *args: Any, **kwargs: Any) -> Any:
    """What PyTorch calls for an op that reaches `sim`."""
    return _SPECIAL.get(op._schema.name, _run_on_cpu)(op, *args, **kwargs)


def _run_on_cpu(op: Any, *args: Any, **kwargs: Any) -> Any:
    """Run `op` on CPU tensors over the same bytes; results on `sim`, aliasing what they alias.

    Raises RuntimeError, in PyTorch's words, if the tensors are on two devices.
    """
    originals: dict[int, torch.Tensor] = {}  # by CPU tensor, and by the storage of a CPU tensor
    devices = set()

    def to_cpu(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            devices.add(value.device)
            window = _on_cpu(value)
            originals[id(window)] = originals[window.untyped_storage()._cdata] = value
            return window
        if isinstance(value, (list, tuple)):
            return [to_cpu(v) for v in value]
        if isinstance(value, torch.device):
            if value.index:
                raise RuntimeError(f"invalid device ordinal {value}: there is only {_NAME}:0")
            return _CPU
        return value

    def to_sim(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            base = originals.get(value.untyped_storage()._cdata)
            storage = None if base is None else base.untyped_storage()
            return originals[id(value)] if id(value) in originals else _on_sim(value, storage)
        return type(value)(map(to_sim, value)) if isinstance(value, (list, tuple)) else value

    try:
        with torch._C._AutoDispatchBelowAutograd():
            cpu_args = [to_cpu(a) for a in args]
            cpu_kwargs = {name: to_cpu(value) for name, value in kwargs.items()}
            if len(devices) > 1:
                _refuse_two_devices(op, args, kwargs)
            # PyTorch hands the 5 of `x % 5` over as a number, also to an op that takes two tensors.
            numbers = (
                isinstance(args[i], (bool, int, float, complex)) for i in _tensor_positions(op)
            )
            call = op.overloadpacket if any(numbers) else op
            outs = [a.name for a in op._schema.arguments if a.is_out]
            if not outs:
                return to_sim(call(*cpu_args, **cpu_kwargs))
            # The CPU may resize what it writes: let it write new tensors, and store these.
            for name in outs:
                cpu_kwargs[name] = torch.empty(0, dtype=kwargs[name].dtype)
            call(*cpu_args, **cpu_kwargs)
            for name in outs:
                if kwargs[name].shape != cpu_kwargs[name].shape:
                    kwargs[name].resize_(cpu_kwargs[name].shape)
                _on_cpu(kwargs[name]).copy_(cpu_kwargs[name])
        return kwargs[outs[0]] if len(outs) == 1 else tuple(kwargs[name] for name in outs)
    finally:
        originals.clear()  # the two functions above refer to themselves, and would keep it


@functools.cache
def _tensor_positions(op: Any) -> list[int]:
    arguments = enumerate(op._schema.arguments)
    return [i for i, a in arguments if str(a.type) == "Tensor" and not a.kwarg_only]


# --------------------------------------------------------------- ops with a meaning of their own


def _copy_from(op: Any, source: Any, result: Any, non_blocking: bool = False) -> torch.Tensor:
    """`result.copy_(source)`: the one op that may cross between devices."""
    _record_copy(source, result)
    _on_cpu(result).copy_(_on_cpu(source))
    return result


def _item(op: Any, tensor: torch.Tensor) -> Any:
    number = _on_cpu(tensor)
    _record_copy(tensor, number)
    return number.item()


def _resize(op: Any, tensor: Any, size: Any, *, memory_format: Any = None) -> torch.Tensor:
    """`resize_`; unlike a real device's, older views of a storage that grows keep the old one."""
    if tensor.shape == torch.Size(size):
        return tensor
    layout = torch.contiguous_format if memory_format is None else memory_format
    like = torch.empty(size, dtype=tensor.dtype, device="meta", memory_format=layout)
    storage = tensor.untyped_storage()
    if like.untyped_storage().nbytes() > storage.nbytes():
        memory = torch.UntypedStorage(like.untyped_storage().nbytes())
        memory[: storage.nbytes()].copy_(_storage_at(storage, _CPU))
        storage = _sim_storage(memory)
    return _set(tensor, storage, like)


def _index(op: Any, tensor: Any, indices: Any, *rest: Any, **kwargs: Any) -> torch.Tensor:
    """`x[indices]` and `x[indices] = values`: CPU indices move to x's device, as on CUDA."""
    indices = [i if i is None or i.device != _CPU else i.to(tensor.device) for i in indices]
    if any(i is not None and i.device != tensor.device for i in indices):
        raise RuntimeError(
            "indices should be either on cpu or on the same device as the indexed tensor "
            f"({tensor.device})"
        )
    return _run_on_cpu(op, tensor, indices, *rest, **kwargs)


def _convolution(op: Any, input: Any, weight: Any, bias: Any, *rest: Any) -> torch.Tensor:
    """What PyTorch calls on a device of its own convolution (ATen/native/Convolution.cpp)."""
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.device != input.device:
            raise RuntimeError(
                f"Input type ({input.type()}) and {name} type ({tensor.type()}) should be the same"
            )
    return _run_on_cpu(_aten.convolution.default, input, weight, bias, *rest)


def _convolution_backward(op: Any, gradient: Any, input: Any, weight: Any, *rest: Any) -> Any:
    bias_shape = [gradient.shape[1]]
    whole = _aten.convolution_backward.default
    return _run_on_cpu(whole, gradient, input, weight, bias_shape, *rest)


def _lstm_cell(from_input, from_hidden, cell, input_bias=None, hidden_bias=None):
    """PyTorch has this fused cell for accelerators only. Gates: (batch, 4 * hidden)."""
    gates = _plus(from_input, input_bias) + _plus(from_hidden, hidden_bias)
    enter, keep, candidate, leave = gates.chunk(4, 1)
    new_cell = keep.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
    return leave.sigmoid() * new_cell.tanh(), new_cell, gates


def _gru_cell(from_input, from_hidden, hidden, input_bias=None, hidden_bias=None):
    """Likewise. Gates: (batch, 3 * hidden)."""
    input_gates = _plus(from_input, input_bias).chunk(3, 1)
    hidden_gates = _plus(from_hidden, hidden_bias).chunk(3, 1)
    reset = (input_gates[0] + hidden_gates[0]).sigmoid()
    update = (input_gates[1] + hidden_gates[1]).sigmoid()
    candidate = (input_gates[2] + reset * hidden_gates[2]).tanh()
    return candidate + update * (hidden - candidate), from_input


def _plus(gates: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return gates if bias is None else gates + bias


_SPECIAL = {
    "aten::_copy_from": _copy_from,
    "aten::_local_scalar_dense": _item,
    "aten::resize_": _resize,
    "aten::index": _index,
    "aten::_index_put_impl_": _index,
    "aten::set_": lambda op, *args: op._op_dk(torch._C.DispatchKey.CPU, *args),  # copies nothing
    "aten::convolution_overrideable": _convolution,
    "aten::convolution_backward_overrideable": _convolution_backward,
}


# --------------------------------------------------------------- registration


def register() -> torch.device:
    """Make `sim` known to PyTorch, once a process, and return `torch.device("sim:0")`.

    Safe to call again, from many threads at once, and from a second copy of this source (a
    reloaded module, another notebook cell): the first copy serves all. Raises RuntimeError if
    another backend holds PyTorch's only slot.
    """
    with torch.__dict__.setdefault("_sim_registration", threading.Lock()):  # one for all copies
        if not hasattr(torch, _NAME):
            holder = torch._C._get_privateuse1_backend_name()
            if holder != "privateuseone":
                raise RuntimeError(f"the backend {holder!r} holds PyTorch's slot: no room for sim")
            _register()
    return torch.device(_NAME, 0)


def _register() -> None:
    module = _device_module()
    backend_registration._setup_privateuseone_for_python_backend(
        _NAME, backend_module=module, device_guard=_DeviceGuard()
    )
    # Held by the module, and so by torch, for as long as the process lives.
    module.fallback = torch.library.Library("_", "IMPL")
    module.fallback.fallback(_dispatch, "PrivateUse1")
    module.kernels = torch.library.Library("aten", "IMPL")
    for op in _ops_with_a_detour():
        module.kernels.impl(op, functools.partial(_dispatch, op), "PrivateUse1")
    for key in ("AutogradPrivateUse1", "PrivateUse1"):  # in differentiable steps
        module.kernels.impl("_thnn_fused_lstm_cell", _lstm_cell, key)
        module.kernels.impl("_thnn_fused_gru_cell", _gru_cell, key)
    for key in ("Conjugate", "Negative"):  # a copy resolves these itself
        module.kernels.impl("_copy_from", torch.library.fallthrough_kernel, key)
    _let_storages_be_made_on_sim()
    _let_generators_be_made_on_sim()
    _let_host_memory_be_pinned_for_real_devices()
    _let_modules_keep_their_parameters()
    _let_backward_run_in_the_calling_thread()


def _ops_with_a_detour() -> list[Any]:
    """Ops for which PyTorch has a detour on unknown devices, and the CPU a kernel of its own. Those
    on TensorIterator keep the detour, on which PyTorch itself checks their devices."""
    registered = torch._C._dispatch_get_registrations_for_dispatch_key
    detours = ("ExplicitAutograd", "ExplicitAutogradNonFunctional", "ImplicitAutograd")
    names = {name for kind in detours for name in registered(f"Composite{kind}")}
    ops = [_aten.convolution_overrideable.default, _aten.convolution_backward_overrideable.default]
    ops.append(_aten.index.Tensor)  # the detour would copy CPU indices twice
    for name in sorted(names.intersection(registered("CPU"))):
        library, _, name = name.partition("::")
        base, _, overload = name.partition(".")
        if library == "aten":
            op = getattr(getattr(_aten, base), overload or "default")
            ops += [] if _uses_iterator(op) else [op]
    return ops


def _device_module() -> types.ModuleType:
    """`torch.sim`: what PyTorch asks of a device's module, and the state that all copies share."""
    module = types.ModuleType(f"torch.{_NAME}", "The simulated device.")
    module.counters = contextvars.ContextVar("sim_counters", default=())  # a list of Copy for each
    module.pending = threading.local()  # .error: see _DeviceGuard
    module.is_available = module.is_initialized = lambda: True
    module._is_in_bad_fork = lambda: False
    module.device_count = lambda: 1
    module.current_device = lambda: 0
    module.device = contextlib.nullcontext  # `with torch.sim.device(0)` chooses among one
    module.synchronize = lambda device=None: None
    module.get_amp_supported_dtype = list  # none
    # Random numbers are the CPU's, and torch.manual_seed has seeded them when it calls this.
    module.manual_seed_all = module.manual_seed = lambda seed: None
    module.get_rng_state = lambda device=_NAME: torch.get_rng_state()
    module.set_rng_state = lambda state, device=_NAME: torch.set_rng_state(state)
    return module


class _DeviceGuard(torch._C._acc.DeviceGuard):
    def type_(self) -> Any:
        # PyTorch's engine asks this also while an exception of a backward hook is pending, and
        # returning with one pending would abort the process. The end of a loop lets it surface.
        try:
            for _ in {}:
                pass
        except BaseException as error:
            torch.sim.pending.error = error
        return torch._C._autograd.DeviceType.PrivateUse1


def _let_backward_run_in_the_calling_thread() -> None:
    """For counters, which belong to a context, and for the exceptions of hooks (see above)."""
    run = torch.autograd._engine_run_backward

    def run_here(roots: Any, *args: Any, **kwargs: Any) -> Any:
        elsewhere = {getattr(r, "device", _CPU).type for r in roots} - {"cpu", _NAME}
        threads = bool(elsewhere) and torch._C._is_multithreading_enabled()
        with torch.autograd.set_multithreading_enabled(threads):
            try:
                return run(roots, *args, **kwargs)
            except SystemError:  # "returned NULL without setting an exception"
                error = torch.sim.pending.__dict__.pop("error", None)
                if error is None:
                    raise
                raise error from None

    torch.autograd._engine_run_backward = run_here


def _let_storages_be_made_on_sim() -> None:
    """torch.load and deepcopy ask for it, and PyTorch would crash: the slot has no allocator."""
    new = torch.UntypedStorage.__new__

    def new_on_any_device(cls: type, *args: Any, **kwargs: Any) -> Any:
        if torch.device(kwargs.get("device") or _CPU).type != _NAME:
            return new(cls, *args, **kwargs)
        del kwargs["device"]
        return _sim_storage(new(cls, *args, **kwargs))

    torch.UntypedStorage.__new__ = new_on_any_device


def _let_generators_be_made_on_sim() -> None:
    """`torch.Generator("sim")`: a CPU generator that says `sim:0`. PyTorch's hook is C++ only."""
    plain = torch.Generator

    class Kind(type(plain)):  # every generator stays a torch.Generator
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, plain)

        def __subclasscheck__(cls, kind: type) -> bool:
            return issubclass(kind, plain)

    class Generator(plain, metaclass=Kind):
        __doc__ = plain.__doc__
        device = property(lambda self: torch.device(_NAME, 0))

        def __new__(cls, device: Any = "cpu") -> Any:
            on_sim = torch.device(device).type == _NAME
            return plain.__new__(cls) if on_sim else plain(device)

    torch.Generator = Generator


def _let_host_memory_be_pinned_for_real_devices() -> None:
    """PyTorch would ask sim, which pins nothing, before a real device. So `pin_memory()` names the
    real one, and without one gives the tensor back as it is: a DataLoader goes on as before."""
    pin = torch.Tensor.pin_memory

    @functools.wraps(pin)
    def pin_memory(self: torch.Tensor, device: Any = None) -> torch.Tensor:
        real = [kind for kind in ("cuda", "xpu") if getattr(torch, kind).is_available()]
        if device is None and not real:
            return self
        return pin(self, real[0] if device is None else device)

    torch.Tensor.pin_memory = pin_memory


def _let_modules_keep_their_parameters() -> None:
    """`module.to` sets `parameter.data`, which PyTorch refuses for a device that it does not know.
    It then makes new Parameters: tied weights part, and an optimizer is left with the old ones."""
    apply = torch.nn.Module._apply

    def apply_in_place(self: torch.nn.Module, fn: Any, recurse: bool = True) -> torch.nn.Module:
        before = dict(self._parameters)
        apply(self, fn, recurse)
        for name, old in before.items():
            new = self._parameters[name]
            if new is not old and _NAME in (old.device.type, new.device.type):
                _refuse_gradients_of_earlier_graphs(old)
                torch._C._swap_tensor_impl(old, new)  # class, attributes and identity stay
                self._parameters[name] = old
        return self

    torch.nn.Module._apply = apply_in_place


def _refuse_gradients_of_earlier_graphs(parameter: torch.Tensor) -> None:
    def refuse(gradients: Any) -> None:
        raise RuntimeError("backward() reached a parameter that moved to another device since")

    with torch._C.DisableTorchFunctionSubclass(), torch.inference_mode(False), torch.enable_grad():
        if parameter.requires_grad and parameter._use_count() > 1:
            torch.autograd.graph.get_gradient_edge(parameter).node.register_prehook(refuse)
