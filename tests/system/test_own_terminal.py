"""A unit has a terminal that nobody else has: `tty = "own"`, and `tty: true` of a manifest."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from costs import descriptors, open_files
from system_harness import Launcher, children, sh, status, wait_until

TIGHT = {"initial": "1ms", "max": "1ms"}
LOOK = """
import os, sys
own = os.ttyname(0)
print([os.isatty(fd) for fd in range(3)], [os.ttyname(fd) == own for fd in range(3)])
print(os.getsid(0) == os.getpid() == os.tcgetpgrp(0), os.get_terminal_size(0))
sys.stdout.flush()
with open("/dev/tty", "w") as terminal:
    terminal.write("on tty\\n")
print("on stderr", file=sys.stderr)
sys.stdout.write("half")
"""
LOOKED = ["[True, True, True] [True, True, True]", "True os.terminal_size(columns=0, lines=0)", "on tty", "on stderr",
          "half"]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  restartPolicy: Never\n  containers:\n"


def own(command: list[str], **keys: object) -> dict:
    return {"command": command, "tty": "own", "restart": "never", **keys}


def python(text: str) -> list[str]:
    return [sys.executable, "-IS", "-c", text.replace("$", "$$")]


def asked(folder: Path, *words: str) -> str:
    """What the running pod says."""
    command = [sys.executable, "-m", "minipod", *words]
    env = {"PATH": "/nowhere", "MINIPOD_SOCKET": str(folder / "s")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=env).stdout


def test_all_three_streams_are_its_controlling_terminal(launch_both: Launcher) -> None:
    """And whatever is written comes into the log once, as stdout, also what has no newline."""
    result = launch_both.run({"service.web": own(python(LOOK))})
    assert result.code == 0 and result.lines == [f"web | {line}" for line in LOOKED]
    assert result.err.startswith("minipod: web: started\n") and "web | " not in result.err


def test_a_manifest_has_it(launch: Launcher) -> None:
    """With or without stdin it is all three; who says nothing has none."""
    words = "command: [sh, -c, 'for fd in 0 1 2; do test -t $fd && echo $fd; done; tty > /dev/null || echo none']"
    path = launch.folder / "pod.yaml"
    path.write_text(POD + "".join(f"  - {{name: {name}, {words}{more}}}\n" for name, more in (
        ("both", ", tty: true, stdin: true"), ("tty", ", tty: true"), ("plain", ", tty: false"))))
    result = launch.run(path)
    said = {name: [line.split(" | ")[1] for line in result.lines if line.startswith(name)]
            for name in ("both", "tty", "plain")}
    assert said == {"both": ["0", "1", "2"], "tty": ["0", "1", "2"], "plain": ["none"]}


def test_two_units_have_two(launch: Launcher) -> None:
    """While both live: a name may be had again."""
    script = sh("tty > $NAME.part; mv $NAME.part $NAME; while [ ! -e a ] || [ ! -e b ]; do sleep 0.01; done")
    pod = {f"service.{name}": own(script, env={"NAME": name}) for name in "ab"}
    assert launch.run(pod).code == 0
    names = [(launch.folder / name).read_text() for name in "ab"]
    assert names[0] != names[1] and all(name.startswith("/dev/pts/") for name in names)


def test_nobody_has_more_of_it_than_three_streams(launch: Launcher) -> None:
    """Neither the unit itself nor one that begins after it; the fourth is what lists them."""
    script = python("import os\nprint(len(os.listdir('/proc/self/fd')))")
    result = launch.run({"service.a": own(script), "service.b": {"command": script, "restart": "never"}})
    assert sorted(result.lines) == ["a | 4", "b | 4"]


@pytest.mark.parametrize("log", ["prefix", "raw", "json", {"file": "lines", "max_size": 0}], ids=str)
def test_much_at_its_end_is_whole(launch_both: Launcher, log: object) -> None:
    """More than a terminal holds, from one that ends at once; a CR that the program wrote stays."""
    file = launch_both.folder / "lines"
    if isinstance(log, dict):
        log = {**log, "file": str(file)}
    result = launch_both.run({"service.a": own(sh("seq 1 30000; printf 'cr\\r\\nlast'; exit 3"), log=log)})
    text = file.read_bytes().decode() if isinstance(log, dict) else result.out
    numbers = [str(n) for n in range(1, 30001)]
    shown = {"prefix": "a | {}\n", "raw": "{}\n"}.get(str(log), "{}\n")
    if log == "json":
        assert [line.split('"line":"')[1] for line in result.lines] == [f'{n}"}}' for n in [*numbers, "cr\\r", "last"]]
    else:
        assert text == "".join(shown.format(n) for n in [*numbers, "cr\r", "last"])
    assert result.code == 3


def test_each_instance_has_a_new_one(launch: Launcher) -> None:
    """What the one before did to its own is no concern of the next."""
    (launch.folder / "runs").touch()
    script = sh("echo >> runs; stty -a | grep -o -- '-*echo '; stty -echo; [ $(wc -l < runs) = 3 ]")
    result = launch.run({"service.web": own(script, restart="on_failure", backoff=TIGHT)})
    assert [line.rstrip() for line in result.lines] == ["web | echo"] * 3


def test_a_hundred_instances_leave_nothing_open(launch: Launcher) -> None:
    def run(times: int, name: str) -> int:
        (launch.folder / name).touch()
        script = sh(f"echo >> {name}; [ $(wc -l < {name}) = {times} ] || exit 1; echo settled; exec sleep 1000")
        running = launch.start({"service.web": own(script, restart="always", backoff=TIGHT)})
        running.expect("settled")
        return running.pid

    few, many = run(2, "few"), run(100, "many")
    wait_until(lambda: descriptors(few) == descriptors(many), "as many are open")


def test_a_hook_writes_where_its_unit_does(launch: Launcher) -> None:
    hook = {"exec": sh("echo hook; echo err >&2; [ -t 1 ] && ! [ -t 0 ] && echo of the terminal")}
    pod = {"service.web": own(sh("while ! [ -e go ]; do sleep 0.01; done"), post_start=hook)}
    running = launch.start(pod)
    running.expect("hook\nweb | err\nweb | of the terminal")
    (launch.folder / "go").touch()
    assert running.wait().code == 0


def test_its_lines_are_asked_for_and_term_stops_it(launch: Launcher, folder: Path) -> None:
    pod = {"pod": {"control": str(folder / "s")}, "service.web": own(sh("echo one; echo two >&2; exec sleep 1000"))}
    running = launch.start(pod)
    running.expect("two")
    assert asked(folder, "logs", "web") == "one\ntwo\n"
    running.send(signal.SIGTERM)
    result = running.wait()
    assert (result.code, result.unit("web")["exitCode"]) == (143, 143)


@pytest.mark.parametrize("apart", ["", "setsid "], ids=["same session", "its own"])
def test_who_keeps_it_open_does_not_hold_up_the_end(launch_both: Launcher, apart: str) -> None:
    script = sh(f"trap '' HUP; {apart}sleep 1000 & echo over; exit 4")
    result = launch_both.run({"pod": {"termination_grace_period": "2m"}, "service.web": own(script)})
    assert (result.code, result.lines) == (4, ["web | over"]) and result.took < 60


def stray(launch: Launcher, what: str) -> list[str]:
    """A program that leaves somebody behind whom nobody can attribute to it, and fails; then it waits."""
    (launch.folder / "runs").touch()
    return sh(f"echo >> runs; [ $(wc -l < runs) = 1 ] || {{ echo second; exec sleep 1000; }}\n"
              f"( setsid env -i PATH=\"$PATH\" {what} & ) ; while [ ! -s told ]; do sleep 0.01; done; exit 1")


def test_who_is_left_behind_with_the_one_before_is_hung_up_on(launch_both: Launcher) -> None:
    what = "sh -c 'trap \"\" HUP; echo x > told; while echo still; do sleep 0.01; done 2> why; echo x > over'"
    running = launch_both.start({"service.web": own(stray(launch_both, what), restart="always", backoff=TIGHT)})
    running.expect("second")
    wait_until((launch_both.folder / "over").exists, "its write failed")
    assert "still" not in running.told().partition("second")[2]
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


@pytest.fixture(scope="session")
def hangs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hangs") / "hangs"
    subprocess.run(["cc", "-O1", "-o", made, Path(__file__).with_name("hangs.c")], check=True, timeout=30)
    with subprocess.Popen([made], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as trial:
        if trial.wait() == 77:
            pytest.skip("no page can be kept away here")
    return made


def test_who_hangs_in_the_middle_of_a_write_holds_up_nobody(launch_both: Launcher, hangs: Path) -> None:
    """To hang up waits for him: that must not be PID 1, nor whoever keeps what somebody waits for to end."""
    what = f"sh -c 'exec {hangs} 3> told'"
    running = launch_both.start({"service.web": own(stray(launch_both, what), restart="always", backoff=TIGHT)})
    running.expect("second")
    ours = wait_until(lambda: [pid for pid in children(running.pid) if status(pid).get("Name") == "minipod"], "a child")
    wait_until(lambda: open_files(ours[0]) == {}, "it has nothing else open")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


@pytest.mark.parametrize(
    ("hide", "why"),
    [
        ("mount -t tmpfs none /dev/pts", "/dev/ptmx or /dev/pts is missing here"),
        ("mount --bind /dev/null /dev/ptmx", "what is at /dev/ptmx makes none"),
    ],
)
def test_without_terminals_it_does_not_start(launch: Launcher, hide: str, why: str) -> None:
    wrap = ["unshare", "-m", "--propagation", "private", "sh", "-c", f'{hide} && exec "$@"', "sh"]
    result = launch.run({"service.web": own(["true"])}, wrap=wrap)
    assert f"minipod: web: cannot execute: a terminal for true: {why}\n" in result.err
    assert result.code == 126


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody else can be had")
def test_it_belongs_to_the_units_user(launch: Launcher) -> None:
    script = sh("id -u; echo tty > /dev/tty; echo fd > /dev/stderr; echo name > $(tty)")
    result = launch.run({"service.web": own(script, user="65534")})
    assert result.lines == ["web | 65534", "web | tty", "web | fd", "web | name"], result.err
