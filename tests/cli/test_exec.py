"""`minipod exec`: what the command gets, what it comes to, and what is a mistake."""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_pod import FakePod

from minipod.errors import PodError
from minipod.model import Capabilities, Kind, Limit, Pod, Unit
from minipod.reaper.context import OF_ONE_INSTANCE, Context, Identity, environment, identity_of, limit, parse
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.peer import Peer

PATH = os.environ["PATH"]


def context(**more: object) -> dict:
    """What PID 1 says of web."""
    return {
        "unit": "web", "argv": ["true"], "env": [f"PATH={PATH}", "A=b=c", "MINIPOD_UNIT=web", "NOTIFY_FD=3"],
        "adds": [], "workingDir": None, "user": None, "group": None, "uid": os.geteuid(), "gid": os.getegid(),
        "umask": None, **more,
    }  # fmt: skip


@pytest.fixture
def web(fake_pod: FakePod) -> FakePod:
    fake_pod.contexts["web"] = context()
    fake_pod.plan = plan()
    return fake_pod


def plan(**more: object) -> bytes:
    """The plan of a pod that is web alone."""
    return encode(lower(Pod("shop", (Unit("web", Kind.SERVICE, ("true",), "never", **more),))))


def become(*words: str, **how: object) -> subprocess.CompletedProcess:
    """The command line in a process of its own: it is replaced by the command."""
    command = [sys.executable, "-m", "minipod", "exec", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **how)


@pytest.mark.parametrize("words", [["web", "--"], ["web"], ["--pod", "shop", "web", "--"], ["--", "web", "--"]])
def test_the_exit_code_is_the_commands(web: FakePod, words: list[str]) -> None:
    done = become(*words, "sh", "-c", 'echo "$@"; exit 9', "-h", "--", "-x")
    assert (done.returncode, done.stdout, done.stderr) == (9, "-- -x\n", "")


def test_a_signal_ends_it(web: FakePod) -> None:
    assert become("web", "sh", "-c", "kill -9 $$").returncode == -signal.SIGKILL


def test_environment_is_the_units_alone(web: FakePod) -> None:
    done = become("web", "env", env={**os.environ, "MINE": "1"})
    assert sorted(done.stdout.splitlines()) == sorted([f"PATH={PATH}", "A=b=c", "MINIPOD_UNIT=web"])


def test_stdin_is_ours(web: FakePod) -> None:
    assert become("web", "cat", input="words").stdout == "words"


def test_directory_and_umask(web: FakePod, tmp_path: Path) -> None:
    web.contexts["web"] = context(workingDir=str(tmp_path), umask=0o27)
    assert become("web", "sh", "-c", "pwd; umask", cwd="/").stdout.split() == [str(tmp_path), "0027"]


def test_without_a_directory_it_is_that_of_pid_1(web: FakePod) -> None:
    """Here the test itself answers."""
    assert become("web", "pwd", cwd="/").stdout.strip() == str(Path.cwd())


def test_signals_are_as_ever(web: FakePod) -> None:
    """Python's own habits do not reach the command: it ends quietly when nobody reads. What whoever asked ignores, it
    ignores, too."""
    plain = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, restore_signals=True)
    assert ignored(plain.stdout) == ignored(become("web", "cat", "/proc/self/status").stdout)
    assert not ignored(plain.stdout) & (1 << signal.SIGPIPE - 1)


def ignored(status: str) -> int:
    """The mask of ignored signals in /proc's words."""
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:"))


def test_a_unit_that_is_down(web: FakePod) -> None:
    web.units[0].update(life="held", pid=None)
    assert become("web", "true").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 64, "NAME is missing"),
        (["web"], 64, "CMD is missing: minipod exec web -- sh"),
        (["web", "--"], 64, "CMD is missing"),
        (["--frob", "web", "ls"], 64, "unknown option --frob"),
        (["wbe", "ls"], 4, "no unit is called wbe; did you mean web?"),
        (["web", "nonesuch"], 127, "cannot execute nonesuch: no such file or directory"),
        (["web", "/nonesuch"], 127, "cannot execute /nonesuch: no such file or directory"),
        (["web", "/dev/null"], 126, "cannot execute /dev/null: permission denied"),
        (["web", ""], 127, "cannot execute : "),
    ],
)
def test_mistakes(web: FakePod, words: list[str], code: int, said: str) -> None:
    got = become(*words)
    assert (got.returncode, got.stdout) == (code, "") and said in got.stderr and got.stderr.count("\n") == 1


def test_no_shell_reads_it(web: FakePod, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo no\n")
    script.chmod(0o755)
    done = become("web", str(script))
    assert (done.returncode, done.stdout) == (126, "") and "exec format error" in done.stderr


def test_a_directory_that_is_not_there(web: FakePod) -> None:
    web.contexts["web"] = context(workingDir="/nonesuch")
    got = become("web", "pwd")
    assert (got.returncode, got.stderr) == (1, "minipod: cannot enter /nonesuch: no such file or directory\n")


def test_help(say: Callable) -> None:
    assert say("exec", "--help").out.startswith("minipod exec NAME")


def test_no_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Callable) -> None:
    monkeypatch.setenv("MINIPOD_SOCKET", str(tmp_path / "none"))
    assert say("exec", "web", "ls").code == 3


# --- who it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "group", "wanted"),
    [
        ("", "", Identity()),
        ("root", "", (0, 0, "root", "/root")),
        ("0", "", (0, 0, "root", "/root")),
        ("4000000000", "", Identity(4000000000, 0, (0,), "", "/")),
        ("4000000000", "12", Identity(4000000000, 12, (12,), "", "/")),
        ("", "12", Identity(gid=12)),
    ],
)
def test_identity(user: str, group: str, wanted: tuple) -> None:
    found = identity_of(Context("web", {}, user=user, group=group))
    assert wanted in (found, (found.uid, found.gid, found.name, found.home))


def test_groups_are_all_that_name_the_user() -> None:
    entry = pwd.getpwnam("root")
    assert identity_of(Context("web", {}, user="root")).groups == tuple(os.getgrouplist("root", entry.pw_gid))
    assert identity_of(Context("web", {}, user="root", group="12")).groups == (12,)


@pytest.mark.parametrize("asked", [{"user": "nonesuch-"}, {"group": "nonesuch-"}, {"user": "4294967295"}])
def test_nobody_of_this_name(asked: dict) -> None:
    with pytest.raises(PodError, match="there is no (user|group) ") as bad:
        identity_of(Context("web", {}, **asked))
    assert bad.value.exit_code == 1


def test_home_is_added_where_the_unit_has_none() -> None:
    wanted = Context("web", {b"LOGNAME": b"x"}, adds=("HOME", "USER"))
    assert environment(wanted, Identity(name="www", home="/srv")) == {
        b"HOME": b"/srv", b"USER": b"www", b"LOGNAME": b"x",
    }  # fmt: skip
    assert environment(wanted, Identity(home="/")) == {b"HOME": b"/", b"LOGNAME": b"x"}


def test_the_terminals_kind_is_added() -> None:
    assert environment(Context("web", {}), Identity(), "xterm") == {b"TERM": b"xterm"}
    assert environment(Context("web", {b"TERM": b"vt100"}), Identity(), "xterm") == {b"TERM": b"vt100"}


def test_what_is_said_to_one_instance_is_left_out() -> None:
    assert environment(Context("web", dict.fromkeys(map(str.encode, OF_ONE_INSTANCE), b"1")), Identity()) == {}


@pytest.mark.parametrize("env", [None, [{"hex": "4"}], [{"hex": "no"}], [{}], [7]])
def test_an_answer_that_is_none(env: object) -> None:
    with pytest.raises(PodError, match="does not understand"):
        parse({"unit": "web", "env": env, "workingDir": None})


def test_bytes_that_are_no_text() -> None:
    """Whatever this process takes for its encoding, the command gets the bytes that the unit gets."""
    facts = context(env=["A=é=x", {"hex": "423dff00ff".replace("00", "")}])
    assert parse(facts).env == {b"A": "é=x".encode(), b"B": b"\xff\xff"}


# --- at most what the pod is ------------------------------------------------------------------------------------------

SHOW = "id -u; id -g; id -G; echo $A"
OTHER = Peer(1, 12345, 12346, (12347, 12348))


def test_root_becomes_what_the_pod_is(web: FakePod) -> None:
    """What the environment has is chosen by the pod's user, and is nothing that root should run with."""
    web.belong_to(OTHER.uid, OTHER.gid, OTHER.groups)
    done = become("web", "sh", "-c", SHOW, cwd="/")
    assert done.stderr == ""
    assert (done.returncode, done.stdout.split("\n")[:4]) == (0, ["12345", "12346", "12346 12347 12348", "b=c"])


def test_another_one_who_answers_next_is_refused(web: FakePod) -> None:
    """Whoever says the context must be who says the rights, and not only listen there a moment later."""
    web.belong_to(OTHER.uid, OTHER.gid)
    web.after_context = lambda: web.belong_to(0, 0)
    done = become("web", "id", "-u", cwd="/")
    assert (done.returncode, done.stdout) == (1, "") and "another pod answers than a moment ago" in done.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"user": "root"}, "cannot become user root for web: its pod runs as user 12345, group 12346, and could not"),
        ({"user": "0"}, "cannot become user 0 for web"),
        ({"user": "54321"}, "cannot become user 54321 for web"),
        ({"user": "12345"}, "cannot become group 0 for web"),
        ({"group": "0"}, "cannot become group 0 for web"),
    ],
)
def test_what_the_pod_could_not_become_is_refused(web: FakePod, asked: dict, said: str) -> None:
    web.belong_to(OTHER.uid, OTHER.gid)
    web.contexts["web"] = context(**asked)
    done = become("web", "id")
    assert (done.returncode, done.stdout) == (1, "") and said in done.stderr and done.stderr.count("\n") == 1


def test_a_pod_may_name_its_own_user() -> None:
    named = Context("web", {}, user="12345", group="12346")
    assert limit(named, identity_of(named), OTHER) == Identity(12345, 12346, (12347, 12348), "", "/")


def test_a_pod_of_roots_may_name_anybody() -> None:
    for wanted in (Identity(), Identity(54321, 0, (0,))):
        assert limit(Context("web", {}), wanted, Peer(1, 0, 0, ())) == wanted


def test_no_directory_is_entered_that_the_pods_user_may_not(web: FakePod, tmp_path: Path) -> None:
    """Root could: a folder behind one that is root's alone must not be opened by naming it."""
    behind = tmp_path / "closed/behind"
    behind.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    web.belong_to(OTHER.uid, OTHER.gid)
    web.contexts["web"] = context(workingDir=str(behind))
    done = become("web", "pwd", cwd="/")
    assert (done.returncode, done.stdout, done.stderr.count("permission denied")) == (1, "", 1)


# --- what it may do and use -------------------------------------------------------------------------------------------

LOOK = "cat /proc/self/status; echo; ulimit -Sn; ulimit -Hn; nice; cat /proc/self/oom_score_adj"
NET_BIND, KILL = 1 << 10, 1 << 5
RIGHTS = {
    "groups": ("3001",), "limits": {"nofile": Limit(77, 99)}, "nice": 7, "oom_score_adj": 123,
    "no_new_privileges": True, "capabilities": Capabilities(("KILL",), ("NET_BIND_SERVICE",)),
}  # fmt: skip


def look() -> tuple[dict[str, str], list[str]]:
    """Its status, and the lines behind it."""
    done = become("web", "sh", "-c", LOOK, cwd="/")
    assert done.returncode == 0, done.stderr
    status, _, rest = done.stdout.partition("\n\n")
    return {key: text.strip() for key, _, text in (line.partition(":") for line in status.splitlines())}, rest.split()


def test_it_is_bound_as_the_unit_is(web: FakePod) -> None:
    web.plan = plan(user="4321", **RIGHTS)
    web.contexts["web"] = context(user="4321")
    status, rest = look()
    sets = {name: int(status[f"Cap{name}"], 16) for name in ("Prm", "Eff", "Inh", "Amb", "Bnd")}
    bounding = sets.pop("Bnd")
    assert sets == dict.fromkeys(sets, NET_BIND) and bounding & (KILL | NET_BIND) == NET_BIND
    assert (status["NoNewPrivs"], sorted(status["Groups"].split())) == ("1", ["0", "3001"])
    assert rest == ["77", "99", "7", "123"]


def test_root_keeps_what_is_not_dropped(web: FakePod) -> None:
    web.plan = plan(capabilities=Capabilities(("ALL",), ("KILL",)))
    status, _ = look()
    assert [int(status[f"Cap{name}"], 16) for name in ("Prm", "Eff", "Bnd", "Amb")] == [KILL, KILL, KILL, 0]


def test_a_pod_that_is_not_roots_gives_nothing(web: FakePod) -> None:
    """Neither a group that it is not in, nor a capability, nor a limit above ours."""
    web.belong_to(OTHER.uid, OTHER.gid, OTHER.groups)
    web.plan = plan(**{**RIGHTS, "groups": ("3001", "12348"), "nice": -5, "limits": {"nofile": Limit(77, 1 << 40)}})
    status, rest = look()
    assert [int(status[f"Cap{name}"], 16) for name in ("Prm", "Eff", "Amb")] == [0, 0, 0]
    assert "3001" not in status["Groups"].split() and "12348" in status["Groups"].split()
    assert rest[0] == "77" and int(rest[1]) < 1 << 40 and rest[2] == "0"


def test_who_would_not_start_is_not_begun(web: FakePod) -> None:
    web.plan = plan(not_root=True)
    done = become("web", "id")
    assert (done.returncode, done.stderr) == (1, "minipod: web would run as root, and runAsNonRoot forbids it\n")
