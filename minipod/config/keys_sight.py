"""The key table's entries for what is seen of a pod and how it is steered: logs, the control socket, the terminal
(DESIGN.md sections 7 to 9).
"""

from minipod.config.key import CONTROL, LOG, POD, UNITS, Key

SIGHT_KEYS: tuple[Key, ...] = (
    Key(
        "tty",
        UNITS,
        "tty",
        "whether minipod's terminal is the program's own",
        "true",
        'For one unit of a pod: Ctrl-C and Ctrl-Z are then for it. It has stdin = "inherit", and log = "inherit" '
        "unless its own log says otherwise. Without a terminal, as in a pipe, nothing of it happens. "
        '"own": the program gets a terminal that nobody else has, as with tty of a Kubernetes container: its stdin, '
        "stdout and stderr. Nobody types there; what is written comes into the log as stdout.",
    ),
    Key(
        "log",
        (POD, *UNITS),
        "log",
        "what becomes of stdout and stderr",
        '"raw"',
        "prefix: whole lines behind the unit's name. json: an object a line, with time, unit, stream and line. raw: "
        "whole lines, unchanged. inherit: the program writes to minipod's own stdout and stderr; no `minipod logs`, no "
        'last lines. none: to /dev/null. A table says more: { file = "/var/log/web.log", max_size = "10M", keep = 5 }. '
        "On the pod: for every unit that does not say otherwise, key by key; json there makes minipod's own words JSON "
        "too.",
        unset="the pod's",
    ),
    Key(
        "control",
        (POD,),
        "control",
        "where the pod is asked and told, by `minipod get`, `logs`, `restart` and the like",
        '{ listen = ":9090" }',
        "true: a socket in /run/minipod or $XDG_RUNTIME_DIR/minipod, else, where no directory can be written, an "
        "abstract name. A path: there, and nowhere else. MINIPOD_SOCKET in minipod's environment goes before both. "
        "false: nowhere.",
    ),
    # --- inside of small tables
    Key(
        "mode",
        (LOG,),
        "log_mode",
        "how a line is written, and whether it comes to minipod at all",
        '"json"',
        unset='"raw" with a file, else the pod\'s',
    ),
    Key(
        "overflow",
        (LOG,),
        "overflow",
        "what happens while nobody takes the lines",
        '"drop"',
        "block: the program waits, as soon as its pipe is full. drop: whole lines are dropped, and counted.",
        unset='the pod\'s, else "block"',
    ),
    Key(
        "file",
        (LOG,),
        "log_file",
        "a file for the lines, instead of minipod's own stdout and stderr",
        '"/var/log/web.log"',
        "Its directory must be there, and no other unit writes to it.",
        unset="none",
    ),
    Key(
        "max_size",
        (LOG,),
        "size",
        "how large the file may get before the next one is begun",
        '"10M"',
        "Full ones are called web.log.1, web.log.2 and so on, the latest first. 0: any size.",
    ),
    Key("keep", (LOG,), "keep", "how many full files stay beside the one that is written", "5"),
    Key(
        "socket",
        (CONTROL,),
        "socket",
        "the path of the control socket",
        '"/run/minipod/shop.sock"',
        "At most 107 bytes. Where it cannot be made, the pod does not start.",
        unset="the first place that can be had",
    ),
    Key(
        "listen",
        (CONTROL,),
        "listen",
        "an address and a port for /healthz, /livez, /readyz and /metrics, over plain HTTP and for anybody",
        '"127.0.0.1:9090"',
        'In figures. ":9090" means all addresses. Nothing can be steered there.',
        unset="nowhere",
    ),
)
