"""``minipod pause``: it holds, reaps, ends when it is told, and costs next to nothing."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from system_harness import Launcher, Running, children, descendants, status, tool, wait_until

Launch = Callable[..., Launcher]
MOST = 40  # kB


# As podman asks for it: of a program called catatonit.
CALLS = [("minipod", ["pause"]), ("catatonit", ["-P"]), ("catatonit", ["-gP", "word"])]


def waits(running: Running) -> int:
    """Its pid, once it does nothing but wait: it has unmapped itself."""
    wait_until(lambda: status(running.pid).get("State", "")[:1] == "S" and memory(running.pid) <= MOST, "it waits")
    return running.pid


def memory(pid: int) -> int:
    """PSS in kB."""
    return int(re.search(r"^Pss: *(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("name", "words"), CALLS)
def test_it_ends_with_0_when_told(launch_named: Launch, name: str, words: list[str], number: int) -> None:
    running = launch_named(name).call(*words)
    waits(running)
    running.send(number)
    assert running.wait().code == 0


def test_a_stop_that_came_before_it_is_obeyed(launch_named: Launch) -> None:
    script = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {15}); os.kill(os.getpid(), 15); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    assert launch_named().call("pause", wrap=[sys.executable, "-ISc", script]).wait().code == 0


def test_nothing_else_ends_it(launch_named: Launch) -> None:
    running = launch_named().call("pause")
    pid = waits(running)
    others = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, 32, 33}
    running.send(*others)
    wait_until(lambda: int(status(pid)["ShdPnd"], 16).bit_count() >= len(others) - 2, "all are held")
    wait_until(lambda: status(pid)["State"][0] == "S", "it waits again")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_it_reaps(launch_named: Launch) -> None:
    """Orphans that were there before it, and those that come later."""
    running = launch_named().call("pause", wrap=tool("given", "with-child"))
    pid = waits(running)
    [sleeper] = wait_until(lambda: len(left := children(pid)) == 1 and left, "the one that had ended is reaped")
    os.kill(sleeper, signal.SIGKILL)
    wait_until(lambda: not children(pid), "it is reaped")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_it_reaps_several_at_once(launch_named: Launch) -> None:
    """One word from the kernel may stand for all of them."""
    script = (
        "import os, sys\n"
        "for _ in range(5):\n"
        "    pid = os.fork() or os._exit(0)\n"
        "    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    running = launch_named().call("pause", wrap=[sys.executable, "-ISc", script])
    pid = waits(running)
    wait_until(lambda: not children(pid), "all are reaped")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_it_adopts_who_is_orphaned_below_it(launch_named: Launch) -> None:
    """Its child has one of its own, and ends."""
    below = 'sh -c "sleep 1000 & wait" & exec "$@"'
    running = launch_named().call("pause", wrap=["sh", "-c", below, "sh"])
    pid = waits(running)
    [child] = children(pid)
    [orphan] = wait_until(lambda: children(child), "it has a child")
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: children(pid) == [orphan], "it is adopted")
    os.kill(orphan, signal.SIGKILL)
    wait_until(lambda: not children(pid), "it is reaped")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_orphans_of_a_pod_are_reaped(launch_named: Launch) -> None:
    """As the first process of a namespace that others share."""
    launcher = launch_named()
    if launcher.stage.value != "pid-1":
        return
    running = launcher.call("pause")
    pid = waits(running)
    words = ["nsenter", "-t", str(pid), "-p", "-m", "--", "sh", "-c", "(exec sleep 1000) & echo"]
    subprocess.run(words, check=True, timeout=30, stdout=subprocess.DEVNULL)
    [orphan] = wait_until(lambda: children(pid), "it is adopted")
    os.kill(orphan, signal.SIGKILL)
    wait_until(lambda: not descendants(pid), "it is reaped")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


@pytest.mark.parametrize(("name", "words"), CALLS)
def test_it_holds_no_more_than_a_few_pages(launch_named: Launch, name: str, words: list[str]) -> None:
    read, write = os.pipe()
    running = launch_named(name).call(*words, pass_fds=(read, write))
    pid = waits(running)
    assert memory(pid) <= MOST
    assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]
    assert os.readlink(f"/proc/{pid}/cwd") == os.readlink(f"/proc/{pid}/root")
    assert Path(f"/proc/{pid}/cmdline").read_bytes().endswith("\0".join([name, *words, ""]).encode())
    os.close(read)
    os.close(write)
    running.send(signal.SIGTERM)
    running.wait()


def test_it_warns_when_it_is_not_the_first_process(launch_named: Launch) -> None:
    launcher = launch_named()
    running = launcher.call("pause")
    waits(running)
    running.send(signal.SIGTERM)
    assert ("not the first process" in running.wait().err) is (launcher.stage.value != "pid-1")


def test_words_are_a_mistake(launch_named: Launch) -> None:
    result = launch_named().call("pause", "now").wait()
    assert (result.code, result.err) == (64, "minipod: pause: it takes no words: now\n")
    assert launch_named().call("pause", "--help").wait().out.startswith("minipod pause\n")
