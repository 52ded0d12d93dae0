"""The key table's entries for variables that are read from files when the pod begins: env_file, env_from, secrets."""

from minipod.config.key import PRESET, UNITS, Key

_ORDER = "A later one wins: env_file, then env_from, then secrets, then the unit's own env. "
_READ = "Read once, before anything is started; without it nothing is, unless it is optional. "

SOURCE_KEYS: tuple[Key, ...] = (
    Key(
        "env_file",
        (*UNITS, PRESET),
        "env_files",
        "files with a variable a line",
        '["/etc/app.env", { path = "/etc/local.env", optional = true }]',
        f"{_READ}Lines are NAME=VALUE, comments or blank; values may stand in quotes, and nothing in them is replaced. "
        f"{_ORDER}A path is relative to where minipod is started.",
        unset="none",
    ),
    Key(
        "env_from",
        (*UNITS, PRESET),
        "env_sets",
        "directories in which each file is a variable",
        '[{ directory = "/etc/config", prefix = "APP_", optional = true }]',
        f"As Kubernetes mounts a ConfigMap or a Secret: a file's name, behind prefix, is the variable's, all of its "
        f"content the value; what begins with .. is left out, links are followed. {_READ}{_ORDER}",
        unset="none",
    ),
    Key(
        "secrets",
        (*UNITS, PRESET),
        "secrets",
        "variables whose values are files, or descriptors to read them from",
        '{ DB_PASSWORD = "/run/secrets/db", TLS_KEY = { file = "/run/secrets/key", to = "fd" } }',
        'A path, or { file = "/run/secrets/db", optional = true, to = "env" }. One newline at the end of the file is '
        'left out of the variable. With to = "fd" the program gets NAME_FILE=/proc/self/fd/N, with every byte of the '
        f"file behind it. {_READ}{_ORDER}",
        unset="none",
    ),
)
