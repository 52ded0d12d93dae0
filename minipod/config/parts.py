"""Reading a small table whose keys' types have readers of their own. As in ``values``: what is wrong is recorded and
nothing is raised.
"""

from collections.abc import Mapping
from typing import Any

from minipod.config.findings import Findings, Path
from minipod.config.keys import keys_of
from minipod.config.tables import unknown_key
from minipod.config.values import Reader


def read_parts(
    value: Mapping[str, object], scope: str, at: Path, found: Findings, readers: Mapping[str, Reader]
) -> dict[str, Any]:
    """Each key of a table of ``scope``, by the reader of its type; None for what is wrong."""
    known = keys_of(scope)
    return {
        key: readers[known[key].type](inner, (*at, key), found)
        if key in known
        else unknown_key((*at, key), tuple(known), found)
        for key, inner in value.items()
    }
