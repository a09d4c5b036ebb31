"""All kinds of error, the special ones before the general."""

from core.own_error import kinds_device, kinds_loading, kinds_modules
from core.own_error.kind import Kind

KINDS: dict[str, Kind] = {
    kind.slug: kind for kind in (*kinds_loading.KINDS, *kinds_modules.KINDS, *kinds_device.KINDS)
}
EXAMPLES = tuple(slug for slug, kind in KINDS.items() if kind.fails)
