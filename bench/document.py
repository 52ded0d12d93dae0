"""A Markdown file whose tables are measured and whose words are people's: "## Part" headings, words, "Measured on …".

It must never change a word, nor a part that was not measured.
"""

import re

_TABLES = "Measured on "


def replace_tables(text: str, tables: dict[str, str]) -> str:
    """The tables of each part by its heading, "" for what stands before the first; a part that is new comes last."""
    parts = _split(text)
    for name, table in tables.items():
        words = parts.get(name, f"## {name}\n\n" if name else "# The benchmark\n\n").split(_TABLES)[0]
        parts[name] = words + table
    return "\n".join(part.rstrip("\n") + "\n" for part in parts.values())


def _split(text: str) -> dict[str, str]:
    first, *others = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return ({"": first} if first else {}) | {part.split("\n")[0].removeprefix("## "): part for part in others}
