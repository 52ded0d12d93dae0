"""Readers of paths: absolute ones, and those inside of a volume. As in ``values``. Nothing here looks at a disk."""

from minipod.config.findings import Findings, Path, word
from minipod.config.values import read_string

MOST_PATH = 4095  # the kernel's PATH_MAX, less its NUL
MOST_NAME = 255
_DOTS = "with .. it would lead out of where it belongs"


def read_absolute(value: object, at: Path, found: Findings) -> str | None:
    """An absolute path without ``..``, neither the root itself nor with a slash too many."""
    if not isinstance(value, str):
        return found.mismatch(at, value, "a path", help='write for example "/data"')
    if not value:
        return found.error(at, "the path is empty", help='write for example "/data"')
    path = read_string(value, at, found)
    if path is None or is_too_long(path, at, found):
        return None
    has_dots = ".." in path.split("/")
    if not path.startswith("/"):
        why = "nobody could say relative to which directory it is"
        help = 'write for example "/data"' if has_dots else f'write "/{clean(path)}"'
        return found.error(at, f"{word(path)} must begin with /", why=why, help=help)
    if has_dots:
        return found.error(at, f"the path cannot be {word(path)}", why=_DOTS, help="write it without ..")
    if not clean(path):
        why = "it would hide everything"
        return found.error(at, "the path cannot be `/`", why=why, help='write for example "/data"')
    return f"/{clean(path)}"


def read_inner(value: object, at: Path, found: Findings, *, on_key: bool = False) -> str | None:
    """A path in a volume: relative, without ``..``. ``on_key``: it is the key itself."""
    if not isinstance(value, str):
        return found.mismatch(at, value, "a path in the volume", help='write for example "logs"')
    path = value if on_key and value == "" else read_string(value, at, found)
    if path is None or is_too_long(path, at, found, on_key=on_key):
        return None
    why, help = _why_not_inside(path)
    if why:
        return found.error(at, f"the path cannot be {word(path)}", on_key=on_key, why=why, help=help)
    return clean(path)


def _why_not_inside(path: str) -> tuple[str, str]:
    if "\0" in path:
        return "the kernel ends every string at a NUL", "leave it out"
    if path.startswith("/"):
        return "it begins where the volume begins", "write it without / before it"
    if ".." in path.split("/"):
        return _DOTS, "write it without .."
    if path.startswith(".."):
        return "Kubernetes keeps names that begin with .. for itself", "write another one"
    if not clean(path):
        return "it names nothing", "write for example app.conf"
    return "", ""


def clean(path: str) -> str:
    """Without what changes nothing: slashes at its ends, doubled ones, and ``.``."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def is_too_long(path: str, at: Path, found: Findings, *, on_key: bool = False) -> bool:
    """Whether the kernel would take no such path."""
    if len(path.encode("utf-8", "replace")) > MOST_PATH:
        found.error(at, f"a path has at most {MOST_PATH} bytes", on_key=on_key, help="choose a shorter one")
        return True
    if any(len(part.encode("utf-8", "replace")) > MOST_NAME for part in path.split("/")):
        found.error(at, f"a name in a path has at most {MOST_NAME} bytes", on_key=on_key, help="choose a shorter one")
        return True
    return False
