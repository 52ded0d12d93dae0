"""What became of each field of a manifest, for people: those that are not as on a cluster with their reason, the others
by name.
"""

import textwrap
from collections.abc import Iterable

from minipod.config.findings import visible
from minipod.errors import Place
from minipod.kube.field import Verdict
from minipod.kube.shape import Remark

_WIDTH = 100


def tell_verdicts(remarks: Iterable[tuple[Place, Remark]]) -> str:
    """A line for each field that differs, where it stands first; then the names of those that do not."""
    first: dict[tuple[str, Verdict], tuple[Place, Remark]] = {}
    for place, remark in remarks:
        first.setdefault((remark.path, remark.verdict), (place, remark))
    rows = list(first.values())
    differing = [(place, remark) for place, remark in rows if remark.verdict is not Verdict.EXACT]
    same = [remark.path for _, remark in rows if remark.verdict is Verdict.EXACT]
    lines = [f"fields: {len(same)} as in Kubernetes, {len(differing)} not"]
    lines += [
        f"  {visible(place.name)}:{place.line}: {remark.verdict.word}: {remark.path}: {remark.why}"
        for place, remark in differing
    ]
    lines += (
        [textwrap.indent(line, "  ") for line in textwrap.wrap(f"exact: {', '.join(same)}", _WIDTH)] if same else []
    )
    return "\n".join(lines) + "\n"
