"""What a browser of ours would never say of a widget: states with other types and other numbers."""

import math

from streamlit.proto.WidgetStates_pb2 import WidgetState

VALUES = {
    "double_value": [math.nan, math.inf, -math.inf, 1e308, -0.5, 2.0**31, 2.0**63],
    "int_value": [-1, 2**31, 2**62],
    "string_value": ["x", "", "`<b>", "y" * 10_000],
    "bool_value": [True],
    "trigger_value": [True],
    "string_array_value": [["x"], ["x", "x"], []],
    "double_array_value": [[math.nan], [1e308, math.inf], []],
    "int_array_value": [[-1], [2**62], []],
    "bytes_value": [b"\xff"],
    "json_value": ["{", "null", '{"a": NaN}'],
}
FIELDS = ("string_array_value", "double_array_value", "int_array_value")


def widgets(elements):
    """{the end of its id, which is its key or its label: its id} of the widgets among elements."""
    found = {}
    for element in elements:
        part = getattr(element, element.WhichOneof("type"))
        id = getattr(part, "id", "")
        if isinstance(id, str) and id.startswith("$$ID"):
            found[getattr(part, "label", "") or id] = id
    return found


def forged(id):
    """Every state of VALUES for one widget, with a name for it."""
    for field, values in VALUES.items():
        for value in values:
            state = WidgetState(id=id)
            if field in FIELDS:
                getattr(state, field).data.extend(value)
                getattr(state, field).SetInParent()
            else:
                setattr(state, field, value)
            yield f"{field} {str(value)[:20]}", state
