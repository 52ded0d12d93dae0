"""The key table's entries for directories that units share, where units see them, and lines of /etc/hosts (DESIGN.md
section 7). The words are Kubernetes'.
"""

from minipod.config.key import COPIES, EMPTY_DIR, FILE, HOST_PATH, MOUNT, PRESET, PROJECTED, TOP, UNITS, VOLUME, Key

_COPIES = (
    "A directory: each file in it, but no directory, and nothing that begins with ..; or { files = { NAME = PATH } }: "
    "these alone. They are read where the pod runs, when it begins, and what is changed later is not seen. "
)

VOLUME_KEYS: tuple[Key, ...] = (
    Key(
        "volume",
        (TOP, PRESET),
        "units",
        "[volume.NAME]: directories that units share, made when the pod begins and removed when it ends",
        "{ data = { empty_dir = true } }",
        "One of empty_dir, host_path, files, config_map, secret, downward_api, projected says what is in it. Units say "
        "with volumes where they see it.",
    ),
    Key(
        "hosts",
        (TOP,),
        "hosts",
        "[hosts]: lines of /etc/hosts, an address and its names each",
        '{ "10.0.0.7" = ["db", "db.local"] }',
        "They stand there while the pod runs, in a block of their own.",
    ),
    Key(
        "volumes",
        (*UNITS, PRESET),
        "mounts",
        "where the unit sees which volumes",
        '{ data = "/data" }',
        'NAME = "/path"; a table says more: { path = "/etc/app", sub_path = "app", read_only = true }; a list has '
        "several of them.",
    ),
    # --- [volume.NAME]: what is in it
    Key(
        "empty_dir",
        (VOLUME,),
        "empty_dir",
        "nothing at first: a directory for whatever units write",
        "true",
        'true, or a table: { medium = "Memory", size_limit = "64Mi" }.',
    ),
    Key(
        "host_path",
        (VOLUME,),
        "host_path",
        "a directory or file that is there already, and stays",
        '"/srv/data"',
        'A path, or a table: { path = "/srv/data", type = "DirectoryOrCreate" }. It is the container\'s own, never '
        "removed and never emptied.",
    ),
    Key(
        "files",
        (VOLUME, PROJECTED),
        "files",
        "files whose text stands here",
        '{ "app.conf" = "port = 80" }',
        'A table says more: { "run.sh" = { content = "…", mode = "0755" } }. A name may have directories: "conf/a".',
    ),
    Key(
        "config_map",
        (VOLUME, PROJECTED),
        "copies",
        "copies of files",
        '"/etc/app"',
        f"{_COPIES}{{ optional = true }} in the table: what is missing is left out.",
    ),
    Key(
        "secret",
        (VOLUME, PROJECTED),
        "copies",
        "copies of files that shall be on no disk: in memory, where it can be had",
        '"/run/secrets"',
        f"{_COPIES}{{ optional = true }} in the table: what is missing is left out.",
    ),
    Key(
        "downward_api",
        (VOLUME, PROJECTED),
        "downward",
        "files that say something of the pod",
        '{ "labels" = "metadata.labels" }',
        "metadata.name, metadata.labels (a line each, as NAME=\"value\") or metadata.labels['NAME'].",
    ),
    Key(
        "projected",
        (VOLUME,),
        "projected",
        "several sources in one volume",
        '[{ secret = "/run/secrets" }, { files = { "app.conf" = "port = 80" } }]',
        "A list of tables, each with one of files, config_map, secret, downward_api.",
    ),
    Key(
        "default_mode",
        (VOLUME,),
        "mode",
        "the permissions of files that say nothing else",
        '"0644"',
        "For all volumes but empty_dir and host_path.",
        unset='"0644"',
    ),
    # --- inside of small tables
    Key(
        "medium",
        (EMPTY_DIR,),
        "medium",
        'where it is: "" (a disk) or "Memory"',
        '"Memory"',
        unset="a disk",
    ),
    Key(
        "size_limit",
        (EMPTY_DIR,),
        "size",
        "how much may be in it",
        '"64Mi"',
        "In memory there is no room for more; on a disk the pod is evicted when there is more.",
        unset="any",
    ),
    Key("mode", (EMPTY_DIR,), "directory_mode", "its permissions", '"1777"'),
    Key("path", (HOST_PATH,), "absolute", "where it is", '"/srv/data"', required=True),
    Key(
        "type",
        (HOST_PATH,),
        "host_type",
        "what must be there, or is made when it is not",
        '"Directory"',
        unset="anything; where nothing is, a directory is made",
    ),
    Key(
        "path",
        (COPIES,),
        "absolute",
        "the directory whose files are copied",
        '"/run/secrets"',
        unset="none: files says which",
    ),
    Key(
        "files",
        (COPIES,),
        "copied_files",
        "the files that are copied, and their names here",
        '{ "tls.key" = "/run/secrets/key.pem" }',
        'A table says more: { "tls.key" = { path = "/run/secrets/key.pem", mode = "0400" } }.',
        unset="all of path",
    ),
    Key("optional", (COPIES,), "flag", "whether what is missing is left out", "true", unset="false"),
    Key("content", (FILE,), "content", "the text of the file", '"port = 80"', unset="path, in config_map and secret"),
    Key(
        "path",
        (FILE,),
        "absolute",
        "in config_map and secret: the file that is copied",
        '"/etc/app/app.conf"',
        unset="content, in files",
    ),
    Key("mode", (FILE,), "mode", "its permissions", '"0600"', unset="the volume's default_mode"),
    Key("path", (MOUNT,), "absolute", "where the unit sees it", '"/data"', required=True),
    Key(
        "sub_path",
        (MOUNT,),
        "sub_path",
        "only this part of the volume, a directory or a file in it",
        '"logs/web"',
        unset="all of it",
    ),
    Key(
        "sub_path_expr",
        (MOUNT,),
        "sub_path",
        "as sub_path, with $(NAME) for the unit's variables",
        '"logs/$(NAME)"',
        "A variable that is not there, or empty, keeps the unit from starting.",
        unset="none",
    ),
    Key("read_only", (MOUNT,), "flag", "whether the unit can only read it", "true"),
)
