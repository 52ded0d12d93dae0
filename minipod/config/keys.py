"""The one table of keys: where each may stand, what it takes, what it means. ``check``, ``explain``, ``schema``, the
reference and config/minipod.toml all read it. Defaults are the model's; ``unset`` says in words what holds where the
model has no number for it.
"""

from minipod.config.key import (
    BACKOFF,
    GRPC,
    HOOK,
    HOOK_NAMES,
    HTTP_GET,
    INIT,
    POD,
    PROBE,
    PROBE_NAMES,
    RULE,
    SCOPES,
    SERVICE,
    SIDECAR,
    SMALL,
    TCP_SOCKET,
    TOP,
    UNITS,
    Key,
)
from minipod.config.keys_images import IMAGE_KEYS
from minipod.config.keys_presets import PRESET_KEYS
from minipod.config.keys_probes import PROBE_KEYS
from minipod.config.keys_rights import RIGHTS_KEYS
from minipod.config.keys_sight import SIGHT_KEYS
from minipod.config.keys_sources import SOURCE_KEYS
from minipod.config.keys_volumes import VOLUME_KEYS

__all__ = [
    "BACKOFF", "GRPC", "HOOK", "HTTP_GET", "INIT", "KEYS", "MISPLACED", "POD", "PROBE", "RULE", "SCOPES", "SERVICE",
    "SIDECAR", "SMALL", "TCP_SOCKET", "TOP", "UNITS", "Key", "keys_of",
]

_ALL_UNITS_AND_POD = (POD, *UNITS)

KEYS: tuple[Key, ...] = (
    # --- top level
    Key("pod", (TOP,), "table", "what holds for the pod as a whole", '{ name = "web" }'),
    Key(
        "env",
        (TOP,),
        "env",
        "variables of every unit",
        '{ LANG = "C.UTF-8" }',
        "Added to the environment that minipod was given. A unit's own env goes before. $(NAME) in a value is replaced "
        "as in Kubernetes; $$ means one $.",
    ),
    Key(
        "init",
        (TOP,),
        "units",
        "[init.NAME]: tasks that run one by one, each to success, before any service",
        '{ migrate = { command = ["migrate"] } }',
        "Inits and sidecars start in the order in which they stand in the file.",
    ),
    Key(
        "sidecar",
        (TOP,),
        "units",
        "[sidecar.NAME]: helpers that start in order with the inits and outlive the services",
        '{ proxy = { command = ["proxy"] } }',
        "The next init or sidecar waits until a sidecar has started. Sidecars stop after the services, the "
        "last one first.",
    ),
    Key(
        "service",
        (TOP,),
        "units",
        "[service.NAME]: what the pod is for; services start together once the inits are done",
        '{ web = { command = ["web"] } }',
        "At least one. The pod ends when all have ended.",
        required=True,
    ),
    # --- the pod
    Key(
        "name",
        (POD,),
        "pod_name",
        "the pod's name",
        '"shop"',
        "A DNS name of at most 253 letters a-z, digits, - and . as in Kubernetes.",
        unset='the file\'s name without its ending, or "pod" if that is no valid name',
    ),
    Key("labels", (POD,), "labels", "labels of the pod, by Kubernetes' rules", '{ app = "shop" }'),
    Key(
        "labels",
        UNITS,
        "labels",
        "labels of the unit: only words for people",
        '{ role = "frontend" }',
        "Shown by `minipod describe` and `get -o wide`, and in GET /v1/pod; with image at most 4,096 bytes. Presets "
        "look at the pod's labels alone, as in Kubernetes, where containers have none. `minipod apply` restarts no "
        "unit for another label.",
    ),
    Key(
        "main",
        (POD,),
        "main",
        "the service whose end is the pod's end, with its exit code",
        '"web"',
        "It restarts never, unless its own restart says otherwise. Without main the pod ends when all services "
        "have ended.",
        unset="none",
    ),
    Key(
        "termination_message_path",
        (POD,),
        "string",
        "a file that gets one sentence about the end of the pod",
        '"/dev/termination-log"',
        unset="none",
    ),
    Key(
        "termination_message_path",
        UNITS,
        "message_path",
        "where the program leaves a message about its end",
        '"/run/web/message"',
        "Made empty before each start, and the unit's user may write to it; TERMINATION_MESSAGE_PATH names it. The "
        "first 4096 bytes are shown with the unit's end by `minipod describe`, `get -o json` and the report.",
        unset="none",
    ),
    Key(
        "signals",
        (TOP, POD),
        "signals",
        "what to do with signals that minipod receives",
        '{ HUP = "USR1" }',
        'By default TERM, INT and QUIT stop the pod and every other signal goes to every running unit. HUP = "USR1" '
        'sends another one, "ignore" drops it, "stop" stops the pod, { send = "HUP", to = ["web"] } sends it to '
        "some units only. May stand as [signals] or as [pod.signals], not both.",
    ),
    # --- what to run
    Key(
        "command",
        UNITS,
        "command",
        "the program and its arguments",
        '["nginx", "-g", "daemon off;"]',
        "A list is passed on as it is. A string is split as a shell would, but no shell runs: for pipes and the like "
        'write ["sh", "-c", "…"]. $(NAME) is replaced by the unit\'s variable, as in Kubernetes; $$ means one $.',
        required=True,
    ),
    Key(
        "args",
        UNITS,
        "words",
        "further arguments, after command's",
        '["--port", "8080"]',
        "`minipod run FILE -- WORDS` replaces those of main, or of the only service.",
    ),
    Key(
        "env",
        UNITS,
        "env",
        "variables of this unit",
        '{ PORT = "8080" }',
        "They go before the pod's [env] and the environment that minipod was given.",
    ),
    *SOURCE_KEYS,
    Key(
        "working_dir",
        UNITS,
        "string",
        "the directory to start in",
        '"/srv"',
        unset="minipod's own",
    ),
    Key(
        "user",
        UNITS,
        "account",
        "the user to run as, by name or number",
        '"www-data"',
        "Names are looked up in the container's /etc/passwd when the pod starts; a number needs no entry.",
        unset="minipod's own",
    ),
    Key(
        "group",
        UNITS,
        "account",
        "the group to run as, by name or number",
        '"www-data"',
        "Names are looked up in the container's /etc/group when the pod starts; a number needs no entry.",
        unset="the user's own",
    ),
    Key(
        "umask",
        UNITS,
        "umask",
        "which permissions new files do not get",
        '"022"',
        'Octal: "022" or 0o022.',
        unset="minipod's own",
    ),
    Key(
        "stdin", UNITS, "stdin", "what the program reads: null (/dev/null) or inherit (what minipod reads)", '"inherit"'
    ),
    *RIGHTS_KEYS,
    *SIGHT_KEYS,
    # --- the pod and its units
    Key(
        "restart",
        _ALL_UNITS_AND_POD,
        "restart",
        "when a unit that ended is started again",
        '"on_failure"',
        "always, on_failure (after any exit code but 0, or a signal) or never. An init never runs again after a "
        "success. On the pod: for every service and init that does not say otherwise; sidecars stay always and main "
        "stays never.",
    ),
    Key(
        "backoff",
        _ALL_UNITS_AND_POD,
        "backoff",
        "the waits between restarts",
        '{ initial = "1s", max = "60s", reset_after = "10m" }',
        "The first restart is immediate, the second waits for initial, every further one twice as long, up to max. On "
        "the pod: for every unit, key by key.",
    ),
    Key(
        "max_restarts",
        _ALL_UNITS_AND_POD,
        "count",
        "give up after this many restarts since the last back-off reset",
        "5",
        "A unit that gave up has failed for good, and the pod ends. On the pod: for every unit that does not "
        "say otherwise.",
        unset="any number",
    ),
    Key(
        "termination_grace_period",
        _ALL_UNITS_AND_POD,
        "duration",
        "the time between the stop signal and KILL",
        '"10s"',
        "On the pod: the budget of the whole stop; minipod is gone by itself before it is over. A unit's own is "
        "clipped to what remains of it.",
    ),
    Key(
        "deadline",
        (POD, INIT),
        "deadline",
        "end the pod or fail the init when it takes longer than this",
        '"1h"',
        "Counted from the start; an init's restarts do not prolong it. The pod then ends with exit code 124.",
        unset="none",
    ),
    # --- when to start, what an end means
    Key(
        "after",
        (SERVICE,),
        "after",
        "units that must be there first",
        '["db"]',
        'A list waits until each has started; a table says for what: { db = "ready", seed = "completed" }. started: '
        "the program runs; ready: it is ready for work; completed: it ended for good with 0. Services stop in reverse.",
    ),
    Key(
        "essential",
        (SIDECAR, SERVICE),
        "flag",
        "whether the pod ends when this unit fails for good",
        "true",
    ),
    Key(
        "exit_codes",
        UNITS,
        "exit_codes",
        "exit codes that shall count as others",
        "{ 143 = 0, SIGINT = 0 }",
        "Applied before restart and everything else. A signal's name means 128 + its number.",
    ),
    # --- how to stop
    Key(
        "stop_signal",
        UNITS,
        "signal",
        "the signal that asks the program to end",
        '"INT"',
        "A name as in `kill -l`, with or without SIG, RTMIN+N, or a number.",
    ),
    Key("stop_to", UNITS, "stop_to", "who gets the stop signal: the process group or the main process alone", '"main"'),
    *PROBE_KEYS,
    *VOLUME_KEYS,
    *PRESET_KEYS,
    *IMAGE_KEYS,
    # --- inside of small tables
    Key("initial", (BACKOFF,), "duration", "the delay before the second restart; the first is immediate", '"1s"'),
    Key("max", (BACKOFF,), "duration", "the longest delay", '"60s"'),
    Key("reset_after", (BACKOFF,), "duration", "a run longer than this begins the back-off anew", '"10m"'),
    Key("send", (RULE,), "signal", "the signal to send instead", '"USR1"', unset="the signal that was received"),
    Key("to", (RULE,), "names", "the units that get it", '["web"]', unset="every running unit"),
)

_ENDS_BY_ITSELF = ("an init is done when its program ends with 0", "make it a sidecar if it shall keep running")

# Why a key may not stand where people put it; other scopes need no words.
MISPLACED: dict[tuple[str, str], tuple[str, str]] = {
    **{
        (INIT, name): _ENDS_BY_ITSELF
        for name in (*PROBE_NAMES, *HOOK_NAMES, "notify", "watchdog", "start_timeout")
    },
    (INIT, "after"): ("inits and sidecars start one by one in file order", "move the table to its place in the file"),
    (SIDECAR, "after"): (
        "inits and sidecars start one by one in file order",
        "move the table to its place in the file",
    ),
    (INIT, "essential"): ("an init that fails always ends the pod", "leave it out"),
    (SERVICE, "deadline"): ("a service may run for ever", "`deadline` under [pod] bounds the whole pod"),
    (SIDECAR, "deadline"): ("a sidecar runs as long as the pod", "`deadline` under [pod] bounds the whole pod"),
    **{
        (kind, name): ("it is what an image runs", "write command and args")
        for kind in UNITS
        for name in ("entrypoint", "cmd")
    },
    (POD, "env"): ("the pod's variables have a table of their own", "write [env]"),
    (POD, "command"): ("a pod runs units", "write it under [service.NAME]"),
}


def keys_of(scope: str) -> dict[str, Key]:
    """The keys that may stand in a scope, in the order of the table."""
    return _BY_SCOPE[scope]


_BY_SCOPE = {scope: {key.name: key for key in KEYS if scope in key.scopes} for scope in SCOPES}
