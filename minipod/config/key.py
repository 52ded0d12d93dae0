"""What an entry of the key table is, and the tables of a pod file that have keys. The entries are in ``keys`` and
``keys_probes``.
"""

from typing import NamedTuple

from minipod.supervisor.errands import HOOKS
from minipod.supervisor.errands import KEYS as _ERRANDS
from minipod.supervisor.words import Errand

TOP, POD, INIT, SIDECAR, SERVICE = "top level", "pod", "init", "sidecar", "service"
UNITS = (INIT, SIDECAR, SERVICE)
# The keys inside of these small tables. A probe's and a hook's go by several names.
BACKOFF, RULE, RESTART_RULE, NOTIFY = "backoff", "signals", "restart_rules", "notify"
PROBE, HOOK = "probe", "hook"
LOG, CONTROL = "log", "control"
# A volume has a name and a table of its own, as units have.
VOLUME = "volume"
EMPTY_DIR, HOST_PATH, COPIES, FILE, PROJECTED = "empty_dir", "host_path", "secret", "files", "projected"
MOUNT = "volumes"
VOLUME_SMALL = (EMPTY_DIR, HOST_PATH, COPIES, FILE, PROJECTED, MOUNT)
# So have presets and images.
PRESET, IMAGE = "preset", "image"
SELECTOR, EXPRESSION = "selector", "match_expressions"
EXEC, HTTP_GET, TCP_SOCKET, GRPC = "exec", "http_get", "tcp_socket", "grpc"
SMALL = (
    BACKOFF, RULE, RESTART_RULE, NOTIFY, PROBE, HOOK, EXEC, HTTP_GET, TCP_SOCKET, GRPC, LOG, CONTROL, *VOLUME_SMALL,
    SELECTOR, EXPRESSION,
)  # fmt: skip
NAMED = (*UNITS, VOLUME, PRESET, IMAGE)  # tables of tables, whose names are the user's
SCOPES = (TOP, POD, *NAMED, *SMALL)
HOOK_NAMES = tuple(_ERRANDS[kind] for kind in HOOKS)
PROBE_NAMES = tuple(name for kind, name in _ERRANDS.items() if kind not in (*HOOKS, Errand.WATCHDOG))
# By the kind of a model's source, which key of a unit it is.
SOURCE_KEYS = {"env_file": "env_file", "directory": "env_from", "secret_file": "secrets"}
# By the name of a key, whose keys it has.
INNER = {
    **{scope: scope for scope in (POD, *NAMED, *SMALL)},
    "config_map": COPIES,
    **dict.fromkeys(PROBE_NAMES, PROBE),
    **dict.fromkeys(HOOK_NAMES, HOOK),
}


class Key(NamedTuple):
    """``type`` names a reader; ``example`` is a TOML value; ``unset`` what holds without the key, where the model's
    default does not say it."""

    name: str
    scopes: tuple[str, ...]
    type: str
    meaning: str
    example: str
    help: str = ""
    unset: str = ""
    required: bool = False
