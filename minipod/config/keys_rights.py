"""The key table's entries for what a unit's processes may do and use: groups, limits, priority, capabilities."""

from minipod.config.key import UNITS, Key

RIGHTS_KEYS: tuple[Key, ...] = (
    Key(
        "groups",
        UNITS,
        "groups",
        "further groups, by name or number",
        '["video", 2000]',
        "Besides the unit's own group. Names are looked up in the container's /etc/group when the unit starts. Without "
        "group it keeps those that it has: minipod's own, or those of its user in /etc/group.",
        unset="none",
    ),
    Key(
        "limits",
        UNITS,
        "limits",
        "limits of each of its processes, by prlimit's names",
        '{ nofile = 1024, core = "unlimited", as = "512Mi" }',
        "A value is both the soft and the hard limit; { soft = 1024, hard = 4096 } tells them apart, and what is left "
        "out of it stays as it is. as, core, data, fsize, memlock, msgqueue, rss and stack are sizes, cpu and rttime "
        'durations, the others numbers. "unlimited" is none. To raise a hard limit minipod needs SYS_RESOURCE.',
        unset="minipod's own",
    ),
    Key(
        "nice",
        UNITS,
        "nice",
        "how much it stands back when others want the processor",
        "10",
        "-20 to 19. Below minipod's own it needs SYS_NICE, or a limit of that name.",
        unset="minipod's own",
    ),
    Key(
        "oom_score_adj",
        UNITS,
        "oom_score_adj",
        "how likely the kernel ends it when memory runs out",
        "500",
        "-1000 (never) to 1000 (first). Below minipod's own it needs SYS_RESOURCE.",
        unset="minipod's own",
    ),
    Key(
        "no_new_privileges",
        UNITS,
        "flag",
        "whether nothing that it executes can gain rights, setuid programs neither",
        "true",
    ),
    Key(
        "read_only",
        UNITS,
        "flag",
        "whether it cannot write to the root file system",
        "true",
        "What is mounted elsewhere, its volumes above all, it can still write to. Where minipod may not mount, that is "
        "a warning when the pod begins, and the root stays as it is.",
    ),
    Key(
        "capabilities",
        UNITS,
        "capabilities",
        "rights of root that it must not have, and some that it must have",
        '{ drop = ["ALL"], add = ["NET_BIND_SERVICE"] }',
        "Names as in capabilities(7), with or without CAP_, or ALL. What is dropped is gone for all that it executes; "
        "what is added it has, also as another user than root. Only what minipod itself has can be added; otherwise "
        "nothing is started.",
        unset="for root all that minipod has, for others none",
    ),
)
