"""Which pod of a file with several is meant: ``--only NAME``, or ``--only KIND/NAME`` where two kinds share a name."""

from typing import Any

from minipod.config.findings import word
from minipod.errors import ERROR, USAGE, ConfigError, Place, Problem


class Choice:
    """Takes each document that could be run, and says whether it is the one. Without a text every one is."""

    def __init__(self, text: str):
        self._text = text
        kind, slash, name = text.partition("/")
        self._kind, self._name = (kind.lower(), name) if slash else ("", text)
        self._seen: list[str] = []
        self._was_there = not text

    def __bool__(self) -> bool:
        return bool(self._text)

    def takes(self, kind: str, data: Any) -> bool:
        if not self._text:
            return True
        name = name_of(data)
        self._seen.append(f"{kind}/{name}")
        is_it = name == self._name and self._kind in ("", kind.lower())
        self._was_there |= is_it
        return is_it

    def check(self) -> None:
        """ConfigError when it was none of those that were there: a mistake on the command line."""
        if self._was_there:
            return
        from minipod.config.suggest import did_you_mean

        names = [each if self._kind else each.partition("/")[2] for each in self._seen]
        help = did_you_mean(self._text, names, quote="`") or f"name one of {', '.join(self._seen[:20])}"
        place = Place("--only", 0, 1, self._text, max(1, len(self._text)))
        why = "it names a pod of the manifest, as NAME or KIND/NAME"
        problem = Problem(ERROR, place, f"there is no pod {word(self._text)} in it", why, help)
        raise ConfigError((problem,), exit_code=USAGE) from None


def name_of(data: Any) -> str:
    """What a document is called, as far as that can be read; "" for nothing."""
    meta = data.get("metadata") if isinstance(data, dict) else None
    name = meta.get("name") if isinstance(meta, dict) else None
    return name if isinstance(name, str) else ""
