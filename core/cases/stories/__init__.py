"""The cases themselves: code as learners write it, and the lesson text beside it."""

__all__ = [
    "building",
    "caches",
    "device",
    "distributed",
    "dtype",
    "evaluation",
    "exporting",
    "loaded_values",
    "loading",
    "mask_semantics",
    "names",
    "registering",
    "rotary",
    "saving",
    "statistics",
    "training",
    "wrapped",
]
