"""Users and groups against a plain reading of the same files, under sanitizers: whatever bytes they hold."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MOST_LINE = 65534  # longer lines are passed over
MOST_ID = 2**32 - 2  # the last number means "no change" to the kernel
MOST_NAME, MOST_HOME, MOST_GROUPS = 255, 4095, 256
ABSENT = -errno.ENOENT


class Identity(NamedTuple):
    uid: int
    gid: int
    name: bytes
    home: bytes
    groups: tuple[int, ...]


# --- the plain reading ---


def rows(raw: bytes, fields: int) -> Iterator[list[bytes]]:
    for line in raw.split(b"\n"):
        found = line.split(b":", 6)
        if len(line) <= MOST_LINE and len(found) >= fields:
            yield found


def number(text: bytes) -> int | None:
    is_number = text.isdigit() and int(text) <= MOST_ID
    return int(text) if is_number else None


def entries(passwd: bytes) -> Iterator[Identity]:
    for name, _, uid, gid, _, home, *_ in rows(passwd, 6):
        has_ids = number(uid) is not None and number(gid) is not None
        if has_ids and 0 < len(name) <= MOST_NAME and len(home) <= MOST_HOME:
            yield Identity(number(uid), number(gid), name, home or b"/", ())


def groups(raw: bytes, of: Identity) -> tuple[int, ...]:
    found = [of.gid]
    for row in rows(raw, 4):
        gid, members = number(row[2]), row[3].split(b",")
        if gid is not None and gid != of.gid and of.name in members:
            found.append(gid)
    return tuple(found[:MOST_GROUPS])


def find(passwd: bytes, group: bytes, name: bytes) -> Identity | None:
    known = list(entries(passwd))
    by_name = [entry for entry in known if entry.name == name]
    by_number = [entry for entry in known if number(name) is not None and entry.uid == number(name)]
    for entry in by_name + by_number:
        return entry._replace(groups=groups(group, entry))
    return None if number(name) is None else Identity(number(name), 0, b"", b"/", (0,))


def find_group(raw: bytes, name: bytes) -> int | None:
    named = [row for row in rows(raw, 3) if row[0] == name and number(row[2]) is not None]
    return number(named[0][2]) if named else number(name)


# --- asking the core ---


@pytest.fixture
def ask(pieces: Callable[..., str], tmp_path: Path) -> Callable[..., object]:
    """user(passwd, group, name) and group(group, name) of the core; None for a file that is not there."""
    paths = tmp_path / "passwd", tmp_path / "group"

    def write(path: Path, raw: bytes | None) -> str:
        path.unlink(missing_ok=True)
        if raw is not None:
            path.write_bytes(raw)
        return str(path).encode().hex()

    def user(passwd: bytes | None, group: bytes | None, name: bytes) -> Identity | int:
        words = [write(path, raw) for path, raw in zip(paths, (passwd, group), strict=True)]
        result, *rest = pieces("user", *words, name.hex() or "-").split()
        if int(result) < 0:
            return int(result)
        uid, gid, found, home, *numbers = rest
        return Identity(int(uid), int(gid), bytes.fromhex(found.strip("-")), bytes.fromhex(home.strip("-")),
                        tuple(map(int, numbers)))

    def group(raw: bytes | None, name: bytes) -> int:
        result, gid = map(int, pieces("group", write(paths[1], raw), name.hex() or "-").split())
        return result or gid

    user.group = group
    return user


ROOT = b"root:x:0:0:root:/root:/bin/sh\n"
WEB = b"web:x:33:34::/srv/web:/bin/false\n"


@pytest.mark.parametrize("passwd, name", [
    (ROOT + WEB, b"web"),
    (ROOT + WEB.rstrip(b"\n"), b"web"),
    (ROOT + WEB, b"33"),
    (ROOT + b"33:x:5:6::/named/33:\n" + WEB, b"33"),
    (ROOT + WEB, b"4711"),
    (ROOT + WEB, b"nobody"),
    (ROOT + WEB, b""),
    (ROOT + WEB, b"web:x"),
    (b"\n\n:::::\nweb\nweb:x\nweb:x:1:2:3\n" + WEB, b"web"),
    (b"web:x:-1:2::/:\nweb:x:4294967295:2::/:\nweb:x:4294967294:2::/a:\n", b"web"),
    (b"web:x:99999999999999999999999:2::/:\n" + WEB, b"web"),
    (b"web:x: 33:34::/:\nweb:x:0x21:34::/:\nweb:x::34::/:\n", b"web"),
    (b"web:x:1:1:" + b"g" * 70000 + b":/a:\n" + WEB, b"web"),
    (b"#" + b"\nweb:x:1:1".replace(b"\n", b"y") * 9000 + b"::/a:\n" + WEB, b"web"),
    (b"g" * 70000, b"web"),
    (b"web:x:1:1:" + b"g" * (65534 - len(b"web:x:1:1::/a:")) + b":/a:\n", b"web"),
    (b"web:x:1:1:" + b"g" * (65535 - len(b"web:x:1:1::/a:")) + b":/a:\n", b"web"),
    (b"web:x:1:1::/" + b"h" * 4094 + b":\n", b"web"),
    (b"web:x:1:1::/" + b"h" * 4095 + b":\n" + WEB, b"web"),
    (b"n" * 256 + b":x:1:1::/:\n", b"n" * 256),
    (b"web:x:1:1:::\n", b"web"),
    (b"web:x:1:1::/a\n", b"web"),
    (b"web:x:1:1::/a:/bin/sh:more:fields\n", b"web"),
    (b"", b"7"),
    (b"", b"4294967295"),
    (None, b"7"),
    (None, b"web"),
])
def test_user(ask, passwd, name):
    group = b"staff:x:50:web\nweb:x:34:web,root\nnot:x:51:webb,eb\nlast:x:52:root,web"
    expected = find(passwd or b"", group, name)
    assert ask(passwd, group, name) == (ABSENT if expected is None else expected)


def test_so_many_groups(ask):
    group = b"".join(b"g%d:x:%d:a,web\n" % (n, 1000 + n) for n in range(400))
    assert ask(WEB, group, b"web").groups == (34, *range(1000, 1255))


def test_no_group_file(ask):
    assert ask(WEB, None, b"web").groups == (34,)


@pytest.mark.parametrize("raw, name, gid", [
    (b"web:x:34:\n", b"web", 34), (b"web:x:34", b"web", 34), (b"34:x:7:\n", b"34", 7), (b"", b"34", 34),
    (b"web:x:34:\n", b"we", ABSENT), (b"web:x:\nweb:x:9:\n", b"web", 9), (None, b"5", 5), (None, b"x", ABSENT),
    (b"web:x:4294967295:\n", b"web", ABSENT),
])
def test_group(ask, raw, name, gid):
    assert ask.group(raw, name) == gid


_field = st.sampled_from([
    b"web", b"root", b"x", b"", b"0", b"33", b"4294967294", b"4294967295", b"a,web", b"web,b", b"/srv", b"-1", b"\xff",
    b" ", b",", b"web,,web",
])
_line = st.one_of(
    st.lists(_field, max_size=9).map(b":".join),
    st.builds(lambda name, uid, gid, home: b":".join([name, b"x", uid, gid, b"", home, b""]), *[_field] * 4),
    st.integers(65520, 65550).map(lambda size: b"web:x:1:2::".ljust(size, b"/")),
    st.binary(max_size=12).map(lambda raw: raw.replace(b"\0", b"").replace(b"\n", b"")),
)
_end = st.sampled_from([b"", b"\n"])
_file = st.builds(lambda lines, end: b"\n".join(lines) + end, st.lists(_line, max_size=6), _end)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(passwd=_file, group=_file, name=_field)
def test_any_files(ask, passwd, group, name):
    expected = find(passwd, group, name)
    assert ask(passwd, group, name) == (ABSENT if expected is None else expected)
    gid = find_group(group, name)
    assert ask.group(group, name) == (ABSENT if gid is None else gid)
