"""What `log` may be: a word, or a table, whose readers most pods do not need. As in ``values``: what is wrong is
recorded and nothing is raised.
"""

from typing import Any

from minipod.config.findings import Findings, Path
from minipod.config.values import LOG_MODES, read_choice


def read_log(value: object, at: Path, found: Findings) -> dict[str, Any] | None:
    """The fields of model.Log that are given."""
    if isinstance(value, dict):
        from minipod.config.sight import read_log_table

        return read_log_table(value, at, found)
    if not isinstance(value, str):
        return found.mismatch(at, value, "a word or a table", help='write "raw", or { file = "/var/log/web.log" }')
    mode = read_choice(value, at, found, LOG_MODES)
    return None if mode is None else {"mode": mode}
