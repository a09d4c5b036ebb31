"""The modules that the page checks, and what is to be found in each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core.check.example_modules import (
    BufferTable,
    FiveTensors,
    FrequenciesInForward,
    FrequencyBuffer,
    HiddenTeacher,
    IndexInTheFile,
    IndexOutsideTheFile,
    LargeMaskInTheFile,
    LazyPositions,
    ListedBlocks,
    MaskFromShapes,
    MovesItsTable,
    OneParameter,
    PersistentCache,
    PlainBlocks,
    PlainTable,
    RandomDirections,
    ReservedPositions,
    SavedDirections,
    TensorsInContainers,
    TwoParameters,
    ZerosOnCpu,
    ZerosWhereTheInputIs,
)


@dataclass(frozen=True)
class Example:
    """A module to check, with the kinds of finding that it has, in the order of their severity."""

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]  # of the input
    kinds: tuple[str, ...]  # keys of KINDS; none for a clean one

    def inputs(self) -> tuple[Any, ...]:
        """What its forward takes."""
        return (torch.randn(self.shape, generator=torch.Generator().manual_seed(7)),)


_X = (2, 6, 8)  # batch, tokens, numbers of a token
EXAMPLES = {
    cls.__name__: Example(cls.__name__, cls, shape, kinds)
    for cls, shape, kinds in (
        (FiveTensors, _X, ("left_behind",) * 3),
        (PlainTable, _X, ("left_behind",)),
        (BufferTable, _X, ()),
        (TensorsInContainers, _X, ("left_behind",) * 3),
        (PlainBlocks, _X, ("hidden_module",)),
        (ListedBlocks, _X, ()),
        (LazyPositions, _X, ("stale_cache",)),
        (ReservedPositions, _X, ()),
        (ZerosOnCpu, _X, ("made_on_cpu",)),
        (ZerosWhereTheInputIs, _X, ()),
        (PersistentCache, _X, ("load_fails",)),
        (RandomDirections, _X, ("state_lost",)),
        (SavedDirections, _X, ()),
        (MovesItsTable, (2, 64, 8), ("copies",)),
        (HiddenTeacher, _X, ("hidden_module",)),
        (TwoParameters, _X, ("parted",)),
        (OneParameter, _X, ()),
        (FrequencyBuffer, (1, 33, 8), ("cast",)),
        (FrequenciesInForward, (1, 33, 8), ()),
        (IndexOutsideTheFile, _X, ("meta",)),
        (IndexInTheFile, _X, ()),
        (LargeMaskInTheFile, _X, ("rebuildable",)),
        (MaskFromShapes, _X, ()),
    )
}

PAIRS = {  # kind of finding: a module that has it, and one that does the same without
    "left_behind": (PlainTable, BufferTable),
    "hidden_module": (PlainBlocks, ListedBlocks),
    "stale_cache": (LazyPositions, ReservedPositions),
    "made_on_cpu": (ZerosOnCpu, ZerosWhereTheInputIs),
    "load_fails": (PersistentCache, ReservedPositions),
    "state_lost": (RandomDirections, SavedDirections),
    "copies": (MovesItsTable, BufferTable),
    "parted": (TwoParameters, OneParameter),
    "cast": (FrequencyBuffer, FrequenciesInForward),
    "meta": (IndexOutsideTheFile, IndexInTheFile),
    "rebuildable": (LargeMaskInTheFile, MaskFromShapes),
}
