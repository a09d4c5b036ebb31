"""What the scripts of several lessons need, as titled parts of an exported file."""

from core.attention import causal_attention, mask_variants, tensor_table, trace
from core.code.script import Needs
from core.device.source import MODULES

# The simulated accelerator as shown code names it, with the word of a reader who has a GPU.
REGISTER = 'register()  # sim, a simulated accelerator; on a GPU write "cuda" for it'
DEVICE = Needs("The simulated device", MODULES, keep="if used")
ATTENTION = Needs("The two attention modules", (causal_attention,))
OBSERVER = (
    Needs("The observer of one forward pass", (tensor_table,), keep="what is used"),
    Needs("The observer of one forward pass", (trace,)),
)


def mask_needs(title: str, shown_first: bool = False) -> Needs:
    """Those of the mask's variants that a script uses, under a title of its own."""
    return Needs(title, (mask_variants,), "what is used", shown_first)
