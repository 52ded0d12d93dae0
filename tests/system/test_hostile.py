"""Programs and machines that mean harm: links put in the way of what minipod does as root, files moved to where it
looks, journals of pods that died at any moment or in another container."""

import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import DATA, HOSTS, NO_MOUNTS, House, build, job, unit
from system_harness import Launcher, bare_sh, children, sh, status, tool, wait_until

from minipod.model import (
    Ask,
    Capabilities,
    EnvSource,
    Handler,
    Kind,
    Mount,
    Notify,
    Pod,
    Volume,
    VolumeFile,
)
from minipod.secret import Secret

THEIRS = 4321  # a user's number


@pytest.fixture
def house(launch: Launcher, open_folder: Path) -> House:
    return build(launch, open_folder)


@pytest.fixture
def own(open_folder: Path) -> Iterator[Path]:
    """A directory that a program's user has, with one in it; beside it a secret that only root may read."""
    own = open_folder / "own"
    (own / "sub").mkdir(parents=True)
    for path in (own, own / "sub"):
        os.chown(path, THEIRS, THEIRS)
    kept = open_folder / "kept"
    kept.mkdir(0o700)
    (kept / "message").write_text("hunter2")
    (kept / "message").chmod(0o600)
    yield own


# --- the file of a termination message


def _says(path: Path, script: str) -> dict:
    return {"service.a": {"command": sh(script), "restart": "never", "user": str(THEIRS),
                          "termination_message_path": str(path)}}


def test_a_directory_on_the_way_becomes_a_link(launch: Launcher, own: Path) -> None:
    """What it leads to is not told, not emptied, and stays whose it is."""
    path, theirs = own / "sub/message", own.parent / "kept/message"
    first = launch.run(_says(path, f"rm -r {own}/sub; ln -s {theirs.parent} {own}/sub; exit 3"))
    assert first.unit("a")["exitCode"] == 3 and first.unit("a")["message"] is None
    second = launch.run(_says(path, "echo ran"))
    assert second.code == 126 and second.out == ""
    why = "a link leads there that is not root's, and it is not followed"
    assert f"termination_message_path {path}: {why}" in second.err
    assert (theirs.read_text(), theirs.stat().st_uid, stat.S_IMODE(theirs.stat().st_mode)) == ("hunter2", 0, 0o600)


def test_a_file_of_others_is_moved_there(launch: Launcher, own: Path) -> None:
    """Whoever has a directory may move what is in it, and need not be able to read it."""
    path, theirs = own / "message", own / "sub/theirs"
    theirs.write_text("hunter2")
    theirs.chmod(0o600)
    first = launch.run(_says(path, f"mv -f {theirs} {path}; exit 3"))
    assert first.unit("a")["exitCode"] == 3 and first.unit("a")["message"] is None
    second = launch.run(_says(path, "echo ran"))
    assert f"termination_message_path {path}: a file of somebody else is there already" in second.err
    assert (second.out, path.read_text(), path.stat().st_uid) == ("", "hunter2", 0)


def test_links_of_root_are_followed(launch: Launcher, own: Path) -> None:
    """As /var/run is one, up and across; and in a directory of its own a program may leave what it likes."""
    folder = own.parent
    folder.chmod(0o755)
    (folder / "down").mkdir()
    (folder / "down/up").symlink_to("../over")
    (folder / "over").symlink_to(own)
    path = folder / "down/up/sub/message"
    for _ in range(2):
        assert launch.run(_says(path, f"rm {path}; echo mine > {path}; exit 3")).unit("a")["message"] == "mine\n"
    assert (own / "sub/message").stat().st_uid == THEIRS


# --- volumes


def test_a_mount_point_becomes_a_link(house: House) -> None:
    """A program with such a mount could give others, who run as root, an /etc that it wrote itself."""
    at = house.seen / "data"
    swap = unit("swap", f"rmdir {at}/sub && ln -s /etc {at}/sub", Mount("data", str(at)), kind=Kind.INIT)
    web = unit("web", "cat /etc/mine", Mount("data", str(at)), Mount("more", f"{at}/sub"))
    pod = Pod("job", (unit("make", f"mkdir {at}/sub", Mount("data", str(at)), kind=Kind.INIT), swap, web),
              volumes=(DATA, Volume("more", "empty_dir")))
    done = house.play(pod)
    why = "a link leads there that is not root's, and it is not followed"
    assert done.code == 126 and f"web: cannot execute: volume at {at}/sub: {why}" in done.err
    assert (house.volumes, house.tree()) == ([], [])


def test_a_directory_above_a_link_becomes_one(house: House) -> None:
    """What is put back in the end is put where it was, or nowhere."""
    own, elsewhere = house.seen / "own", house.run.parent / "elsewhere"
    for path in (own, own / "sub", own / "sub/data", elsewhere):
        path.mkdir()
        os.chown(path, THEIRS, THEIRS)
    os.chown(elsewhere, 0, 0)
    swap = f"mv {own}/sub {own}/old; ln -s {elsewhere} {own}/sub"
    done = house.play(job(swap, Mount("data", str(own / "sub/data"))), NO_MOUNTS)
    assert done.code == 0 and "cannot" not in done.err
    assert (list(elsewhere.iterdir()), house.volumes) == ([], [])


# --- journals


def _note(deed: str, path: object, other: str = "") -> bytes:
    return b"".join(text.encode() + b"\0" for text in (f"{ord(deed)} 0 0 0", str(path), other))


def _dead(house: House, *notes: bytes) -> Path:
    """The directory of a pod that is gone, with such a journal."""
    at = house.run / "minipod/volumes/42"
    at.mkdir(parents=True)
    (at / ".journal").write_bytes(b"".join(notes))
    return at


def test_killed_between_the_note_of_a_mount_and_the_mount(house: House) -> None:
    """Who may not mount is not told by the kernel that nothing is mounted there."""
    _dead(house, _note("T", "/run/minipod/volumes/42/mem"), _note("M", "/run/minipod/volumes/42/mem"))
    (house.run / "minipod/volumes/42/mem").mkdir()
    done = house.play(job("true"), NO_MOUNTS)
    assert (done.code, house.volumes) == (0, []) and "cannot take back" not in done.err


@pytest.mark.parametrize("cut", (1, 4))
def test_killed_in_the_middle_of_a_note(house: House, cut: int) -> None:
    """Half a note was not done; those before it are undone."""
    made = house.seen / "made"
    made.mkdir()
    _dead(house, _note("D", made), _note("D", "/etc")[:-cut])
    assert house.play(job("true")).code == 0
    assert (house.volumes, house.tree()) == ([], [])


def test_a_journal_of_another_container(house: House) -> None:
    """Both have the same /run: what it names is in the other one's root, but the pod's own directory is here."""
    empty, gone = house.seen / "empty", house.seen / "gone"
    empty.mkdir()
    house.hosts.write_text(HOSTS + "\n# Entries added by HostAliases.\n192.0.2.1\tfoo\n")
    before = house.hosts.read_text()
    at = _dead(house, _note("O", "1 of 2.3"), _note("T", "/run/minipod/volumes/42/data"), _note("D", empty),
               _note("R", gone), _note("H", "/etc/hosts", before.removeprefix(HOSTS)))
    (at / "data/deep").mkdir(parents=True)
    assert house.play(job("true")).code == 0
    assert (house.volumes, house.tree(), house.hosts.read_text()) == ([], ["empty"], before)


def test_a_journal_that_somebody_else_wrote(house: House) -> None:
    """It is not ours to believe, whoever let him write there."""
    victim = house.seen / "victim"
    victim.mkdir()
    at = _dead(house, _note("T", victim))
    os.chown(at / ".journal", THEIRS, THEIRS)
    assert house.play(job("true")).code == 0
    assert house.tree() == ["victim"]


def test_the_root_is_known_again(house: House) -> None:
    """A pod that was killed leaves, a pod with the same root takes back (test_volumes.py): here is what says so."""
    running = house.start(job("echo up; exec sleep 1000"))
    running.expect("up")
    [mark] = house.volumes
    first = (house.run / "minipod/volumes" / mark / ".journal").read_bytes().split(b"\0")[:2]
    assert first[0] == b"79 0 0 0" and first[1].startswith(b"%d o" % os.stat("/").st_ino)
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


# --- filters


def _rich(house: House) -> Pod:
    """All that wants something of the kernel that a filter may refuse."""
    at = house.seen
    source = EnvSource("secret", "", "creds", "pw", is_secret=True, value=Secret(b"hunter2"))
    volumes = (
        DATA, Volume("mem", "empty_dir", medium="Memory", size_limit=1 << 20),
        Volume("keys", "files", files=(VolumeFile("pw", 0o400, source=source, is_secret=True),)),
    )
    mounts = (Mount("data", f"{at}/data"), Mount("mem", f"{at}/mem"), Mount("keys", f"{at}/keys"))
    fill = f"mkdir -p {at}/data/deep/er; echo x > {at}/data/deep/er/x"
    web = f"cat {at}/data/deep/er/x {at}/keys/pw; echo; echo said > {at}/data/said"
    return Pod("shop", (
        unit("fill", fill, *mounts, kind=Kind.INIT),
        unit("web", web, *mounts, termination_message_path=f"{at}/data/said"),
        unit("own", "[ ! -e $TERMINATION_MESSAGE_PATH ] || echo own > $TERMINATION_MESSAGE_PATH", message_own=True),
        unit("sealed", "true", read_only=True),
    ), volumes=volumes, hosts=(("192.0.2.1", ("foo",)),))


# What is refused, and how; the exit code, what is said, how volumes are shown.
LINKED = ("sealed: read_only is not kept, the root file system can be written to: ", ", linked\n")
FILTERS = {
    "unshare": ("EPERM", 0, *LINKED),
    "mount": ("ENOSYS", 0, *LINKED),
    "statx": ("EPERM", 0, ", mounted\n"),
    "close_range": ("EPERM", 0, ", mounted\n"),
    "pidfd_open": ("ENOSYS", 0, ", mounted\n"),
    "memfd_create": ("EPERM", 0, "own: there will be no termination message: operation not permitted", ", mounted\n"),
    "flock": ("ENOSYS", 71, "neither /run, XDG_RUNTIME_DIR nor /tmp can be used: not supported by this kernel"),
    "sendmsg": ("EPERM", 71, "the process that prepares volumes died"),
}


@pytest.mark.parametrize("call", FILTERS)
def test_a_filter_refuses(house: House, call: str) -> None:
    """There is another way, or it is said what is missing; nothing is half done, and nothing is left."""
    error, code, *said = FILTERS[call]
    done = house.play(_rich(house), tool("given", f"without:{call}:{error}"))
    assert done.code == code and done.lines == (["web    | x", "web    | hunter2"] if code == 0 else [])
    assert [words for words in said if words not in done.err] == []
    assert code or done.unit("web")["message"] == "said\n"
    assert (house.volumes, house.tree(), house.hosts.read_text()) == ([], [], HOSTS)


# --- the child that prepares and takes back


PREPARING = ("mount", "fchmod", "pwrite64", "sendmsg", "statx")
TAKING_BACK = ("umount2", "unlinkat")


@pytest.mark.parametrize("call", PREPARING + TAKING_BACK)
def test_the_child_dies_at_a_call(house: House, call: str) -> None:
    """While it prepares: nothing starts. While it takes back: that is said. The next pod takes back what is left."""
    done = house.play(_rich(house), tool("given", f"without:{call}:DEADLY"))
    if call in PREPARING:
        assert (done.code, done.lines) == (71, []) and "the process that prepares volumes died" in done.err
    else:
        assert done.code == 0 and "could not be taken back: the process that does it died" in done.err
    assert house.play(job("true")).code == 0
    assert (house.volumes, house.tree(), house.hosts.read_text()) == ([], [], HOSTS)


def test_the_child_is_stopped(house: House) -> None:
    """Whoever waits for it is told to stop, and does."""
    folder = house.run / "minipod/volumes"
    folder.mkdir(parents=True)
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    running = house.start(_rich(house))
    keeper = wait_until(lambda: _keeper(running.pid), "there is the child that prepares")
    os.kill(keeper, signal.SIGSTOP)
    wait_until(lambda: status(keeper).get("State", "T").startswith("T"), "it is stopped")
    os.close(fd)
    running.send(signal.SIGTERM)
    done = running.wait()
    assert (done.code, done.lines, status(keeper)) == (143, [], {}) and "cannot prepare" not in done.err
    assert (house.volumes, house.tree(), house.hosts.read_text()) == ([], [], HOSTS)


def _keeper(pid: int) -> int:
    """minipod's child for volumes; 0: there is none."""
    return next((child for child in children(pid) if status(child).get("Name") == "minipod-volumes"), 0)


# --- descriptors


# A pattern opens the directory itself: that one is closed again when it is asked for.
LISTING = 'cd /proc/self/fd; set --; for fd in *; do [ ! -e $fd ] || set -- "$@" $fd; done; echo open "$@"'


def test_a_program_has_no_descriptor_but_its_own(house: House) -> None:
    """Whatever else is open in minipod for it or for others, and in whatever way it is started."""
    at, mount = house.seen, Mount("data", f"{house.seen}/data")
    user = {"user": str(THEIRS), "group": str(THEIRS), "groups": ("7",), "capabilities": Capabilities(drop=("ALL",))}
    secret = house.run.parent / "secret"
    secret.write_text("hunter2")
    held = EnvSource("secret_file", "PW", path=str(secret), is_secret=True, to="fd")
    late = EnvSource("file", "WHO", "data", "who", "env", is_optional=True)
    hook = Ask(Handler.EXEC, tuple(bare_sh(f"{LISTING}; touch {at}/data/heard")))
    wait = f"; until [ -e {at}/data/heard ]; do sleep 0.01; done"
    units = {
        "plain": {}, "mounted": {"mounts": (mount,), "read_only": True}, "own": {"message_own": True},
        "path": {"mounts": (mount,), "termination_message_path": f"{at}/data/said"}, "user": user,
        "late": {"mounts": (mount,), "env_from": (late,)}, "all": {**user, "mounts": (mount,), "read_only": True},
        "hook": {"mounts": (mount,), "post_start": hook, "message_own": True},
        "notify": {"notify": Notify(fd=5)}, "held": {"env_from": (held,)},
    }
    pod = Pod("many", tuple(
        unit(name, LISTING + (wait if name == "hook" else ""), *more.pop("mounts", ()), **more)
        for name, more in units.items()
    ), volumes=(DATA,), hosts=(("192.0.2.1", ("foo",)),))
    done = house.play(pod)
    assert done.code == 0, done.err
    found = {name: set() for name in units}
    for line in done.lines:
        name, _, words = line.partition(" | open ")
        found[name.strip()].add(words)
    [number] = {word for words in found["held"] for word in words.split()} - {"0", "1", "2"}
    own = {"own": {"0 1 100 2"}, "notify": {"0 1 2 5"}, "held": found["held"], "hook": {"0 1 100 2"}}
    assert int(number) > 2 and found == {name: own.get(name, {"0 1 2"}) for name in units}
