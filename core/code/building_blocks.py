"""What the scripts of several lessons need, as titled parts of an exported file."""

from core.attention import causal_attention, trace
from core.code.script import Needs
from core.device.source import MODULES

DEVICE = Needs("The simulated device", MODULES, keep="if used")
OBSERVER = Needs("The observer of one forward pass", (trace,))
ATTENTION = Needs("The two attention modules", (causal_attention,))
