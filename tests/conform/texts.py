"""$(VAR) expansion by the core's own function, through the extension."""

from collections.abc import Mapping, Sequence

from minipod.reaper.layout import ffi, lib


def expand(text: str, maps: Sequence[Mapping[str, str]]) -> str:
    """``text`` with its references replaced; the first map that has a name wins."""
    raw = text.encode()
    lists, kept = _lists(maps)
    size = lib.expand_text(raw, len(raw), lists, ffi.NULL, 0)
    out = ffi.new("char[]", max(size, 1))
    lib.expand_text(raw, len(raw), lists, out, size)
    del kept  # everything that lists points to lived until here
    return ffi.buffer(out, size)[:].decode()


def _lists(maps: Sequence[Mapping[str, str]]) -> tuple[object, list[object]]:
    kept, lists = [], []
    for each in maps:
        entries = [ffi.new("char[]", f"{name}={value}".encode()) for name, value in each.items()]
        row = ffi.new("char *[]", [*entries, ffi.NULL])
        kept += [*entries, row]
        lists.append(row)
    whole = ffi.new("char **[]", [*lists, ffi.NULL])
    return ffi.cast("const char *const *const *", whole), [*kept, whole]
