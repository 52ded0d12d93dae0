"""The words health, ready and ctl: the C client, which needs no Python. What it prints, where, and how it ends."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from knocking import Place
from system_harness import SLEEP, Launcher, beside, sh, wait_until

DONE, FAILED, NOT_RUNNING, UNKNOWN, USAGE, TOO_LATE = 0, 1, 3, 4, 64, 124
POD = {
    "pod": {"name": "shop"},
    "service.web": {"command": sh("echo one; echo two; exec sleep 1000")},
    "service.sick": {"command": SLEEP, "readiness_probe": {"exec": ["false"]}},
}


class Client:
    """The command with one socket in its environment."""

    def __init__(self, minipod: Path, path: Path):
        self.minipod, self.path = minipod, path

    def run(self, *words: str, code: int = DONE, **env: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [self.minipod, *words], capture_output=True, text=True, timeout=30, check=False,
            env={"PATH": "/nowhere", "MINIPOD_SOCKET": str(self.path), **env},
        )  # fmt: skip
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert (done.stderr == "") == (code in (DONE, FAILED) and words[0] != "ctl" or code == DONE), done.stderr
        return done


@pytest.fixture
def client(minipod: Path, folder: Path) -> Client:
    return Client(minipod, folder / "pod.sock")


@pytest.fixture
def shop(launch: Launcher, client: Client) -> Place:
    running = launch.start({**POD, "pod": {**POD["pod"], "control": str(client.path)}})
    place = Place(str(client.path)).wait()
    running.expect_all("one", "two")
    place.wait_for("sick", life="up")
    place.wait_for("web", life="up")
    return place


def test_health_and_ready(shop: Place, client: Client) -> None:
    assert client.run("health").stdout == "ok\n"
    assert client.run("ready", code=FAILED).stdout == "sick: up, not ready\n"
    shop.post("/v1/units/sick/stop")
    shop.wait_for("sick", life="held")
    assert client.run("ready").stdout == "ok\n"


def test_health_tells_what_failed_for_good(launch: Launcher, client: Client) -> None:
    pod = {"service.web": {"command": SLEEP}, "service.job": {"command": ["false"], "restart": "never"}}
    launch.start({**pod, "pod": {"control": str(client.path)}})
    place = Place(str(client.path)).wait()
    place.wait_for("web", life="up")
    place.wait_for("job", outcome="failed")
    for word in ("health", "ready"):
        assert client.run(word, code=FAILED).stdout == "job: failed, not running\n"


def test_a_pod_that_ends_is_neither_healthy_nor_ready(launch: Launcher, client: Client) -> None:
    tough = {"command": sh("trap '' TERM; echo up; while :; do sleep 0.01; done"), "termination_grace_period": "1h"}
    pod = {"pod": {"control": str(client.path), "termination_grace_period": "1h"}, "service.tough": tough}
    running = launch.start(pod)
    running.expect("up")
    client.run("ctl", "stop", "--all")
    for word in ("health", "ready"):
        assert client.run(word, code=FAILED).stdout.startswith("pod: ending: it was told to stop\n")
    client.run("ctl", "stop", "--all")
    assert running.wait().code == 137
    assert client.run("ready", code=NOT_RUNNING).stdout == ""


def test_health_takes_a_fraction_of_what_python_takes_to_begin(shop: Place, client: Client) -> None:
    """From exec to exit, the fastest of many each, in turn: how fast the machine is, is the same for all."""

    def took(*command: str) -> float:
        began = time.perf_counter()
        process = os.posix_spawn(command[0], command, {"MINIPOD_SOCKET": str(client.path)},
                                 file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        os.waitpid(process, 0)
        return time.perf_counter() - began

    words = ["health", "ready"] * 25
    times = [(took(sys.executable, "-ISc", "pass"), took(str(client.minipod), word)) for word in words]
    python, ours = map(min, zip(*times, strict=True))
    assert ours < python / 2, (ours, python)


def test_status(shop: Place, client: Client) -> None:
    first, titles, *rows = client.run("ctl", "status").stdout.splitlines()
    assert first.startswith("shop: Running for ") and [row.split()[0] for row in rows] == ["web", "sick"]
    assert client.run("ctl", "status", "web").stdout.splitlines()[2:] == [rows[0]]
    assert json.loads(client.run("ctl", "status", "-o", "json").stdout)["pod"]["name"] == "shop"
    assert json.loads(client.run("ctl", "status", "web", "-o=json").stdout)["life"] == "up"


def test_orders(shop: Place, client: Client) -> None:
    assert client.run("ctl", "stop", "web", "sick").stdout == "web: stop\nsick: stop\n"
    shop.wait_for("web", life="held")
    client.run("ctl", "signal", "HUP", "web", code=NOT_RUNNING)
    client.run("ctl", "start", "web")
    shop.wait_for("web", life="up", instances=2)
    client.run("ctl", "restart", "web")
    shop.wait_for("web", life="up", instances=3)
    client.run("ctl", "signal", "kill", "web")
    assert shop.wait_for("web", life="up", instances=4)["ends"][-1]["signal"] == 9


def test_stop_the_pod(shop: Place, client: Client) -> None:
    assert client.run("ctl", "stop", "--all").stdout == "pod: stop\n"
    wait_until(lambda: not client.path.exists(), "it is gone")
    assert client.run("health", code=NOT_RUNNING).stderr.startswith(f"minipod: no minipod answers at {client.path}: ")


def test_logs_and_events(shop: Place, client: Client) -> None:
    assert client.run("ctl", "logs", "web").stdout == "one\ntwo\n"
    assert client.run("ctl", "logs", "web", "--tail", "1").stdout == "two\n"
    assert client.run("ctl", "logs", "--tail=-1", "--since", "1h").stdout == "web  | one\nweb  | two\n"
    client.run("ctl", "logs", "web", "-p", code=UNKNOWN)
    lines = client.run("ctl", "logs", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["line"] for line in lines] == ["one", "two"]
    assert " web lifecycle: held -> spawning (go)\n" in client.run("ctl", "events").stdout
    assert json.loads(client.run("ctl", "events", "-o", "json").stdout.splitlines()[0])["seq"] == 0


def test_follow_until_the_pod_ends(shop: Place, client: Client) -> None:
    """However long nothing comes, and past any time-out."""
    words = [client.minipod, "ctl", "events", "-f", "--timeout", "2s"]
    env = {"MINIPOD_SOCKET": str(client.path)}
    with beside(words, stdout=subprocess.PIPE, text=True, env=env) as follower:
        assert "held -> spawning" in follower.stdout.readline()
        time.sleep(2.2)
        shop.post("/v1/stop")
        assert follower.communicate(timeout=30)[0].endswith("-> over (nothing-left)\n") and follower.returncode == 0


# words: exit code, and what is said
MISTAKES = {
    "ctl": (USAGE, "minipod ctl status"), "ctl frob": (USAGE, "there is no word frob"),
    "ctl stop": (USAGE, "NAME, or --all for the whole pod, is missing"), "ctl start": (USAGE, "NAME is missing"),
    "ctl signal": (USAGE, "SIGNAL is missing"), "ctl signal HUP": (USAGE, "NAME is missing"),
    "ctl stop --all web": (USAGE, "web is one too many"), "health web": (USAGE, "web is one too many"),
    "ctl status web sick": (USAGE, "sick is one too many"), "ctl status --frob": (USAGE, "there is no option --frob"),
    "ctl logs --tail": (USAGE, "needs a value"), "ctl logs --timeout soon": (USAGE, "soon is no duration"),
    "ctl status -o yaml": (USAGE, "only json"), "ctl signal FOO web": (USAGE, "no such signal"),
    "ctl logs --tail x": (USAGE, "no number"), "ctl logs --since yesterday": (USAGE, "since"),
    "ctl logs -f -p": (USAGE, "follow"), "ctl status nobody": (UNKNOWN, "no unit of this name"),
    "ctl stop nobody": (UNKNOWN, "no unit"), "ctl status b%/é": (UNKNOWN, "no unit"),
    "ctl restart nobody web": (UNKNOWN, "no unit"), "health --pod other": (NOT_RUNNING, "called other"),
}


@pytest.mark.parametrize("words, outcome", MISTAKES.items())
def test_mistakes(shop: Place, client: Client, words: str, outcome: tuple[int, str]) -> None:
    code, said = outcome
    assert said in client.run(*words.split(), code=code).stderr
    assert shop.unit("web")["instances"] == 1


def test_help(client: Client) -> None:
    for words in (["ctl", "--help"], ["ctl", "stop", "-h"], ["health", "--help"]):
        assert "minipod ctl stop --all" in client.run(*words).stdout


# --- nobody, several, somebody slow


def test_nobody(client: Client) -> None:
    assert "no such file or directory" in client.run("health", code=NOT_RUNNING).stderr
    client.run("ctl", "status", code=NOT_RUNNING)
    assert "a socket's path is shorter" in client.run("health", code=NOT_RUNNING, MINIPOD_SOCKET="x" * 200).stderr


def test_somebody_who_does_not_answer(client: Client, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(client.path))
        mute.listen(8)
        for words in (["health"], ["ctl", "status"]):
            assert "no answer within 0.05s" in client.run(*words, "--timeout", "50ms", code=TOO_LATE).stderr


def test_which_of_several(launch: Launcher, folder: Path) -> None:
    """In one folder; the stale socket of a third one is no pod. Who is in none of their containers has to choose."""
    at = ["sh", "-c", f'mount --bind {folder} /run; unset XDG_RUNTIME_DIR; exec "$@"', "sh"]
    plans = [launch.compile({**POD, "pod": {"name": name}}, name) for name in ("shop", "depot")]
    pods = [launch.start(plan, wrap=at) for plan in plans]
    for running in pods:
        running.expect_error("web: started")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "minipod/stale.sock"))

    def ask(*words: str, apart: tuple = ("unshare", "--mount")) -> subprocess.CompletedProcess:
        enter = ["nsenter", f"--target={pods[0].namespace_init}", "--mount", "--pid", "env", "-u", "MINIPOD_SOCKET"]
        words = (*enter, *apart, launch.minipod, *words)
        return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)

    several = ask("health")
    assert several.returncode == USAGE
    assert "depot at /run/minipod/depot.sock" in several.stderr and "shop at /run/minipod/shop.sock" in several.stderr
    assert ask("get").returncode == USAGE
    assert ask("ctl", "status", apart=()).stdout.startswith("shop: ")
    assert ask("get", "-o", "name", apart=()).stdout.startswith("pod/shop\n")
    assert ask("ctl", "status", "--pod", "depot", apart=()).stdout.startswith("depot: ")
    for name in ("shop", "depot"):
        assert ask("ctl", "status", "--pod", name).stdout.startswith(f"{name}: ")
    nobody = ask("ready", "--pod", "mill")
    told = "minipod: no pod called mill answers here; there is depot, shop\n"
    assert (nobody.returncode, nobody.stderr) == (NOT_RUNNING, told)
    with socket.socket(socket.AF_UNIX) as mute:  # one that hangs does not stand for the others
        mute.bind(str(folder / "minipod/mute.sock"))
        mute.listen(8)
        began = time.monotonic()
        assert ask("ctl", "status", "--pod", "shop").stdout.startswith("shop: ")
        assert time.monotonic() - began < 5


def test_on_scratch(launch: Launcher, minipod: Path, folder: Path) -> None:
    """A root with nothing but the command and a plan: it checks itself."""
    root = folder / "root"
    for name in ("proc", "dev"):
        (root / name).mkdir(parents=True)
    (root / "minipod").write_bytes(minipod.read_bytes())
    (root / "minipod").chmod(0o755)
    pod = {"pod": {"name": "bare"}, "service.check": {
        "command": ["/minipod", "ready"], "restart": "on_failure", "backoff": {"initial": "10ms", "max": "10ms"}}}
    (root / "pod.plan").write_bytes(launch.compile(pod).read_bytes())
    (root / "dev/null").touch()
    mounts = f"mount -t proc none {root}/proc && mount --bind /dev/null {root}/dev/null && shift"
    wrap = ["sh", "-c", f'{mounts} && exec chroot {root} /minipod "$@"', "sh"]
    running = launch.call("run", "/pod.plan", wrap=wrap, env={"MINIPOD_SOCKET": ""})
    running.expect_error("check: exited with 0 after")
    assert running.wait().code == 0 and b"check | check: up" not in running.out
