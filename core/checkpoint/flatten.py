"""The leaves of nested dicts and lists, one row for each: `rows`."""

from typing import Any

from core.checkpoint.contents import (
    EMPTY_DICT,
    NO_DEVICE,
    WHOLE_FILE,
    Distinct,
    Entry,
    Limits,
    Refusal,
    printable,
)
from core.checkpoint.pickle_values import Items, Name, Other, StoredTensor


def rows(value: Any, limits: Limits) -> list[Entry]:
    """The leaves of nested dicts and lists, each with its path: `optimizer.state[0].step`.

    A list of plain numbers is one leaf. Raises Refusal for too many or too deep; a list that holds
    itself is too deep, and one that holds another many times counts it each time.
    """
    found: list[Entry] = []
    distinct = Distinct()
    walked = 0

    def visit(value: Any, path: str, depth: int, wrapper: str) -> None:
        nonlocal walked
        items = value.pairs if type(value) is Items else value
        nested = type(value) is Items or (
            type(value) in (list, tuple)
            and any(type(item) in (Items, list, tuple, StoredTensor) for item in value)
        )
        walked += 1 + (len(items) // 10 if type(value) in (Items, list, tuple) else 0)
        children = len(items) if nested else 0
        if len(found) + children > limits.entries or walked > 2 * limits.entries:
            raise Refusal(
                f"This file has more than {limits.entries:,} entries; that is the limit. "
                "Save fewer tensors in one file."
            )
        if depth > limits.depth:
            raise Refusal(
                f"Its dicts and lists are nested more than {limits.depth} deep; that is the limit. "
                "Save a flat dict of tensors, such as model.state_dict()."
            )
        if depth == 1 and children:
            wrapper = path
        if not children:
            found.append(_row(distinct(path or WHOLE_FILE), value, wrapper))
        elif type(value) is Items:  # of a key given twice, the last counts
            paths = {_join(path, key, limits): item for key, item in items}
            for child_path, child in paths.items():
                visit(child, child_path, depth + 1, wrapper)
        else:
            for index, child in enumerate(items):
                visit(child, _join(path, index, limits), depth + 1, wrapper)

    visit(value, "", 0, "")
    return found


def _join(path: str, key: Any, limits: Limits) -> str:
    if type(key) is str:
        return printable(f"{path}.{key}" if path else key, limits)
    plain = type(key) in (int, float, bool, bytes, type(None))
    return printable(f"{path}[{repr(key) if plain else type(key).__name__}]", limits)


def _row(key: str, value: Any, wrapper: str) -> Entry:
    if type(value) is StoredTensor:
        return Entry(
            key, value.shape, value.dtype, value.nbytes, value.device, None, value.views, wrapper
        )
    if type(value) is Items:
        kind = EMPTY_DICT
    elif type(value) in (list, tuple):
        kind = f"{type(value).__name__} of {len(value):,}"
    elif type(value) is Name:
        kind = value.full
    elif type(value) is Other:
        kind = value.type
    else:
        kind = "None" if value is None else type(value).__name__
    return Entry(key, None, kind, 0, NO_DEVICE, wrapper=wrapper)


def versions(value: Any, limits: Limits) -> dict[str, int] | None:
    """The versions in a state_dict's `_metadata` by module, or None where it has none.

    Those of a training checkpoint stand in the dicts within it, under their path: `model.0`.
    """
    if type(value) is not Items:
        return None
    found = _own_versions(value, limits)
    for key, child in value.pairs[: limits.entries]:
        if type(key) is str and type(child) is Items and (inner := _own_versions(child, limits)):
            found = (found or {}) | {_under(key, name): v for name, v in inner.items()}
    return found


def _under(key: str, name: str) -> str:
    return f"{key}.{name}" if name else key


def _own_versions(value: Items, limits: Limits) -> dict[str, int] | None:
    attributes = value.attributes.pairs if type(value.attributes) is Items else []
    metadata = next((v for key, v in attributes[:20] if key == "_metadata"), None)
    if type(metadata) is not Items:
        return None
    found = {}
    for name, local in metadata.pairs[: limits.entries]:
        if type(name) is str and type(local) is Items:
            number = next((v for key, v in local.pairs[:20] if key == "version"), None)
            found[printable(name, limits)] = number if type(number) is int else 0
    return found
