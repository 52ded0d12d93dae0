"""The key table's entries for what is put into units from elsewhere: presets, and what an image would run (DESIGN.md
section 7). The words are Kubernetes'.
"""

from minipod.config.key import EXPRESSION, PRESET, SELECTOR, TOP, Key

PRESET_KEYS: tuple[Key, ...] = (
    Key(
        "preset",
        (TOP,),
        "presets",
        "[preset.NAME]: what is added to every unit of a pod whose labels its selector picks",
        '{ database = { selector = { match_labels = { app = "shop" } }, env = { DB_HOST = "db" } } }',
        "All presets that pick the pod are added together, in their order, behind what is there. What is there already "
        "and equal is left out; what differs is an error, and then no preset is applied. `minipod run --preset DIR` "
        "adds those of a directory.",
    ),
    Key(
        "selector",
        (PRESET,),
        "selector",
        "which pods it is for, by their labels",
        '{ match_labels = { app = "shop" } }',
        "All of it must hold. Labels of the pod count, not those of units.",
        unset="every pod",
    ),
    Key(
        "env",
        (PRESET,),
        "env",
        "variables that units are given",
        '{ DB_HOST = "db.example.com" }',
        "A unit that has such a variable with another value, by its own env or by [env], is a conflict.",
    ),
    # --- inside of small tables
    Key("match_labels", (SELECTOR,), "labels", "labels that the pod must have, with these values", '{ app = "shop" }'),
    Key(
        "match_expressions",
        (SELECTOR,),
        "match_expressions",
        "what else must hold of its labels",
        '[{ key = "tier", operator = "In", values = ["front", "back"] }]',
    ),
    Key("key", (EXPRESSION,), "label", "the label that is looked at", '"tier"', required=True),
    Key(
        "operator",
        (EXPRESSION,),
        "operator",
        "what must hold of it",
        '"In"',
        "In: it has one of values. NotIn: it has none of them, or is not there. Exists, DoesNotExist: whether it is "
        "there, whatever its value.",
        required=True,
    ),
    Key(
        "values",
        (EXPRESSION,),
        "label_values",
        "the values that In and NotIn look for",
        '["front", "back"]',
        unset="none: Exists and DoesNotExist take none",
    ),
)
