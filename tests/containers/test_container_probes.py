"""Probes, hooks, notify, restart rules and want of memory in a real container that allows little: an image of static
files, plans compiled while it was built, a root that is read-only, a user without a name, no capability, no Python.

Every service here ends with 0 at TERM, so 0 is minipod's own word: a runtime that lost patience would make it 137.
"""

import json
import os
import re

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

WALLS = (
    *("--read-only", "--read-only-tmpfs=false", "--user", "12345:54321", "--passwd=false"),
    *("--cap-drop=all", "--security-opt=no-new-privileges"),
)
PATIENT = 90  # seconds: more than any pod here takes to end by itself


@pytest.fixture
def bare(start):
    """``bare(POD, *words, options=(…))``: a detached container that runs bare/POD.toml behind all walls."""

    def start_bare(pod, *words, options=()):
        return start(f"/{pod}.plan", *words, options=(*WALLS, *options), image="bare")

    return start_bare


def said(container, stream):
    """What it has said up to now on one stream, as lines."""
    return getattr(container.podman("logs"), stream).splitlines()


def in_order(lines, *patterns):
    """True if each of the patterns is found, each after the one before."""
    rest = iter(lines)
    return all(any(re.search(pattern, line) for line in rest) for pattern in patterns)


def all_serve(lines, *units):
    """Waits until each of them holds its signals, in any order."""
    missing = set(units)
    while missing:
        missing.discard(lines.until(rf"^({'|'.join(missing)}) +\| serving").split()[0])


class TestProbes:
    def test_each_way_of_asking(self, bare):
        """tcp lets the unit start, http and grpc say who is ready, and who waits for them comes last."""
        container = bare("probes")
        container.wait_for_line(r"front +\| serving")
        assert container.stop(PATIENT)[0] == 0
        told = said(container, "stderr")
        assert in_order(told, "web: has started up", "web: ready", "front: started")
        assert in_order(told, "rpc: ready", "front: started")

    def test_readiness_is_seen_and_restarts_nobody(self, bare):
        container = bare("probes")
        with container.follow() as lines:
            all_serve(lines, "front")
            container.kill("USR1")
            lines.until("web: not ready any more")
            container.kill("USR1")
            lines.until("web: ready")
        assert container.stop(PATIENT)[0] == 0
        assert said(container, "stderr").count("minipod: web: started") == 1

    def test_who_fails_its_liveness_probe_is_stopped_and_started_anew(self, bare):
        container = bare("probes")
        with container.follow() as lines:
            all_serve(lines, "front")
            container.kill("USR2")
            for line in ("web: unhealthy, is stopped: exit code 1", "web: exited with 0", "web: started", "web: ready"):
                lines.until(line)
        assert container.stop(PATIENT)[0] == 0
        assert said(container, "stderr").count("minipod: web: has started up") == 2

    def test_with_a_shell_and_python(self, start):
        """The same from a TOML file, compiled when the container starts."""
        pod = """
            [service.web]
            command = ["python3", "-um", "http.server", "8000"]
            backoff = { initial = "10ms", max = "10ms" }
            readiness_probe = { http_get = { port = 8000 }, period = "50ms", timeout = "30s" }
            [service.web.liveness_probe]
            exec = ["sh", "-c", "! rm /tmp/ill 2>/dev/null"]
            period = "50ms"
            timeout = "30s"
            failure_threshold = 1
            """
        container = start(pod=pod)
        with container.follow() as lines:
            lines.until("web: ready")
            container.shell("touch /tmp/ill")
            lines.until("web: unhealthy, is stopped: exit code 1")
            lines.until("web: ready")
        assert container.stop(PATIENT)[0] == 143


class TestHooks:
    def test_they_run_before_the_signal(self, bare):
        container = bare("hooks")
        with container.follow() as lines:
            all_serve(lines, "proxy", "web")
        assert container.stop(PATIENT)[0] == 0
        told = said(container, "stdout")
        assert "proxy | has begun" in told
        assert in_order(told, r"web +\| asked for /drain", r"web +\| got Terminated", r"proxy \| got Terminated")
        assert in_order(told, r"proxy \| is to end", r"proxy \| got Terminated")
        assert in_order(said(container, "stderr"), "web: exited with 0", "proxy: exited with 0")

    def test_one_that_hangs_is_not_waited_for(self, bare):
        """For longer than minipod has, that is: the runtime's patience is never tried."""
        container = bare("hangs", options=("--env", "MINIPOD_GRACE=2"))
        container.wait_for_line(r"web \| serving")
        assert container.stop(PATIENT)[0] == 0


class TestNotify:
    def test_ready_by_its_own_word_and_a_missed_watchdog(self, bare):
        """Where no directory can be written to the socket is an abstract one."""
        container = bare("notify")
        with container.follow() as lines:
            all_serve(lines, "front")
        with container.follow() as lines:
            lines.until("silent: unhealthy, is stopped: said nothing for 0.5s")
            lines.until("silent: restart 1")
            lines.until("silent: has started up")
        assert container.stop(PATIENT)[0] == 0
        told = said(container, "stderr")
        assert in_order(told, "silent: has started up", "web: started", "web: ready", "front: started")
        assert not in_order(told, "web: unhealthy")


class TestRules:
    def test_a_code_begins_the_whole_pod_anew(self, bare):
        """From the first init on; all end at once for it."""
        container = bare("rules")
        with container.follow() as lines:
            all_serve(lines, "proxy", "job", "web")
            container.kill("HUP")
            all_serve(lines, "proxy", "job", "web")
        assert container.stop(PATIENT)[0] == 0
        told = said(container, "stdout")
        for unit, signal in {"job": "Hangup", "web": "Terminated", "proxy": "Terminated"}.items():
            assert in_order(told, rf"{unit} +\| got {signal}", r"first \| prepared", r"proxy \| serving")
        assert in_order(said(container, "stderr"), "the pod begins anew", "first: started")


class TestMemory:
    def test_who_took_all_of_it_is_named(self, bare, tmp_path):
        """Killed by the kernel, by the count of the container's own cgroup; minipod and the other unit live on."""
        tmp_path.chmod(0o777)
        report = tmp_path / "report.json"
        container = bare(
            "memory", "--report", "/out/report.json",
            options=("--volume", f"{tmp_path}:/out", "--memory=64m", "--memory-swap=64m"),
        )  # fmt: skip
        assert container.wait() == 137
        units = {unit["name"]: unit for unit in json.loads(report.read_text())["units"]}
        assert (units["eater"]["reason"], units["eater"]["restartCount"]) == ("OOMKilled", 1)
        assert (units["web"]["exitCode"], units["web"]["restartCount"]) == (0, 0)
        assert os.stat(report).st_uid == 12345
