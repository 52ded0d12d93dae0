"""Where the control socket is: the first place that can be had, on any kind of root, for any user; never one of
somebody else's; and never left behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from costs import open_files, sockets
from knocking import Place
from system_harness import SLEEP, Launcher, Running, Stage, at_term, beside, sh, tool, wait_until

POD = {"pod": {"name": "shop"}, "service.web": {"command": SLEEP}}
OTHER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]


def at(path: object) -> dict:
    return {**POD, "pod": {"name": "shop", "control": str(path)}}


def over_run(options: str = "mode=755") -> list[str]:
    """A /run of the pod's own: the mount namespace is unshare's."""
    return ["sh", "-c", f'mount -t tmpfs -o {options} none /run; unset XDG_RUNTIME_DIR; exec "$@"', "sh"]


def entering(running: Running) -> list[str]:
    return ["nsenter", f"--target={running.namespace_init}", "--mount", "--pid"]


def inside(running: Running, *words: object) -> subprocess.CompletedProcess:
    """A command in the pod's namespaces."""
    command = [*entering(running), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def abstract_name(running: Running) -> str:
    """The one that minipod listens on, if it does."""
    number = os.stat(f"/proc/{running.pid}/ns/pid").st_ino
    lines = Path(f"/proc/{running.pid}/net/unix").read_text().splitlines()
    return next((line.split()[-1] for line in lines if f"@minipod/{number}/" in line), "")


# --- found


def test_the_first_folder(launch_both: Launcher) -> None:
    """Ours alone, and gone when the pod is."""
    running = launch_both.start(POD, wrap=over_run())
    running.expect_error("web: started")
    folder = Path(f"/proc/{running.pid}/root/run/minipod")
    path = folder / "shop.sock"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and stat.S_IMODE(path.stat().st_mode) == 0o600
    result = inside(running, launch_both.minipod, "ctl", "status")
    assert (result.returncode, result.stderr) == (0, "") and result.stdout.startswith("shop: ")
    keeper = os.open(folder, os.O_RDONLY)
    running.send(signal.SIGTERM)
    running.wait()
    assert os.listdir(keeper) == []
    os.close(keeper)


def test_the_users_folder(launch: Launcher, folder: Path) -> None:
    wrap = ["sh", "-c", f'mount -t tmpfs -o ro none /run; export XDG_RUNTIME_DIR={folder}; exec "$@"', "sh"]
    launch.start(POD, wrap=wrap)
    assert Place(str(folder / "minipod/shop.sock")).wait().get("/livez").status == 200


def test_no_folder_at_all(launch_both: Launcher) -> None:
    """A read-only root: an abstract name, for those of the PID namespace alone."""
    pod = {**POD, "service.web": {"command": sh("echo up; exec sleep 1000")}}
    running = launch_both.start(pod, wrap=over_run("ro"))
    running.expect_error("web: started")
    name = abstract_name(running)
    assert name.endswith("/shop")
    result = inside(running, launch_both.minipod, "ctl", "status")
    assert (result.returncode, result.stderr) == (0, "") and result.stdout.startswith("shop: ")
    assert Place(name).say(b"GET /livez HTTP/1.0\r\n\r\n") == b""
    ready = (launch_both.minipod, "ready", "--pod", "shop")
    following = [*entering(running), str(launch_both.minipod), "ctl", "logs", "-f"]
    with beside(following, stdout=subprocess.PIPE) as follower:
        assert follower.stdout.readline() == b"web | up\n"
        # whoever is connected has the listener's name in the kernel's list, and is no pod of his own
        assert inside(running, launch_both.minipod, "health").stdout == "ok\n"
        wait_until(lambda: inside(running, *ready).returncode == 0, "it is ready")
    with open(f"/proc/{running.pid}/ns/pid", "rb"):  # whose number nobody else has as long as it is open
        running.send(signal.SIGTERM)
        assert running.wait().code == 143 and name not in Path("/proc/net/unix").read_text()


def test_another_user(launch: Launcher, open_folder: Path) -> None:
    running = launch.start(POD, wrap=[*over_run(), *OTHER])
    running.expect_error("web: started")
    name = abstract_name(running)
    assert name.endswith("/shop")
    asker = [launch.minipod, "ready"]
    wait_until(lambda: inside(running, *OTHER, *asker).returncode == 0, "its own user is told")
    assert inside(running, *asker).returncode == 0
    stranger = ["setpriv", "--reuid=54322", "--regid=54322", "--clear-groups"]
    result = inside(running, *stranger, *asker)
    why = "permission denied, as user 54321 answers there; ask as root, or as that user"
    assert (result.returncode, result.stderr) == (3, f"minipod: {name}: {why}\n")


WALLED = """
mount -t tmpfs none /run
while read -r _ at _; do mount -o remount,ro,bind "$at"; done </proc/self/mounts 2>/dev/null
unset XDG_RUNTIME_DIR
exec setpriv --reuid=54321 --regid=54322 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
"""
FINDS_NOTHING = sh("for at in / /tmp /run /var/tmp /dev/shm $$PWD; do ! touch $$at/x 2>/dev/null || exit 1; done")


def test_nothing_writable_and_nobody_in_particular(launch: Launcher, open_folder: Path) -> None:
    """All that can be asked and told without Python, and with it, of a user without a name and without capabilities."""
    pod = {**POD, "init.look": {"command": FINDS_NOTHING},
           "service.web": {"command": sh("echo up; exec sleep 1000"), "log": "json"}}
    running = launch.start(pod, wrap=["bash", "-c", WALLED, "bash"], report=False)
    running.expect_error("web: started")

    own = ("setpriv", "--reuid=54321", "--regid=54322", "--clear-groups")

    def ask(*words: object) -> str:
        done = inside(running, "env", "-u", "XDG_RUNTIME_DIR", *words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    minipod, python = (*own, launch.minipod), (sys.executable, "-m", "minipod")  # whose files are its user's alone
    wait_until(lambda: inside(running, *minipod, "ready").stdout == "ok\n", "it is ready")
    assert ask(*minipod, "health") == "ok\n"
    assert "web" in ask(*minipod, "ctl", "status", "web") and "web" in ask(*python, "get", "-o", "name")
    wait_until(lambda: ask(*minipod, "ctl", "logs", "web") == ask(*python, "logs", "web") == "up\n", "it has written")
    assert "web lifecycle: held -> spawning (go)\n" in ask(*minipod, "ctl", "events")
    ask(*minipod, "ctl", "restart", "web")
    running.expect_error("(?s)(web: started.*){2}")
    wait_until(lambda: ask(*python, "logs", "-p", "web") == "up\n", "it was begun anew")
    ask(*minipod, "ctl", "signal", "KILL", "web")
    running.expect_error("(?s)(web: started.*){3}")
    inside(running, *minipod, "ctl", "stop", "--all")  # which the end of its PID namespace may end, too
    assert running.wait().code == 143


@pytest.mark.parametrize("trap", ["mkdir /run/minipod; chown 54321 /run/minipod", "ln -s /tmp /run/minipod"])
def test_a_folder_that_somebody_else_made(launch: Launcher, trap: str) -> None:
    """He could put a socket of his own in the place of ours."""
    options, run, script, *rest = over_run("mode=1777")
    running = launch.start(POD, wrap=[options, run, script.replace("unset", f"{trap}; unset"), *rest])
    running.expect_error("web: started")
    assert abstract_name(running).endswith("/shop")


def test_a_name_that_is_in_use(launch: Launcher, folder: Path) -> None:
    """The second of a name has its pid behind it, the third an abstract one: pids may be the same, too."""
    wrap = ["sh", "-c", f'mount --bind {folder} /run; unset XDG_RUNTIME_DIR; exec "$@"', "sh"]
    for count in range(3):
        running = launch.start(POD, wrap=wrap)
        running.expect_error("web: started")
        held = sorted(path.name for path in (folder / "minipod").iterdir())
        assert held == [["shop.sock"], ["shop-1.sock", "shop.sock"], ["shop-1.sock", "shop.sock"]][count]
        assert bool(abstract_name(running)) == (count == 2)


def test_many_at_once_share_no_socket(launch_as_child: Launcher, folder: Path) -> None:
    """Over the stale socket of one that was killed."""
    wrap = ["sh", "-c", f'mount --bind {folder} /run; unset XDG_RUNTIME_DIR; exec "$@"', "sh"]
    (folder / "minipod").mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "minipod/shop.sock"))
    plan = launch_as_child.compile(POD)
    all_ = [launch_as_child.start(plan, wrap=wrap) for _ in range(6)]
    for running in all_:
        running.expect_error("web: started")
    pods = set()
    for path in (folder / "minipod").iterdir():
        units = Place(str(path)).get("/v1/pod").json["units"]
        pods.add((path.name, units[0]["startedAt"]))
    abstract = sum(bool(abstract_name(running)) for running in all_)
    assert len({start for _, start in pods}) == len(pods) == 6 - abstract >= 1


# --- asked for


def test_a_path(launch: Launcher, folder: Path) -> None:
    running = launch.start(at(folder / "a.sock"))
    place = Place(str(folder / "a.sock")).wait()
    assert place.get("/v1/pod").json["pod"]["name"] == "shop"
    running.send(signal.SIGTERM)
    running.wait()
    assert list(folder.iterdir()) == []


def test_the_environment_goes_first(launch: Launcher, folder: Path) -> None:
    launch.start(at(folder / "a.sock"), env={"MINIPOD_SOCKET": str(folder / "b.sock")})
    assert Place(str(folder / "b.sock")).wait() and not (folder / "a.sock").exists()


def test_an_abstract_name_from_the_environment(launch: Launcher) -> None:
    name = f"@minipod-test-{os.getpid()}"
    running = launch.start(POD, env={"MINIPOD_SOCKET": name})
    running.expect_error("web: started")
    result = inside(running, "env", f"MINIPOD_SOCKET={name}", launch.minipod, "health")
    assert (result.returncode, result.stdout) == (0, "ok\n")


def test_no_control(launch: Launcher, folder: Path) -> None:
    pod = {**POD, "pod": {"name": "shop", "control": False}}
    running = launch.start(pod, wrap=over_run(), env={"MINIPOD_SOCKET": str(folder / "b.sock")})
    running.expect_error("web: started")
    assert sockets(open_files(running.pid)) == []
    assert not (folder / "b.sock").exists() and not Path(f"/proc/{running.pid}/root/run/minipod").exists()


def test_one_program_has_no_control(launch: Launcher, folder: Path) -> None:
    running = launch.solo(*tool("ends_with", 0), env={"MINIPOD_SOCKET": str(folder / "b.sock")}, wrap=over_run())
    running.expect("ready")
    assert sockets(open_files(running.pid)) == []
    assert not (folder / "b.sock").exists()


def test_a_stale_socket_is_replaced(launch: Launcher, folder: Path) -> None:
    path = folder / "a.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    launch.start(at(path))
    assert Place(str(path)).wait().get("/livez").status == 200


def test_a_socket_in_use(launch: Launcher, folder: Path) -> None:
    path = folder / "a.sock"
    launch.start(at(path))
    Place(str(path)).wait()
    result = launch.run(at(path))
    assert (result.code, result.out) == (71, "")
    assert result.err == f"minipod: cannot open the control socket {path}: it is in use by another minipod\n"
    assert Place(str(path)).get("/livez").status == 200


@pytest.mark.parametrize("path, why", [
    ("file", "what is there is no socket"), (".", "what is there is no socket"),
    ("none/a.sock", "no such file or directory"), ("x" * 200, "a socket's path has at most 107 bytes"),
])  # fmt: skip
def test_a_path_that_cannot_be_had(launch: Launcher, folder: Path, path: str, why: str) -> None:
    (folder / "file").write_text("precious")
    marker = folder / "marker"
    pod = {"service.web": {"command": sh(f"touch {marker}")}}
    result = launch.run(pod, env={"MINIPOD_SOCKET": str(folder / path)})
    assert (result.code, result.out) == (71, "")
    assert result.err == f"minipod: cannot open the control socket {folder / path}: {why}\n"
    assert (folder / "file").read_text() == "precious" and not marker.exists()


def test_a_folder_that_cannot_be_written(launch: Launcher, folder: Path, open_folder: Path) -> None:
    result = launch.run(at(folder / "a.sock"), wrap=OTHER)
    assert (result.code, result.out) == (71, "")
    assert result.err.endswith(f"cannot open the control socket {folder}/a.sock: permission denied\n")


def test_a_file_system_that_is_read_only(launch: Launcher, folder: Path) -> None:
    result = launch.run(POD, env={"MINIPOD_SOCKET": "/run/a.sock"}, wrap=over_run("ro"))
    assert (result.code, result.out) == (71, "")
    assert result.err == "minipod: cannot open the control socket /run/a.sock: read-only file system\n"


@pytest.mark.parametrize("kind", ["link to nothing", "datagrams", "no listener's turn"])
def test_what_is_there_is_left_alone(launch: Launcher, folder: Path, kind: str) -> None:
    """Other things than a stale socket."""
    path = folder / "a.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == "datagrams" else socket.SOCK_STREAM) as other:
        if kind == "link to nothing":
            path.symlink_to(folder / "nothing")
        else:
            other.bind(str(path))
        if kind == "no listener's turn":  # whoever listens there is busy, and has nobody else at his door
            other.listen(0)
            waiting = socket.socket(socket.AF_UNIX)
            waiting.connect(str(path))
        before = path.lstat()
        result = launch.run(at(path))
        assert (result.code, result.out) == (71, "") and path.lstat().st_ino == before.st_ino
        why = "what is there is no socket" if kind == "link to nothing" else "it is in use by another minipod"
        why = "what is there is a socket of another kind" if kind == "datagrams" else why
        assert result.err == f"minipod: cannot open the control socket {path}: {why}\n"


def test_somebody_elses_socket_is_left(launch: Launcher, folder: Path) -> None:
    """What lies at the path when the pod ends is removed only if it is still ours."""
    path = folder / "a.sock"
    running = launch.start({**at(path), "service.web": {"command": at_term(0)}})
    Place(str(path)).wait()
    path.unlink()
    path.write_text("precious")
    running.send(signal.SIGTERM)
    running.wait()
    assert path.read_text() == "precious"


def test_only_its_own_user_and_root_are_heard(launch: Launcher, folder: Path) -> None:
    """Also where the file's mode was changed by somebody."""
    path = folder / "a.sock"
    launch.start(at(path))
    Place(str(path)).wait()
    path.chmod(0o777)
    ask = [*OTHER, "curl", "-s", "--unix-socket", str(path), "http://minipod/livez"]
    assert subprocess.run(ask, capture_output=True, timeout=30, check=False).stdout == b""
    assert Place(str(path)).get("/livez").status == 200


def test_stage_is_no_difference(launch_both: Launcher, folder: Path) -> None:
    running = launch_both.start(at(folder / "a.sock"))
    pid = Place(str(folder / "a.sock")).wait().get("/v1/pod").json["pod"]["pid"]
    assert (pid == 1) == (launch_both.stage is Stage.INIT) and running.inside(pid) == running.pid
