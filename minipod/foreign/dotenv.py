"""The variables of a .env, for who must know them when a pod file is made. The grammar is PID 1's own, that of
``minipod.dotenv``.
"""

from minipod.dotenv import entries
from minipod.errors import Place
from minipod.foreign.ledger import Ledger


def read_dotenv(text: str, name: str, ledger: Ledger) -> dict[str, str]:
    """In their order; the last of two goes before. Lines that are none are told of, without what stands there."""
    found: dict[str, str] = {}
    for entry in entries(text):
        if entry.value is None:
            ledger.lose(Place(name, entry.line, 1, "", 1), "this line", "it is no NAME=value")
            continue
        found.pop(entry.name, None)
        found[entry.name] = entry.value
    return found


def is_env_file(text: str) -> bool:
    """Whether PID 1 would take it as it is."""
    return "\0" not in text and all(entry.name for entry in entries(text))
