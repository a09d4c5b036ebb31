"""`torch.Generator("sim")`, and the check that an op and its generator are on one device.

CUDA's kernels call `check_generator` (ATen/core/Generator.h), and so do the CPU's. A generator on
`sim` draws the CPU's numbers, but is none of the CPU's generators: PyTorch hands a call with one to
its `__torch_function__`, as with every foreign object, and there the device is checked.
"""

from typing import Any

import torch

from core.device.memory import _CPU, _NAME, _SIM, _shared


class _SimGenerator:
    """A generator on `sim`, with the methods of `torch.Generator`."""

    def __init__(self) -> None:
        self._on_cpu = torch._C.Generator()

    @property
    def device(self) -> torch.device:
        return _SIM

    def manual_seed(self, seed: int) -> "_SimGenerator":
        self._on_cpu.manual_seed(seed)
        return self

    def seed(self) -> int:
        return self._on_cpu.seed()

    def initial_seed(self) -> int:
        return self._on_cpu.initial_seed()

    def get_state(self) -> torch.Tensor:
        return self._on_cpu.get_state()

    def set_state(self, state: torch.Tensor) -> "_SimGenerator":
        self._on_cpu.set_state(state)
        return self

    def clone_state(self) -> "_SimGenerator":
        return _SimGenerator().set_state(self.get_state())

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        options = dict(kwargs or {})
        device = _device_of_call(args, options)
        if device.type != _NAME:
            randperm = func is torch.randperm  # ATen/native/TensorFactories.cpp
            wanted = (
                f"Expected a '{device}' generator device but found '{_SIM}'"
                if randperm
                else f"Expected a '{device.type}' device type for generator but found '{_NAME}'"
            )
            raise RuntimeError(wanted)
        options = {n: v._on_cpu if isinstance(v, cls) else v for n, v in options.items()}
        pending = _shared().pending
        outer, pending.generator_on_sim = getattr(pending, "generator_on_sim", False), True
        try:
            return func(*(a._on_cpu if isinstance(a, cls) else a for a in args), **options)
        finally:
            pending.generator_on_sim = outer


def _device_of_call(args: tuple, options: dict[str, Any]) -> torch.device:
    """Where a function of torch with these arguments computes."""
    if options.get("device") is not None:
        return torch.device(options["device"])
    for value in (options.get("out"), *args, *options.values()):
        if isinstance(value, torch.Tensor):
            return value.device
    return torch.get_default_device()


def _refuse_generator(given: Any) -> None:
    """Raise CUDA's RuntimeError if an op on `sim` was called with a generator of the CPU. `given`
    is the generator, or the keyword arguments among which it may be."""
    generator = given.get("generator") if isinstance(given, dict) else given
    if generator is not None and not getattr(_shared().pending, "generator_on_sim", False):
        found = generator.device.type
        raise RuntimeError(f"Expected a '{_NAME}' device type for generator but found '{found}'")


def _generator_on_any_device(plain: Any) -> Any:
    """`torch.Generator`, that makes generators on `sim` too; all of them are instances of it."""

    class Kind(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, (plain, _SimGenerator))

        def __subclasscheck__(cls, kind: type) -> bool:
            return issubclass(kind, (plain, _SimGenerator))

        def __getattr__(cls, name: str) -> Any:
            return getattr(plain, name)

    class Generator(metaclass=Kind):
        __doc__ = plain.__doc__

        def __new__(cls, device: Any = _CPU) -> Any:
            if torch.device(device).type != _NAME:
                return plain(device)
            if torch.device(device).index:
                raise RuntimeError(f"invalid device ordinal {device}: there is only {_NAME}:0")
            return _SimGenerator()

    return Generator
