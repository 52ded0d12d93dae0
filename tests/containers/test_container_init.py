"""One program under minipod as the container's init: as its entrypoint, by the names of other inits, in the place of
the runtime's own, and as what holds a pod's namespaces. It must never need a pod file.
"""

import json
import uuid

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

INTERRUPTED, TERMINATED, USR1 = 130, 143, 138
CTRL_C, CTRL_Z = "\x03", "\x1a"
NAMES = ["tini", "tini-static", "docker-init", "dumb-init", "catatonit"]
WALLS = ("--read-only", "--read-only-tmpfs=false", "--user=12345:54321", "--cap-drop=all",
         "--security-opt=no-new-privileges")  # fmt: skip
WHO = "tr '\\0' ' ' < /proc/1/cmdline; echo; sleep 1000 & exit 3"
# TERM is a signal like any other: only HUP ends it.
TELLS = "trap 'echo got TERM' TERM; trap 'exit 9' HUP; echo up; while :; do sleep 0.05; done"
SHELL = ("env", "PS1=inner> ", "sh")


def named(minipod, name):
    """Options that bring minipod into a container by another name, and make it the entrypoint."""
    return ("--volume", f"{minipod}:/sbin/{name}:ro", "--entrypoint", json.dumps([f"/sbin/{name}", "--"]))


def instead(minipod):
    """Options that make it the runtime's own init."""
    return ("--init", "--init-path", minipod, "--entrypoint", "[]")


def above_itself(minipod):
    """Options that make it two inits, one below the other."""
    return (*named(minipod, "tini"), "--entrypoint", '["/sbin/tini", "-g", "--", "minipod", "--"]')


@pytest.mark.parametrize("name", NAMES)
def test_by_another_name_behind_all_walls(run, minipod, name):
    """It ends with its program, whoever is left."""
    done = run("sh", "-c", WHO, options=(*WALLS, *named(minipod, name)), image="one-program")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith(f"/sbin/{name} -- sh -c ")


def test_in_the_place_of_the_runtimes_init(run, minipod):
    done = run("sh", "-c", WHO, options=(*WALLS, *instead(minipod)), image="one-program")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("/run/podman-init -- sh -c ")


@pytest.mark.parametrize("name", ["", "tini", "dumb-init"])
def test_in_such_a_place_the_runtimes_time_to_stop_holds(start, minipod, name):
    """By its own name minipod would end it at the second TERM, and when a grace of its own is over."""
    options = named(minipod, name) if name else instead(minipod)
    container = start("sh", "-c", TELLS, options=options, image="one-program")
    with container.follow() as lines:
        lines.until("^up")
        for _ in range(3):
            container.kill("TERM")
            lines.until("got TERM")
    container.kill("HUP")
    assert container.wait() == 9


def test_a_script_that_names_its_init(run, minipod, tmp_path):
    script = tmp_path / "entry"
    script.write_text('#!/sbin/dumb-init /bin/sh\necho "$0 $#" "$@"; exit 5\n')
    script.chmod(0o755)
    options = (*named(minipod, "dumb-init"), "--volume", f"{script}:/entry:ro", "--entrypoint", "/entry")
    done = run("-v", "two words", options=options, image="one-program")
    assert (done.returncode, done.stdout) == (5, "/entry 2 -v two words\n")


def test_one_init_below_another(start, run, minipod):
    for options in (above_itself(minipod), ("--init",)):
        assert run("sh", "-c", "exit 3", options=options, image="one-program").returncode == 3
        container = start("sh", "-c", "echo up; exec sleep 1000", options=options, image="one-program")
        container.wait_for_line("^up")
        assert container.stop()[0] == TERMINATED


def test_frozen_and_thawed_by_the_runtime(start):
    container = start("sh", "-c", "echo up; exec sleep 1000", image="one-program")
    container.wait_for_line("^up")
    container.podman("pause")
    container.podman("unpause")
    container.kill("USR1")
    assert container.wait() == USR1


class TestTerminal:
    @pytest.mark.parametrize("ways", [
        lambda _: (), lambda minipod: named(minipod, "tini"), lambda minipod: named(minipod, "dumb-init"),
        instead, above_itself,
    ], ids=["minipod", "tini", "dumb-init", "instead", "above itself"])
    def test_a_shell_in_front(self, sit, minipod, ways):
        """It has job control, and its exit code is the container's."""
        terminal, _ = sit(*SHELL, options=ways(minipod), image="one-program")
        terminal.expect("inner> ")
        for key, says in ((CTRL_C, "inner> "), (CTRL_Z, "Stopped")):
            terminal.type("cat\r")
            terminal.expect("cat\r\n")
            terminal.type("here\r")
            terminal.expect(r"here\r\nhere")  # the echo, then cat: it runs
            terminal.type(key)
            terminal.expect(says)
        terminal.expect("inner> ")
        terminal.type("kill %1; fg; exit 42\r")
        assert terminal.wait() == 42

    def test_a_program_in_front(self, sit):
        """Nobody could resume it: it does not stop. Ctrl-C ends it."""
        terminal, _ = sit("sh", "-c", "echo begun; exec cat", image="one-program")
        terminal.expect("^begun")
        terminal.type(CTRL_Z + "here\r")
        terminal.expect(r"here\r\nhere")
        terminal.type(CTRL_C)
        assert terminal.wait() == INTERRUPTED


def test_it_holds_the_namespaces_of_a_pod(engine, run):
    """podman's infra container: orphans of the pod's members are its own, and it ends with 0 when the pod does."""
    name = f"minipod-{uuid.uuid4().hex[:12]}"
    infra = ("--infra-image", engine.image("scratch"), "--infra-command", "/minipod pause")
    engine.podman("pod", "create", "--name", name, "--share", "pid", "--infra-name", f"{name}-infra", *infra)
    try:
        engine.podman("pod", "start", name)
        orphan = "(sleep 0.1 & echo $!) | { read pid; while test -e /proc/$pid; do :; done; }"
        script = f"tr '\\0' ' ' < /proc/1/cmdline; {orphan}; exit 6"
        done = run("sh", "-c", script, options=("--pod", name), image="one-program")
        assert (done.returncode, done.stdout) == (6, "/minipod pause ")
        engine.podman("pod", "stop", "--time", 90, name)
        state = engine.podman("inspect", "--format", "{{.State.ExitCode}}", f"{name}-infra").stdout
        assert state.strip() == "0"
    finally:
        engine.podman("pod", "rm", "--force", name)
