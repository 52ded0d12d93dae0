"""`minipod schema`: a JSON Schema of pod files, on stdout."""

import json
import sys

from minipod.config.schema import schema
from minipod.errors import UsageError
from minipod.options import sort_words

USAGE = """minipod schema

Print a JSON Schema (draft 2020-12) of pod files, for editors that complete and check them.
"""


def run(words: list[str]) -> int:
    """0."""
    found = sort_words(words, flags=("-h", "--help"))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    if found.operands:
        raise UsageError(f"schema takes no operand, not {found.operands[0]}")
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0
