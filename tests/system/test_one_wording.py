"""The client in C and the one in Python have one rule for whom they believe, and the same words for why they do not."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from minipod.errors import PodError
from minipod.reaper import client

STRANGER, ASKER = 54322, 54321
SEVERAL = "minipod: several pods answer here: {}; choose one with --pod NAME or MINIPOD_SOCKET=PATH\n"
HEAD = b"HTTP/1.1 200 OK\r\nMinipod-Pod: shop\r\n"
OK = HEAD + b"Content-Length: 3\r\n\r\nok\n"
# On a machine with pods of its own.
ALONE = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run; exec "$@"', "sh"]


@contextmanager
def served(where: Path | str, reply: bytes) -> Iterator[None]:
    """Somebody who says this to all who come."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(where))
        door.listen()
        talker = threading.Thread(target=_talk, args=(door, reply), daemon=True)
        talker.start()
        yield
        door.shutdown(socket.SHUT_RDWR)
        talker.join()


def _talk(door: socket.socket, reply: bytes) -> None:
    with suppress(OSError):
        while True:
            peer, _ = door.accept()
            with peer, suppress(OSError):
                peer.recv(4096)
                peer.sendall(reply)


@contextmanager
def as_user(uid: int) -> Iterator[None]:
    """Whoever asks, or begins to listen, meanwhile is this user."""
    before = os.geteuid()
    os.setresuid(-1, uid, 0)
    try:
        yield
    finally:
        os.setresuid(-1, before, 0)


@pytest.fixture
def both(minipod: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """What both say to the same, once."""
    monkeypatch.setattr(client, "_ABOVE", "")
    monkeypatch.setattr(client, "_UNIX_SOCKETS", "/dev/null")

    def ask(pod: str | None = None, uid: int = 0, **env: str) -> tuple[int, str]:
        env = {"XDG_RUNTIME_DIR": str(folder), **env}
        said = _in_c(minipod, pod, uid, env)
        with as_user(uid), pytest.raises(PodError) as caught:
            client.find(pod, env).get("/v1/pod")
        assert said == (caught.value.exit_code, f"minipod: {caught.value}\n")
        return said

    return ask


def _in_c(minipod: Path, pod: str | None, uid: int, env: dict[str, str]) -> tuple[int, str]:
    user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    command = [*ALONE, *user, minipod, "ctl", "status", *(["--pod", pod] if pod else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **env})
    assert done.stdout in ("", "ok")  # what came before it was cut off
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "name, code, why",
    [
        ("none", 3, "no minipod answers at {path}: no such file or directory"),
        ("stale", 3, "no minipod answers at {path}: connection refused"),
        ("x" * 120, 3, "no minipod answers at {path}: a socket's path is shorter"),
        ("none/at/all", 3, "no minipod answers at {path}: no such file or directory"),
        ("stale/below", 3, "{path}: not a directory"),
    ],
)
def test_nobody(both, folder: Path, name: str, code: int, why: str) -> None:
    path = folder / name
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "stale"))
    assert both(MINIPOD_SOCKET=str(path)) == (code, f"minipod: {why.format(path=path)}\n")


@pytest.mark.parametrize(
    "reply",
    [b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 0 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", HEAD,
     b"HTTP/1.1 OK\r\n\r\n", OK[:-1], OK.replace(b": 3", b": 3x")],
)  # fmt: skip
def test_half_an_answer(both, folder: Path, reply: bytes) -> None:
    with served(folder / "pod", reply):
        assert both(MINIPOD_SOCKET=str(folder / "pod")) == (1, f"minipod: {folder}/pod: the answer was cut off\n")


def test_a_place_that_may_not_be_reached(both, folder: Path) -> None:
    (folder / "shut").mkdir(mode=0o700)
    path = folder / "shut/pod"
    said = both(uid=ASKER, MINIPOD_SOCKET=str(path))
    assert said == (3, f"minipod: {path}: permission denied; ask as root, or as the user that minipod runs as\n")


def test_a_stranger(both, folder: Path) -> None:
    os.chown(folder, STRANGER, STRANGER)
    with as_user(STRANGER), served(folder / "pod", OK):
        os.chmod(folder / "pod", 0o666)
        with as_user(0):
            said = both(uid=ASKER, MINIPOD_SOCKET=str(folder / "pod"))
    why = f"permission denied, as user {STRANGER} answers there; ask as root, or as that user"
    assert said == (3, f"minipod: {folder}/pod: {why}\n")


@pytest.mark.parametrize("owner", [STRANGER, None], ids=["somebody else's", "a link"])
def test_a_folder_that_somebody_else_made(both, folder: Path, owner: int | None) -> None:
    """A socket of ours in it is not even looked for; root looks everywhere."""
    made = folder / ("minipod" if owner else "real")
    made.mkdir()
    made.chmod(0o777)
    if owner:
        os.chown(made, owner, owner)
    else:
        (folder / "minipod").symlink_to(made)
    with served(made / "shop.sock", HEAD + b"\r\n"):
        os.chmod(made / "shop.sock", 0o666)
        assert both(uid=ASKER) == (3, "minipod: no minipod answers here\n")
        assert both("zoo") == (3, "minipod: no pod called zoo answers here; there is shop\n")


def test_several(both, folder: Path) -> None:
    (folder / "minipod").mkdir()
    (folder / "minipod/file.sock").touch()
    first, second = folder / "minipod/a.sock", folder / "minipod/b.sock"
    with served(first, OK):
        with served(second, OK.replace(b"shop", b"mill")):
            assert both() == (64, SEVERAL.format(f"shop at {first}, mill at {second}"))
            assert both("zoo") == (3, "minipod: no pod called zoo answers here; there is shop, mill\n")
        second.unlink()
        with served(second, OK):
            assert both("shop") == (64, SEVERAL.format(f"shop at {first}, shop at {second}"))
        second.unlink()
        with served(second, b"HTTP/1.1 200 OK\r\n\r\n"):
            assert both("zoo") == (3, "minipod: no pod called zoo answers here; there is shop\n")
    first.unlink()
    second.unlink()
    with served(first, b"HTTP/1.1 200 OK\r\n\r\n"):
        said = f"no minipod answers here; {first}: what answers there is no minipod"
        assert both("zoo") == (3, f"minipod: {said}\n")


SCRIPT = """
mount -t tmpfs none /run
readlink /proc/self/ns/pid
read -r go
$MINIPOD ctl status; echo $?
$MINIPOD get; echo $?
"""


def test_a_name_that_was_forged(minipod: Path, folder: Path) -> None:
    """Abstract names are a network's: somebody of another PID namespace can take one that should be of ours."""
    env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(folder), "MINIPOD": str(minipod)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    below = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", SCRIPT]
    asker = subprocess.Popen(below, text=True, env=env, **pipes)
    number = asker.stdout.readline().strip().removeprefix("pid:[").removesuffix("]")
    name = f"minipod/{number}/shop"
    with served(f"\0{name}", OK):
        codes, said = asker.communicate("go\n", timeout=30)
    why = f"minipod: @{name}: permission denied, as a process of another PID namespace answers there"
    assert (codes.split(), said.splitlines()) == (["3", "3"], [why, why])
