"""The pods of examples/ in a real container, where nothing may be mounted and where it may; and what `export --single`
writes, run as its manifest says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 100
HERE = ("--volume", f"{EXAMPLES}:/examples:ro", "--workdir", "/examples/programs", "--env", "PYTHONDONTWRITEBYTECODE=1")
PATIENT = ("--env", "MINIPOD_GRACE=90")
MAY_MOUNT = ("--cap-add=SYS_ADMIN", "--security-opt=apparmor=unconfined", "--security-opt=label=disable")
ANYBODY = ("--user=12345:54321", "--passwd=false", "--cap-drop=all")


def becomes(*words):
    """Options that make a command the container's program."""
    return ("--entrypoint", json.dumps(words))


@pytest.fixture
def plan(minipod, tmp_path):
    """A manifest of the examples, compiled where there is a YAML library."""

    def compile_manifest(name):
        words = ["--entrypoint", "jmeter:5.6=python3 jmeter.py", "-o", tmp_path / "pod.plan"]
        subprocess.run([minipod, "compile", EXAMPLES / name, *words], check=True, timeout=PATIENCE)
        (tmp_path / "pod.plan").chmod(0o644)
        return ("--volume", f"{tmp_path / 'pod.plan'}:/pod.plan:ro", *becomes("minipod", "run", "/pod.plan"))

    return compile_manifest


class TestJob:
    @pytest.mark.parametrize("rights", [(), MAY_MOUNT, ANYBODY], ids=["links", "mounts", "anybody"])
    def test_the_containers_code_is_the_tests(self, run, plan, rights, tmp_path):
        """And where its volumes were there is nothing left."""
        srv = tmp_path / "srv"
        srv.mkdir()
        srv.chmod(0o777)
        done = run(options=(*HERE, *plan("jmeter/pod.yaml"), *rights, "--volume", f"{srv}:/srv"))
        assert done.returncode == 0, done.stderr
        assert re.search(r"^jmeter \| summary = 20 in .*, Err: 0 ", done.stdout, re.M)
        assert done.stdout.count('site   | "GET / HTTP/1.1" 200') == 20
        assert list(srv.iterdir()) == []

    def test_a_test_that_fails_fails_the_container(self, run, plan, tmp_path):
        """Words behind the image are the args of the only main: a port where nobody listens."""
        words = ("-n", "-t", "/srv/plan/test.jmx", "-Jport=9", "-Jloops=1")
        done = run("--", *words, options=(*HERE, *plan("jmeter/pod.yaml")))
        assert done.returncode == 1 and "Err: 2 (100.00%)" in done.stdout


class TestLogs:
    @pytest.mark.parametrize("rights", [(), MAY_MOUNT], ids=["links", "mounts"])
    def test_a_stop_loses_no_line(self, start, rights):
        """The sidecar reads to the end while the runtime waits."""
        words = ("--", "--every", "0.001")
        container = start(*words, options=(*HERE, *PATIENT, *becomes("minipod", "run", "../logs/pod.toml"), *rights))
        container.wait_for_line(r"collect \| prime 200 is 1223$")
        (collector,) = container.processes("python3 collect.py")
        mounts = container.shell(f"grep -c ' /srv/log ' /proc/{collector.pid}/mountinfo || true")
        assert mounts == str(int(rights is MAY_MOUNT))
        assert container.stop(90)[0] == 0
        said = container.podman("logs").stdout
        numbers = [int(number) for number in re.findall(r"^collect \| prime (\d+) ", said, re.M)]
        assert numbers == [*range(1, len(numbers) + 1)]
        assert re.findall(r"^(?:collect|primes ) \| found (\d+)", said, re.M) == [str(len(numbers))] * 2


class TestSingle:
    """`export --single`: one container whose program is minipod."""

    @pytest.fixture
    def exported(self, minipod, tmp_path):
        """The pod's spec, and the options that run its one container as a kubelet would."""
        text = subprocess.run(
            [minipod, "export", "kubernetes", EXAMPLES / "proxy/pod.toml", "--single", "--image", "two-stage"],
            check=True, capture_output=True, text=True, timeout=PATIENCE,
        ).stdout  # fmt: skip
        config_map, pod = yaml.safe_load_all(text)
        (container,) = pod["spec"]["containers"]
        (mount,) = container["volumeMounts"]
        folder = tmp_path / "config"
        folder.mkdir()
        for name, content in config_map["data"].items():
            (folder / name).write_text(content)
        tmp_path.chmod(0o755)
        mounted = ("--volume", f"{folder}:{mount['mountPath']}:ro")
        return pod["spec"], (*HERE, *mounted, *becomes(*container["command"]))

    @staticmethod
    def ask(container, probe):
        """The status of what the kubelet would ask, in the container's network."""
        script = (
            "import http.client, sys\n"
            "asked = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=60)\n"
            "asked.request('GET', sys.argv[2])\n"
            "print(asked.getresponse().status)\n"
        )
        http = probe["httpGet"]
        words = [f"--net=/proc/{container.inspect('State.Pid')}/ns/net", sys.executable, "-c", script]
        done = subprocess.run(
            ["nsenter", *words, str(http["port"]), http["path"]], capture_output=True, text=True, timeout=PATIENCE
        )
        return int(done.stdout or 0)

    def test_its_probes_are_answered_and_its_grace_is_enough(self, start, exported):
        spec, options = exported
        (unit,) = spec["containers"]
        live, ready = unit["livenessProbe"], unit["readinessProbe"]
        assert {probe["httpGet"]["port"] for probe in (live, ready)} == {unit["ports"][0]["containerPort"]}
        container = start(options=options)
        container.wait_for_line("proxy: ready$")
        assert (self.ask(container, live), self.ask(container, ready)) == (200, 200)
        assert container.minipod("ctl", "stop", "app").returncode == 0
        container.wait_for_line("proxy: not ready any more")
        assert (self.ask(container, live), self.ask(container, ready)) == (200, 503)
        assert container.minipod("ctl", "start", "app").returncode == 0
        container.until(lambda: self.ask(container, ready) == 200)
        grace = spec["terminationGracePeriodSeconds"]
        code, _ = container.stop(grace)
        assert (grace, code) == (10, 0)
