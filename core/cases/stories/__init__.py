"""The cases themselves: code as learners write it, and the lesson text beside it."""

__all__ = [
    "building",
    "caches",
    "device",
    "distributed",
    "dtype",
    "evaluation",
    "exporting",
    "extra_state",
    "loaded_values",
    "loading",
    "mask_semantics",
    "names",
    "precision",
    "registering",
    "rotary",
    "saving",
    "statistics",
    "training",
    "updates",
    "wrapped",
]
