"""The key table printed for people: `minipod explain`, docs/config.md and config/minipod.toml.

`python -m minipod.config.reference markdown` and `… toml` print the two files; tests compare them.
"""

import sys
import textwrap

from minipod.config.defaults import default_text, default_value, to_toml
from minipod.config.key import (
    COPIES,
    FILE,
    HOOK,
    HOOK_NAMES,
    INIT,
    MOUNT,
    POD,
    PROBE,
    PROBE_NAMES,
    PROJECTED,
    RESTART_RULE,
    RULE,
    SCOPES,
    SERVICE,
    SIDECAR,
    SMALL,
    TOP,
    Key,
)
from minipod.config.keys import KEYS, UNITS, keys_of
from minipod.config.probes import ACTIONS, FDS
from minipod.config.requests import PORTS, SCHEMES
from minipod.config.sight import KEEPS
from minipod.config.tables import CODES
from minipod.config.unknown import title
from minipod.config.values import MILESTONES, OWN, RESTARTS
from minipod.config.volumes import CHECKS, FIELDS, MEDIA
from minipod.presets.merge import OPERATORS
from minipod.supervisor.rights import NICE, OOM_SCORE
from minipod.supervisor.words import LogMode, Overflow, StdinMode, StopScope

_WIDTH = 100
_TABLES = ("env", "signals", "volume", "hosts", "preset", "image")  # whose keys are names of the user's


def _either(words) -> str:
    return "one of " + ", ".join(f'"{word}"' for word in words)


# What each type of the key table takes, in words.
TYPES: dict[str, str] = {
    "absolute": "an absolute path",
    "account": "a name or a number",
    "action": _either(ACTIONS),
    "after": f"a list of names, or a table of names, each {_either(MILESTONES)}",
    "backoff": "a table",
    "capabilities": "a table with two lists of names, drop and add",
    "codes": f"a list of codes ({CODES.low} to {CODES.high}) or names of signals",
    "command": "a list of strings, or a string",
    "content": "a string",
    "copied_files": "a table: file = path, or file = a table",
    "copies": "the path of a directory, or a table",
    "control": "true, false, an absolute path, or a table",
    "count": "a whole number, 0 or more",
    "deadline": 'a duration above 0: "10s", "1m30s", "250ms", or seconds',
    "directory_mode": "three or four octal digits, in quotes",
    "downward": f"a table: file = {_either(FIELDS)}, or a label",
    "duration": 'a duration: "10s", "1m30s", "250ms", or seconds',
    "empty_dir": "true, or a table",
    "env": "a table of strings",
    "env_files": "a path, a table with path and optional, or a list of them",
    "env_sets": "a list of tables with directory, prefix and optional",
    "exec": "a list of strings, a string, or a table",
    "exit_codes": f"a table: code ({CODES.low} to {CODES.high}) or signal = code",
    "fd": f"a whole number, {FDS.low} to {FDS.high}",
    "files": "a table: file = text, or file = a table",
    "flag": "true or false",
    "groups": "a list of names or numbers",
    "grpc": "a table",
    "hook": "a table",
    "host": "an address or a name",
    "host_path": "an absolute path, or a table",
    "host_type": _either(CHECKS),
    "hosts": "a table: address = name, or a list of names",
    "http_get": "a table",
    "http_headers": "a table of strings, or a list of tables",
    "label": "the name of a label",
    "label_values": "a list of strings",
    "labels": "a table of strings",
    "image_user": "a name or a number, or two with a colon between",
    "images": "a table of tables",
    "keep": f"a whole number, {KEEPS.low} to {KEEPS.high}",
    "limits": 'a table: limit = a number, a size, a duration, "unlimited", or a table with soft and hard',
    "listen": 'an address and a port: "127.0.0.1:9090", "[::1]:9090", ":9090"',
    "log": f"{_either(mode.word for mode in LogMode)}, or a table",
    "log_file": "an absolute path",
    "log_mode": _either(mode.word for mode in LogMode),
    "main": "the name of a service",
    "message_path": "an absolute path",
    "match_expressions": "a list of tables",
    "medium": _either(MEDIA),
    "mode": "three octal digits, in quotes",
    "mounts": "a table: volume = path, a table, or a list of them",
    "names": "a list of names",
    "nice": f"a whole number, {NICE[0]} to {NICE[-1]}",
    "notify": '"sd", or a table',
    "oom_score_adj": f"a whole number, {OOM_SCORE[0]} to {OOM_SCORE[-1]}",
    "operator": _either(OPERATORS),
    "overflow": _either(word.word for word in Overflow),
    "path": "a string",
    "pod_name": "a name",
    "port": f"a whole number, {PORTS.low} to {PORTS.high}",
    "positive": 'a duration above 0: "10s", "1m30s", "250ms", or seconds',
    "presets": "a table of tables",
    "probe": "a table",
    "projected": "a list of tables",
    "restart": _either(RESTARTS),
    "restart_rules": "a list of tables",
    "secrets": "a table: variable = path, or variable = a table with file, optional and to",
    "scheme": _either(SCHEMES),
    "selector": "a table",
    "service": "a string",
    "signal": "the name of a signal, or its number",
    "signals": 'a table: signal = another signal, "ignore", "stop", or a table',
    "size": 'a size: "10M", "512Ki", or bytes',
    "socket": "an absolute path",
    "start_timeout": 'a duration above 0: "10s", "1m30s", "250ms", or seconds',
    "stdin": _either(mode.word for mode in StdinMode),
    "stop_to": _either(scope.word for scope in StopScope),
    "string": "a string",
    "sub_path": "a path in the volume",
    "table": "a table",
    "tcp_socket": "a table",
    "threshold": "a whole number, 1 or more",
    "tty": f'true, false or "{OWN}"',
    "umask": "three octal digits",
    "units": "a table of tables",
    "watchdog": 'a duration above 0: "10s", "1m30s", "250ms", or seconds',
    "words": "a list of strings",
}


def heading(scope: str) -> str:
    """A scope as one would write it in a file."""
    odd = {
        RULE: "[signals] NAME = { … }",
        PROBE: f"{', '.join(PROBE_NAMES)} = {{ … }}",
        HOOK: f"{', '.join(HOOK_NAMES)} = {{ … }}",
        RESTART_RULE: "restart_rules = [{ … }]",
        COPIES: "config_map, secret = { … }",
        FILE: "files = { NAME = { … } }",
        PROJECTED: "projected = [{ … }]",
        MOUNT: "volumes = { NAME = { … } }",
    }
    return odd.get(scope) or (f"{scope} = {{ … }}" if scope in SMALL else title(scope))


def explain_key(name: str, scopes: list[str]) -> str:
    """One key, in all of ``scopes``, as `minipod explain` prints it. Keys of one name may differ between scopes."""
    blocks = []
    for key in KEYS:
        here = [scope for scope in scopes if key.name == name and scope in key.scopes]
        if here:
            blocks.append(_explain_one(key, here))
    return "\n".join(blocks)


def _explain_one(key: Key, scopes: list[str]) -> str:
    defaults = {scope: default_text(key, scope) for scope in scopes}
    alike = len(set(defaults.values())) == 1
    rows = [text if alike else f"{text} in {heading(scope)}" for scope, text in defaults.items()]
    default = f"\n{'':<9}".join(dict.fromkeys(rows))
    labelled = {
        "key": key.name,
        "in": ", ".join(heading(scope) for scope in scopes),
        "takes": TYPES[key.type],
        "default": default,
        "example": f"{key.name} = {key.example}",
    }
    lines = [f"{label + ':':<9}{text}" for label, text in labelled.items()]
    return "\n".join([*lines, "", *_wrap(key)]) + "\n"


def _wrap(key: Key) -> list[str]:
    words = f"{key.meaning[:1].upper()}{key.meaning[1:]}. {key.help}"
    return textwrap.wrap(words, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def explain_scope(scope: str) -> str:
    """All keys of a scope, a line each."""
    keys = keys_of(scope)
    width = max(len(name) for name in keys)
    return f"{heading(scope)}\n" + "".join(f"  {key.name:<{width}}  {key.meaning}\n" for key in keys.values())


def markdown() -> str:
    """docs/config.md."""
    parts = [
        "# Keys of a pod file\n",
        "Printed from the key table by `make generate`. `minipod explain KEY` says the same in a terminal, "
        "`minipod schema` says it to editors, and [config/minipod.toml](../config/minipod.toml) has every key with its "
        "default.\n",
    ]
    for scope in SCOPES:
        parts.append(f"## {heading(scope)}\n")
        parts += [_markdown_key(key, scope) for key in keys_of(scope).values()]
    return "\n".join(parts)


def _markdown_key(key: Key, scope: str) -> str:
    words = f"{key.meaning[:1].upper()}{key.meaning[1:]}. {key.help}".strip()
    return (
        f"### `{key.name}`\n\n{words}\n\n- takes: {TYPES[key.type]}\n- default: {default_text(key, scope)}\n"
        f"- example: `{key.name} = {key.example}`\n"
    )


def toml() -> str:
    """config/minipod.toml: every key; what has no default that could be written is commented out."""
    lines = [
        "# Every key that a pod file may have, with its default. A key without one is commented out and shows an",
        "# example. `minipod explain KEY` says more. Printed from the key table by `make generate`.",
        "",
    ]
    tables = {POD: "[pod]", INIT: "[init.NAME]", SIDECAR: "[sidecar.NAME]", SERVICE: "[service.NAME]"}
    names = {INIT: "init.first", SIDECAR: "sidecar.helper", SERVICE: "service.web"}
    for scope in (POD, TOP, *UNITS):
        if scope == TOP:
            lines += [line for name in _TABLES for line in _toml_table(keys_of(TOP)[name])]
            continue
        lines += [f"[{names.get(scope, scope)}]  # {_about(scope, tables[scope])}"]
        lines += [
            _toml_line(key, scope) for key in keys_of(scope).values() if (key.name, scope) != ("signals", POD)
        ] + [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _about(scope: str, shown: str) -> str:
    return keys_of(TOP)[scope].meaning.removeprefix(f"{shown}: ")


def _toml_table(key: Key) -> list[str]:
    inside = key.example.removeprefix("{ ").removesuffix(" }")
    return [f"[{key.name}]  # {key.meaning.rpartition(']: ')[2]}", f"# {inside}", ""]


def _toml_line(key: Key, scope: str) -> str:
    value = default_value(key, scope)
    if key.name == "command":
        return f'command = ["true"]  # {key.meaning}; there is no default'
    if value is None or value == {} and key.name != "backoff":
        words = default_text(key, scope)
        return f"# {key.name} = {_example(key)}  # {key.meaning}" + ("" if words == "none" else f"; default: {words}")
    return f"{key.name} = {to_toml(value)}  # {key.meaning}"


def _example(key: Key) -> str:
    """Examples that fit the other names of the file."""
    return '["helper"]' if key.name == "after" else key.example


if __name__ == "__main__":
    sys.stdout.write({"markdown": markdown, "toml": toml}[sys.argv[1]]())
