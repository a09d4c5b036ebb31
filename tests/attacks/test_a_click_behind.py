"""Somebody acts before the last run's results are drawn, while the browser has the old widgets.

It sends the value of a widget that the server has replaced. Streamlit takes that for a change and
calls the old widget's callback, which must not undo what was done since.
"""

import re

from coroutines import run
from forged_widgets import widgets
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websocket_visitor import Shown, connect, elements, hash_of_page, rerun

from core.state_dict.settings import STATE_DICT


def link_of(messages, before):
    """The page's link after a run; before: the one that it was asked with."""
    told = [m.page_info_changed for m in messages if m.HasField("page_info_changed")]
    return told[-1].query_string if told else before


def test_steps_taken_back_stay_taken_back(attacked):
    async def links():
        async with connect(attacked.address) as socket:
            query, found = "build=true", []
            messages = await rerun(socket, query, page="Moving_devices")
            page_hash, shown = hash_of_page(messages), widgets(elements(messages))
            box = WidgetState(id=shown["The same steps as text"], string_value="to-sim.forward")
            for label in ("Take the last step back", "move the mask by hand"):
                pressed = WidgetState(id=shown[label], trigger_value=True)
                messages = await rerun(socket, query, [box, pressed], page_hash=page_hash)
                query = link_of(messages, query)
                found.append(query)
            return found

    taken, added = run(links())
    assert "steps=to-sim&" in f"{taken}&"
    assert "steps=to-sim.by-hand&" in f"{added}&"


async def said_by_text_box(address, page, query, label, section, table, edits, typed, others=()):
    """What the server puts into a text box after each of four runs; None where it puts nothing.

    A cell of the table beside it is edited; another too, before the browser has drawn the first;
    then that one is taken back and at once a text is typed; last the edits are told again.
    others: what else a browser says.
    """
    async with connect(address) as socket:
        shown, found = Shown(), []
        messages = await rerun(socket, query, page=page)
        shown.take(messages)
        page_hash, ids = hash_of_page(messages), widgets(elements(messages))
        blocks = [m.delta.add_block.id for m in messages if m.delta.HasField("add_block")]
        (section,) = (id for id in blocks if id.endswith(f"-{section}"))
        (table,) = (id for id in ids.values() if re.search(f"-{table} [0-9a-f]+$", id))
        always = [WidgetState(id=section, bool_value=True)]
        always += [WidgetState(id=ids[label], string_value=value) for label, value in others]
        text, last = WidgetState(id=ids[label], string_value=typed), WidgetState(id=table)
        for edit, more in ((edits[0], []), (edits[1], []), (edits[0], [text]), (edits[1], [text])):
            last.string_value = f'{{"edited_rows": {edit}, "added_rows": [], "deleted_rows": []}}'
            states = [*always, last, *more]
            shown.take(await rerun(socket, query, states, page_hash=page_hash))
            boxes = (
                one.text_input for one in shown.elements.values() if one.HasField("text_input")
            )
            (box,) = (one for one in boxes if one.label == label)
            found.append(box.value if box.set_value else None)
        return found


def test_numbers_typed_as_text_stay_when_edits_of_the_table_before_are_told_again(attacked):
    rest = " 0.89; 0.55 0.87 0.66; 0.57 0.85 0.64; 0.22 0.58 0.33; 0.77 0.25 0.1; 0.05 0.8 0.55"
    said = said_by_text_box(
        attacked.address,
        "Attention_lab",
        "predict=false&input=numbers&inputs=true&device=cpu",
        "The same numbers as text",
        "inputs",
        "table 1",
        ('{"0": {"x1": 0.9}}', '{"0": {"x1": 0.9, "x2": 0.8}}'),
        "1 2 3; 4 5 6",
        [("Input", "numbers")],
    )
    assert run(said) == [f"0.9 0.15{rest}", f"0.9 0.8{rest}", None, None]


def test_cells_typed_as_text_stay_when_ticks_of_the_table_before_are_told_again(attacked):
    said = said_by_text_box(
        attacked.address,
        "State_dict",
        "predict=false&keys=false&edit=true&change=paint",
        STATE_DICT["cells"].label,
        "edit",
        "painting 1",
        ('{"0": {"Your": true}}', '{"0": {"Your": true, "journey": true}}'),
        "6-6",
        [(STATE_DICT["change"].label, "paint")],
    )
    assert run(said) == ["1-1 1-6", "1-1 1-2 1-6", None, None]
