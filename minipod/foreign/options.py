"""Every option of supervisord's configuration, and what becomes of it: the one table that the importer and
docs/import_options.md read. What carries an option over is in ``programs``, ``program_logs`` and ``supervisord``.

`python -m minipod.foreign.options` prints that page.
"""

from enum import Enum
from typing import NamedTuple


class Fate(Enum):
    """What becomes of an option."""

    KEPT = "kept"
    NEAR = "nearly"
    LOST = "not"


class Option(NamedTuple):
    """``becomes``: what it is in a pod file. ``words``: what differs, or why it is not carried over. ``instead``: what
    to do about it. ``idle``: values that ask for nothing, so that nothing is lost with them."""

    fate: Fate
    becomes: str = ""
    words: str = ""
    instead: str = ""
    idle: tuple[str, ...] = ()


KEPT, NEAR, LOST = Fate.KEPT, Fate.NEAR, Fate.LOST
NO = ("false", "no", "off", "0")
_NO_EVENTS = "nothing in minipod listens to what a program writes"
_EVENTS = "minipod logs -f and minipod events -f -o json tell of it"
_OWN_LOG = "minipod writes its own words to stderr, and to no file"
_JUST = "supervisord only raises the soft limit; a unit has just that"

# [program:x], and what [eventlistener:x] and [fcgi-program:x] share with it.
PROGRAM: dict[str, Option] = {
    "command": Option(
        KEPT, "`command`", "split into words as supervisord does; `%(ENV_X)s` is `$(X)`, and never more than one word"
    ),
    "process_name": Option(KEPT, "the unit's name", "as a DNS label: a-z 0-9 and -"),
    "numprocs": Option(KEPT, "that many units"),
    "numprocs_start": Option(KEPT, "the first of their numbers"),
    "priority": Option(
        NEAR, "`after`", "who has a higher number starts after all with lower ones, and stops before them"
    ),
    "autostart": Option(
        NEAR,
        "the table is commented out where it is false",
        "minipod has no unit that waits until somebody starts it",
        "take away the # to start it with the pod",
    ),
    "autorestart": Option(KEPT, "`restart`", "true: always, unexpected: on_failure, false: never"),
    "exitcodes": Option(KEPT, "`exit_codes`", "those that are expected count as 0"),
    "startsecs": Option(
        NEAR,
        "`backoff`, `reset_after`",
        "who ran longer begins anew; who ended sooner with an expected code is done, and is not started again",
        "a startup_probe can tell when it has started",
    ),
    "startretries": Option(
        NEAR,
        "`max_restarts`, `backoff`",
        "after that many restarts the pod ends, where supervisord would go on without the program",
    ),
    "stopsignal": Option(KEPT, "`stop_signal`"),
    "stopwaitsecs": Option(
        KEPT, "`termination_grace_period`", "the pod's is the sum of what stops one after the other"
    ),
    "stopasgroup": Option(KEPT, "`stop_to`", "group, and main where it is false"),
    "killasgroup": Option(NEAR, "", "minipod leaves nothing of a group behind, so it is always true"),
    "user": Option(KEPT, "`user`", "supplementary groups are those of /etc/group"),
    "umask": Option(KEPT, "`umask`"),
    "directory": Option(KEPT, "`working_dir`"),
    "environment": Option(KEPT, "`env`"),
    "redirect_stderr": Option(
        NEAR, "", "a file has both streams in any case; minipod's own stdout and stderr stay two"
    ),
    "stdout_logfile": Option(
        NEAR,
        "`log`",
        'a path: { file = … }; NONE or /dev/null: "none"; /dev/stdout: "raw"; AUTO: `minipod logs` has it',
    ),
    "stderr_logfile": Option(NEAR, "`log`", "a unit has one log for both streams"),
    "stdout_logfile_maxbytes": Option(KEPT, "`max_size`"),
    "stderr_logfile_maxbytes": Option(KEPT, "`max_size`"),
    "stdout_logfile_backups": Option(KEPT, "`keep`"),
    "stderr_logfile_backups": Option(KEPT, "`keep`"),
    "stdout_capture_maxbytes": Option(LOST, "", _NO_EVENTS, _EVENTS, ("0",)),
    "stderr_capture_maxbytes": Option(LOST, "", _NO_EVENTS, _EVENTS, ("0",)),
    "stdout_events_enabled": Option(LOST, "", _NO_EVENTS, _EVENTS, NO),
    "stderr_events_enabled": Option(LOST, "", _NO_EVENTS, _EVENTS, NO),
    "stdout_syslog": Option(LOST, "", "minipod writes to no syslog", "let the program pipe into logger", NO),
    "stderr_syslog": Option(LOST, "", "minipod writes to no syslog", "let the program pipe into logger", NO),
    "serverurl": Option(LOST, "", "minipod speaks no XML-RPC", "MINIPOD_SOCKET names its own socket", ("auto", "")),
}
_SOCKET = "minipod opens no socket for a program"
FCGI: dict[str, Option] = {
    "socket": Option(LOST, "the table is commented out", _SOCKET, "let the program listen by itself"),
    "socket_owner": Option(LOST, "", _SOCKET),
    "socket_mode": Option(LOST, "", _SOCKET),
    "socket_backlog": Option(LOST, "", _SOCKET),
}
GROUP: dict[str, Option] = {
    "programs": Option(NEAR, "", "names of units begin with the group's where they would be two; there are no groups"),
    "priority": Option(NEAR, "`after`", "as a program's, which counts within the group"),
}
SUPERVISORD: dict[str, Option] = {
    "logfile": Option(LOST, "", _OWN_LOG, "redirect minipod's stderr"),
    "logfile_maxbytes": Option(LOST, "", _OWN_LOG),
    "logfile_backups": Option(LOST, "", _OWN_LOG),
    "loglevel": Option(LOST, "", "minipod's own words have no levels", "minipod events tells everything"),
    "silent": Option(LOST, "", _OWN_LOG, "redirect minipod's stderr", NO),
    "pidfile": Option(LOST, "", "minipod is PID 1 and writes no file", "minipod health says whether it runs"),
    "umask": Option(KEPT, "`umask` of every unit that has none"),
    "nodaemon": Option(LOST, "", "minipod stays in the foreground, always", "", ("true", "yes", "on", "1")),
    "minfds": Option(NEAR, "`limits` of every unit: nofile", _JUST, "leave it out for the container's own"),
    "minprocs": Option(NEAR, "`limits` of every unit: nproc", _JUST, "leave it out for the container's own"),
    "nocleanup": Option(LOST, "", "there are no log files but those with a name"),
    "childlogdir": Option(LOST, "", "there are no log files but those with a name", "minipod logs has the last lines"),
    "user": Option(KEPT, "`user` of every unit that has none"),
    "directory": Option(KEPT, "`working_dir` of every unit that has none"),
    "strip_ansi": Option(LOST, "", "minipod changes no line", "NO_COLOR=1 asks most programs for it", NO),
    "environment": Option(KEPT, "`[env]`"),
    "identifier": Option(KEPT, "`name` under `[pod]`", "as a DNS name"),
}
INCLUDE: dict[str, Option] = {"files": Option(KEPT, "", "they are read with it; `%(here)s` is where each of them lies")}

# Sections that are left behind as a whole, by their kind.
_OWN_SOCKET = Option(
    LOST,
    "",
    "minipod makes a socket of its own, for its own words and curl, in HTTP and JSON",
    "`control` under [pod] chooses the path",
)
SECTIONS: dict[str, Option] = {
    "unix_http_server": _OWN_SOCKET,
    "inet_http_server": Option(
        LOST,
        "",
        "over TCP nothing can be steered, with or without a password",
        '`control = { listen = ":9090" }` under [pod] serves health and metrics',
    ),
    "supervisorctl": Option(LOST, "", "minipod get, logs, restart and the like find the pod by themselves"),
    "rpcinterface": Option(
        LOST, "", "there is no XML-RPC, and nothing is loaded into PID 1", "docs/control.md has the API"
    ),
    "ctlplugin": Option(LOST, "", "there is no supervisorctl to extend"),
    "eventlistener": Option(
        LOST,
        "",
        "minipod speaks to no listener; the pod ends by itself when a program cannot be kept running",
        "minipod events -f -o json tells of every transition",
    ),
}
KNOWN: dict[str, dict[str, Option]] = {
    "program": PROGRAM,
    "fcgi-program": {**PROGRAM, **FCGI},
    "group": GROUP,
    "supervisord": SUPERVISORD,
    "include": INCLUDE,
}


_PAGE = """# supervisord's options in a pod file

Printed from the importer's own table. *kept*: the same; *nearly*: with the difference that is told; *not*: with the
reason. `minipod import` tells the same of those that a file has, each with its line ([import.md](import.md)).
"""


def to_markdown() -> str:
    """docs/import_options.md."""
    heads = {"program": "[program:x]", "group": "[group:x]", "supervisord": "[supervisord]", "include": "[include]"}
    shown = {heads[kind]: KNOWN[kind] for kind in heads}
    shown |= {"[fcgi-program:x], besides": FCGI, "whole sections": SECTIONS}
    return "\n".join([_PAGE, *(_table(head, options) for head, options in shown.items())])


def _table(head: str, options: dict[str, Option]) -> str:
    rows = [
        f"| `{name}` | {each.fate.value} | {each.becomes} | {'; '.join(filter(None, (each.words, each.instead)))} |"
        for name, each in options.items()
    ]
    return "\n".join([f"| {head} | carried over | as | |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    print(to_markdown(), end="")
