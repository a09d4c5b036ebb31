"""Your own error: paste what PyTorch said, see what it means, how to fix it, and one like it."""

from core.own_error.settings import OWN_ERROR
from pages.components import frame
from pages.own_error import panel

PAGE = "pages/8_Your_own_error.py"
with frame.page(PAGE, OWN_ERROR):
    panel.show()
