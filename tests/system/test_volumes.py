"""Volumes: what units find, what is left behind, what is refused. Each pod has a /run of its own, in a mount namespace
of the test's; they are tried by mounts, and by links where nothing may be mounted."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from costs import memory_of
from house import DATA, HOSTS, NO_MOUNTS, House, build, job, unit
from knocking import Place, near
from system_harness import Launcher, children, wait_until

from minipod.model import Control, EnvSource, Kind, Mount, Pod, Volume, VolumeFile
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan
from minipod.secret import Secret

MS = 1_000_000
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
MOUNTED, LINKED = "mounted", "linked"
WAYS = {MOUNTED: (), LINKED: NO_MOUNTS}


@pytest.fixture
def house(launch: Launcher, open_folder: Path) -> House:
    return build(launch, open_folder)


# --- what units find, and what is left


@pytest.mark.parametrize("way", WAYS)
def test_units_share_what_is_gone_in_the_end(house: House, way: str) -> None:
    at = house.seen / "deep/data"
    fill = unit("fill", f"umask 077; echo hello > {at}/x; stat -c %a {at}", Mount("data", str(at)), kind=Kind.INIT)
    read = unit("read", f"cat {at}/x; mkdir -p {at}/a/b; echo y > {at}/a/b/y", Mount("data", str(at)))
    done = house.play(Pod("shop", (fill, read), volumes=(DATA,)), WAYS[way])
    assert done.code == 0 and done.lines == ["fill | 777", "read | hello"]
    assert "minipod: volumes are in /run/minipod/volumes/" in done.err and f", {way}\n" in done.err
    assert (house.volumes, house.tree()) == ([], [])


@pytest.mark.parametrize("way", WAYS)
def test_files_as_the_kubelet_writes_them(house: House, way: str) -> None:
    files = (
        VolumeFile("a.txt", 0o640, b"A\0B"), VolumeFile("d/e", 0o400, b"E"), VolumeFile("d/f", 0o644, b""),
        VolumeFile("", 0o600, copy_of=str(house.run.parent / "secrets")),
        VolumeFile("no", 0o600, copy_of="/no/such/file", is_optional=True),
    )
    source = house.run.parent / "secrets/..1"
    source.mkdir(parents=True)
    (source / "key").write_text("K")
    (source.parent / "..data").symlink_to("..1")
    (source.parent / "key").symlink_to("..data/key")
    at = house.seen / "conf"
    script = f"cd {at}; ls -A; readlink a.txt d key; stat -Lc '%a %s' a.txt d/e d/f key; od -An -c a.txt; ls ..data/"
    volume = Volume("conf", "files", files=files)
    done = house.play(job(script, Mount("conf", str(at)), volumes=(volume,)), WAYS[way])
    stamp, *shown = [line.removeprefix("web | ") for line in done.lines]
    assert stamp.startswith("..2")
    assert shown == [
        "..data", "a.txt", "d", "key", "..data/a.txt", "..data/d", "..data/key", "640 3", "400 1", "644 0", "600 1",
        "   A  \\0   B", "a.txt", "d", "key",
    ]
    assert (done.code, house.volumes, house.tree()) == (0, [], [])


@pytest.mark.parametrize("way", WAYS)
def test_secrets_are_on_no_disk(house: House, way: str) -> None:
    """Nor in the memory of who writes none of them any more."""
    at = house.seen / "keys"
    source = EnvSource("secret", "", "creds", "pw", is_secret=True, value=Secret(b"hunter2"))
    volume = Volume("keys", "files", files=(VolumeFile("pw", 0o400, source=source, is_secret=True),))
    script = f"md5sum < {at}/pw; stat -Lc %a {at}/pw; stat -fc %T {at}/pw; exec sleep 1000"
    running = house.start(job(script, Mount("keys", str(at)), volumes=(volume,)), WAYS[way])
    running.expect(r"2ab96390c7dbe3439de74d0c9b0b1767  -\nweb \| 400\nweb \| tmpfs")
    assert [span for span, text in memory_of(running.pid) if b"hunter2" in text] == []
    running.send(signal.SIGTERM)
    running.wait()
    assert (house.volumes, house.tree()) == ([], [])


@pytest.mark.parametrize("way", WAYS)
def test_a_part_of_a_volume(house: House, way: str) -> None:
    """A missing one is made with the volume's mode; a file can be one; the name may be worked out at the start."""
    one, two, three = (str(house.seen / name) for name in ("one", "two", "three"))
    conf = Volume("conf", "files", files=(VolumeFile("app.ini", 0o644, b"x=1"),))
    mounts = (
        Mount("data", one, "made/$(WHO)", expands=True), Mount("data", two), Mount("conf", three, "app.ini"),
    )
    web = unit("web", f"echo 1 > {one}/f; cat {two}/made/me/f {three}; stat -Lc %a {one}", *mounts, env={"WHO": "me"})
    done = house.play(Pod("job", (web,), volumes=(DATA._replace(mode=0o751), conf)), WAYS[way])
    assert done.lines == ["web | 1", "web | x=1751"]
    assert (done.code, house.volumes, house.tree()) == (0, [], [])


def test_read_only_is_for_mounts(house: House) -> None:
    at = str(house.seen / "data")
    pod = job(f"touch {at}/x || echo refused", Mount("data", at, read_only=True))
    assert house.play(pod).lines == ["web | refused"]
    linked = house.play(pod, NO_MOUNTS)
    assert linked.lines == [] and f"web: volume data at {at} can be written to" in linked.err


def test_volumes_in_memory(house: House) -> None:
    """A tmpfs has its size; where none can be mounted everybody's is used."""
    at = str(house.seen / "mem")
    volume = Volume("mem", "empty_dir", medium="Memory", size_limit=1 << 16)
    pod = job(f"stat -fc %T {at}/.; head -c 100000 /dev/zero > {at}/x; true", Mount("mem", at), volumes=(volume,))
    done = house.play(pod)
    assert done.lines == ["web | tmpfs"] and "No space left" in done.err
    linked = house.play(pod, NO_MOUNTS)
    assert linked.lines == ["web | tmpfs"] and "No space left" not in linked.err
    assert house.volumes == [] and not list(Path("/dev/shm").glob("minipod-*-mem"))


def test_probes_and_hooks_see_what_the_unit_sees(house: House) -> None:
    from minipod.model import Ask, Handler

    at = str(house.seen / "data")
    hook = Ask(Handler.EXEC, ("sh", "-c", f"echo hook > {at}/hook"))
    web = unit("web", f"until [ -s {at}/hook ]; do sleep 0.01; done; cat {at}/hook", Mount("data", at), post_start=hook)
    assert house.play(Pod("job", (web,), volumes=(DATA,))).lines == ["web | hook"]


def test_a_command_beside_a_unit_sees_its_volumes(house: House) -> None:
    at = str(house.seen / "data")
    web = unit("web", f"echo mine > {at}/x; exec sleep 1000", Mount("data", at))
    ask = f"until {sys.executable} -m minipod exec web -- cat {at}/x; do sleep 0.1; done 2>/dev/null; ls {at}"
    done = house.play(Pod("job", (web, unit("ask", ask)), main="ask", volumes=(DATA,)))
    assert done.lines == ["ask | mine"]


def test_each_unit_has_mounts_of_its_own(house: House) -> None:
    """And none but those: what one sees at a path is not what the other does."""
    at = str(house.seen / "data")
    volumes = (DATA, Volume("other", "empty_dir"))
    units = tuple(
        unit(name, f"echo {name} > {at}/who; cat {at}/who; ls {at}", Mount(volume, at), kind=Kind.INIT)
        for name, volume in (("a", "data"), ("b", "other"))
    )
    none = unit("c", f"ls -A {at} | wc -l")
    done = house.play(Pod("job", (*units, none), volumes=volumes))
    assert done.lines == ["a | a", "a | who", "b | b", "b | who", "c | 0"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", ["", "deep"])
def test_last_words_in_a_volume(house: House, way: str, part: str) -> None:
    """Which nobody but the unit sees where it is mounted."""
    at = house.seen / "data"
    script = f"echo mine > {at}/said; exit 3"
    web = unit("web", script, Mount("data", str(at), part), termination_message_path=f"{at}/said")
    done = house.play(Pod("job", (web,), volumes=(DATA,)), WAYS[way])
    assert done.unit("web")["message"] == "mine\n" and "left behind" not in done.err
    assert (house.volumes, house.tree()) == ([], [])


# --- whoever may do little


def test_an_unprivileged_pod(house: House) -> None:
    at = house.seen / "data"
    mine = house.run.parent / "mine"
    mine.mkdir()
    os.chown(mine, 65534, 65534)
    pod = job(f"echo 1 > {at}/x; cat {at}/x", Mount("data", str(at)), hosts=(("192.0.2.1", ("db",)),), hostname="shop")
    done = house.play(pod, (*NOBODY, "env", f"XDG_RUNTIME_DIR={mine}"))
    assert (done.code, done.lines, house.tree()) == (0, ["web | 1"], [])
    assert f"volumes are in {mine}/minipod/volumes/" in done.err
    assert "hosts: cannot write /etc/hosts: permission denied; the pod goes on without them" in done.err
    assert "hostname: cannot be shop: operation not permitted" in done.err
    assert list(mine.rglob("*")) == [mine / "minipod", mine / "minipod/volumes"] or not list(mine.glob("minipod/v*/*"))


# --- what is refused: nothing starts, nothing is left


def _full(at: Path) -> None:
    at.mkdir()
    (at / "mine").write_text("precious")


REFUSED_LINKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "full": (_full, "that directory is not empty, and no link can take its place"),
    "file": (lambda at: at.write_text("precious"), "a file is there already"),
    "link": (lambda at: at.symlink_to("/etc"), "a link is there already"),
}


@pytest.mark.parametrize("name", REFUSED_LINKS)
def test_a_place_in_use(house: House, name: str) -> None:
    make, why = REFUSED_LINKS[name]
    at = house.seen / "data"
    make(at)
    before = house.tree()
    done = house.play(job("echo ran", Mount("data", str(at))), NO_MOUNTS)
    assert done.code == 71 and done.lines == []
    assert f"cannot prepare the pod: web: volume data at {at}: {why}\n" in done.err
    assert done.report["reason"] == "FailedMount"
    assert (house.volumes, house.tree()) == ([], before)


def test_an_empty_directory_comes_back(house: House) -> None:
    at = house.seen / "data"
    at.mkdir()
    at.chmod(0o1731)
    os.chown(at, 7, 8)
    done = house.play(job(f"readlink {at}; touch {at}/x", Mount("data", str(at))), NO_MOUNTS)
    assert done.lines[0].startswith("web | /run/minipod/volumes/")
    found = at.lstat()
    assert (found.st_mode & 0o7777, found.st_uid, found.st_gid, list(at.iterdir())) == (0o1731, 7, 8, [])


def test_two_volumes_at_one_place(house: House) -> None:
    at = str(house.seen / "data")
    volumes = (DATA, Volume("other", "empty_dir"))
    units = tuple(unit(name, "true", Mount(volume, at)) for name, volume in (("a", "data"), ("b", "other")))
    done = house.play(Pod("job", units, volumes=volumes), NO_MOUNTS)
    assert done.code == 71 and f"a and b want different volumes at {at} (data and other)" in done.err
    assert (house.volumes, house.tree()) == ([], [])


KINDS = {
    "directory": ("DirectoryOrCreate", "Directory", ""),
    "file": ("FileOrCreate", "File", ""),
    "socket": ("Socket", ""),
    "null": ("CharDevice", ""),
    "none": ("DirectoryOrCreate", "FileOrCreate", ""),
}
CHECKS = {check for checks in KINDS.values() for check in checks} | {"BlockDevice"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_is_what_it_must_be(house: House, kind: str) -> None:
    """All checks of one path, a volume each; what is missing is made, and stays."""
    import socket

    at = house.run.parent / "host" / kind
    at.parent.mkdir()
    if kind == "directory":
        at.mkdir()
    if kind == "file":
        at.write_text("mine")
    if kind == "null":
        at = Path("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "socket":
            listener.bind(str(at))
        for check in sorted(CHECKS):
            if kind == "none" and at.exists():
                at.rmdir() if at.is_dir() else at.unlink()
            done = house.play(job("echo ran", volumes=(Volume("host", "host_path", path=str(at), check=check),)))
            is_well = check in KINDS[kind]
            assert (done.code, done.lines) == ((0, ["web | ran"]) if is_well else (71, [])), (check, done.err)
            assert is_well or f"volume host: {at}: " in done.err
            assert at.exists() == (kind != "none" or is_well)


@pytest.mark.parametrize("way", WAYS)
def test_a_part_that_leads_out(house: House, way: str) -> None:
    host = house.run.parent / "host"
    (host / "in/deep").mkdir(parents=True)
    (host / "out").symlink_to("/etc")
    (host / "up").symlink_to("..")
    (host / "within").symlink_to("in/deep")
    volume = Volume("host", "host_path", path=str(host))
    at = house.seen / "x"
    for part in ("out", "up", "out/made"):
        done = house.play(job("true", Mount("host", str(at), part), volumes=(volume,)), WAYS[way])
        assert done.code == 71 and f"{part} leads out of the volume" in done.err
        assert (house.volumes, house.tree()) == ([], [])
    inside = job(f"touch {at}/x", Mount("host", str(at), "within/made"), volumes=(volume,))
    assert house.play(inside, WAYS[way]).code == 0 and (host / "in/deep/made/x").exists()
    assert not Path("/etc/made").exists()


def test_a_part_that_is_made_to_lead_out_while_the_pod_runs(house: House) -> None:
    at, all_of_it = str(house.seen / "part"), str(house.seen / "all")
    script = f"rmdir {all_of_it}/sub && ln -s /etc {all_of_it}/sub"
    evil = unit("evil", script, Mount("data", all_of_it), kind=Kind.INIT)
    done = house.play(Pod("job", (evil, unit("web", f"ls {at}", Mount("data", at, "sub"))), volumes=(DATA,)))
    assert (done.code, done.lines) == (126, []) and f"web: cannot execute: volume at {at}: " in done.err


def test_no_room(house: House) -> None:
    """Half a file is taken back."""
    small = house.run.parent / "small"
    small.mkdir()
    files = (VolumeFile("small", 0o644, b"x"), VolumeFile("large", 0o644, b"x" * (1 << 20)))
    plan = house.launch.folder / "job.plan"
    plan.write_bytes(encode(lower(job("true", volumes=(Volume("conf", "files", files=files),)))))
    script = 'mount -t tmpfs -o size=64k tmpfs /run; "$@"; echo $?; find /run/minipod/volumes/ -mindepth 1'
    done = house.launch.call("run", plan, wrap=("sh", "-c", script, "sh")).wait()
    assert done.out == "71\n" and "volume conf: large: no space left on device" in done.err


# --- nothing that is not ours


def test_nothing_of_others_is_removed(house: House) -> None:
    """Behind links, behind a mount of the same file system in the volume; a deep tree goes."""
    canary = house.run.parent / "canary"
    canary.mkdir()
    (canary / "precious").write_text("still here")
    script = f"""cd /run/minipod/volumes/*/data && ln -s {canary} link && mkdir bound tree && ln -s / tree/root
        mount --bind {canary} bound && i=0
        while [ $i -lt 300 ]; do mkdir d && cd -P d && touch f; i=$((i+1)); done"""
    done = house.play(job(script))
    assert done.code == 0 and (canary / "precious").read_text() == "still here"
    [mark] = house.volumes
    left = house.run / "minipod/volumes" / mark
    assert f"cannot take back /run/minipod/volumes/{mark}/data: busy" in done.err
    assert sorted(str(path.relative_to(left)) for path in left.rglob("*")) == [".journal", "data", "data/bound"]
    assert house.play(job("true")).code == 0 and house.volumes == []  # the mount went with its namespace


def test_a_pod_that_was_killed(launch_as_child: Launcher, open_folder: Path) -> None:
    """The next one with the same /run takes back what it left; never what a pod has that lives."""
    house = build(launch_as_child, open_folder)
    at, empty = house.seen / "data", house.seen / "empty"
    empty.mkdir()
    mounts = (Mount("data", str(at)), Mount("data", str(empty), "part"))
    first = Pod("first", (unit("web", f"touch {at}/x; echo up; exec sleep 1000", *mounts),), volumes=(DATA,),
                hosts=(("192.0.2.1", ("old",)),))
    killed = house.start(first, NO_MOUNTS)
    killed.expect("up")
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(others=True).code == 137
    assert at.is_symlink() and "old" in house.hosts.read_text() and len(house.volumes) == 1
    dead = house.volumes
    lives = house.start(Pod("lives", (unit("web", "echo up; exec sleep 1000"),), volumes=(DATA,)), NO_MOUNTS)
    lives.expect("up")
    assert len(house.volumes) == 1 and house.volumes != dead
    assert (house.tree(), house.hosts.read_text()) == (["empty"], HOSTS)
    assert house.play(job("true"), NO_MOUNTS).code == 0 and len(house.volumes) == 1
    lives.send(signal.SIGTERM)
    assert lives.wait().code == 143 and house.volumes == []


# --- too much, and too early


def _impatient(pod: Pod) -> Plan:
    return lower(pod)._replace(usage_ns=20 * MS)


def test_a_volume_that_holds_too_much(house: House) -> None:
    at = str(house.seen / "data")
    script = f"head -c 60000 /dev/zero > {at}/a; echo more; head -c 60000 /dev/zero > {at}/b; exec sleep 1000"
    volume = DATA._replace(size_limit=100_000)
    pod = job(script, Mount("data", at), volumes=(volume,), termination_grace_period=30_000 * MS)
    done = house.play(_impatient(pod))
    assert done.code == 1
    assert (done.report["phase"], done.report["reason"]) == ("Failed", "Evicted")
    assert 'Usage of EmptyDir volume "data" exceeds the limit "100000".' in done.report["message"]
    assert house.volumes == []


@pytest.fixture
def locked(house: House) -> Iterator[House]:
    """Whoever prepares volumes waits: somebody else holds their folder."""
    folder = house.run / "minipod/volumes"
    folder.mkdir(parents=True)
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    yield house
    os.close(fd)


def test_told_to_stop_while_volumes_are_prepared(locked: House) -> None:
    at = locked.seen / "data"
    running = locked.start(job("echo ran", Mount("data", str(at))))
    keeper = wait_until(lambda: children(running.pid), "there is the child that waits")
    running.send(signal.SIGTERM)
    done = running.wait()
    assert (done.code, done.lines) == (143, []) and "told to stop" in done.err
    assert not Path(f"/proc/{keeper[0]}").exists() and (locked.volumes, locked.tree()) == ([], [])


def test_secrets_that_wait_for_their_volume_are_not_told(locked: House, open_folder: Path) -> None:
    source = EnvSource("secret", "", "creds", "pw", is_secret=True, value=Secret(b"hunter2"))
    volume = Volume("keys", "files", files=(VolumeFile("pw", 0o400, source=source, is_secret=True),))
    with near() as folder:
        control = Control(socket=str(folder / "pod.sock"))
        running = locked.start(job("true", Mount("keys", str(locked.seen / "x")), volumes=(volume,), control=control))
        answer = Place(control.socket).wait().get("/v1/plan")
        assert answer.status == 409 and b"hunter2" not in answer.body
        running.send(signal.SIGTERM)
        assert running.wait().code == 143
