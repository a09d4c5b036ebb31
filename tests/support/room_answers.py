"""Answers of learners to a room's questions, one at a time."""

from core.rooms.room import Answer, Sent


def send_answer(rooms, code, learner, number, choice, attempt):
    """The Receipt of a learner's answer to the asking of that number. Raises NoRoom.

    choice: the option's index; attempt: from 1 on, the highest stands.
    """
    (receipt,) = rooms.answers([Sent(code, number, learner, Answer(choice, attempt))])
    return receipt.of_a_room()
