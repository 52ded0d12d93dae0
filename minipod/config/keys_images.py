"""The key table's entries for images: what a unit's image is called, and what the config of an image says. No image is
ever pulled (DESIGN.md section 7). The words are those of images.
"""

from minipod.config.key import IMAGE, TOP, UNITS, Key

IMAGE_KEYS: tuple[Key, ...] = (
    Key(
        "image",
        (TOP,),
        "images",
        '[image."NAME"]: what an image of that name would run; no image is pulled',
        '{ "redis:7" = { entrypoint = ["redis-server"], cmd = ["--port", "6379"] } }',
        "For units whose image it is; in a file of `--preset DIR` for containers of a manifest, too. What a unit says "
        "itself goes before it.",
    ),
    Key(
        "image",
        UNITS,
        "string",
        "the name of the image that the program comes from",
        '"redis:7"',
        'Shown by `minipod describe` and `get`, kept for `minipod export`; a program that runs is not restarted for '
        'another name alone. With a table [image."NAME"] the unit runs what that says: without command its '
        "entrypoint, with the unit's args or, without them, its cmd.",
        unset="none",
    ),
    Key(
        "entrypoint",
        (IMAGE,),
        "command",
        "the program that it runs, and the first of its arguments",
        '["redis-server"]',
        "Nothing in it is replaced. A unit's own command takes the place of both entrypoint and cmd.",
        unset="none: the first word of cmd, or of the unit's args, is the program",
    ),
    Key(
        "cmd",
        (IMAGE,),
        "words",
        "further arguments, for units that have no args",
        '["--port", "6379"]',
        "Nothing in them is replaced.",
        unset="none",
    ),
    Key("working_dir", (IMAGE,), "string", "the directory to start in", '"/data"', unset="minipod's own"),
    Key(
        "env",
        (IMAGE,),
        "env",
        "variables, where neither [env] nor the unit's env has them",
        '{ REDIS_HOME = "/data" }',
        "Nothing in them is replaced. They go before what env_file and env_from have.",
    ),
    Key(
        "user",
        (IMAGE,),
        "image_user",
        "the user to run as, and the group behind a colon",
        '"redis:redis"',
        unset="minipod's own",
    ),
)
