"""Workshop: a room that predicts together."""

from core.rooms.settings import WORKSHOP
from pages.components import frame
from pages.rooms.instructor import workshop

PAGE = "pages/11_Workshop.py"
with frame.page(PAGE, WORKSHOP):
    workshop()
