"""A case of the case machine: a module after a real one, and how its tensor is to be held."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

from core.course.place import Place

PARAMETER = "nn.Parameter"
PERSISTENT = "persistent buffer"
NOT_PERSISTENT = "non-persistent buffer"
PLAIN = "plain attribute"
CHOICES = (PARAMETER, PERSISTENT, NOT_PERSISTENT, PLAIN)


@dataclass(frozen=True)
class Case:
    """One decision. Texts are Markdown.

    tensor: the name of the tensor in question. batch: Python that makes an input. trained: whether
    an optimizer is to train the tensor. best: the recommended choice; fine: the others that work
    too, each with what is to be said of it; besides: what is to be said about other choices, which
    no run of the experiment shows. back: where to go back to.
    """

    slug: str
    title: str
    story: str
    module: type[nn.Module]
    tensor: str
    batch: str
    trained: bool
    best: str
    why: str
    back: Place
    fine: Mapping[str, str] = field(default_factory=dict, hash=False)
    besides: Mapping[str, str] = field(default_factory=dict, hash=False)
