"""A pod in a container, seen and steered: by the runtime's health check, in exec sessions, over its port; with nothing
that can be written, as any user, beside other pods, while nobody reads what it says, and while it is stopped.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

TERMINATED = 143
PATIENT = 90  # seconds: more than any pod here takes to end by itself
LONG = ("--env", f"MINIPOD_GRACE={PATIENT}")  # who waits for it to end is seen on the slowest machine
ANY_USER = ("--user", "1000650000:0", "--passwd=false")  # as OpenShift has it
WALLS = (
    *("--read-only", "--read-only-tmpfs=false", "--tmpfs=/dev/shm:ro"),
    *ANY_USER,
    *("--cap-drop=all", "--security-opt=no-new-privileges"),
)
RUNTIME_DIR = ("--tmpfs=/own:mode=1777", "--env=XDG_RUNTIME_DIR=/own")
OTHER_IDS = ("--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536")

SHOP = """
[pod]
name = "shop"
[service.web]
command = ["sh", "-c", "echo up; exec sleep infinity"]
env = { SOLD = "cheese" }
working_dir = "/srv"
"""

TO_OURS = """
import os, socket, sys
held = socket.socket(socket.AF_UNIX)
held.connect("/run/minipod/shop.sock")
"""
HALF_A_REQUEST = TO_OURS + """
held.sendall(b"GET /v1/pod HT")
print("asked")
sys.stdin.read()
"""
READS_NOTHING = TO_OURS + """
held.sendall(b"GET /v1/logs?follow=1 HTTP/1.1\\r\\nHost: here\\r\\n\\r\\n")
held.recv(1)
print("asked")
sys.stdin.read()
"""


@pytest.fixture
def bare_shop(start):
    """``bare_shop(*options)``: bare/sight.toml, detached, once one is ready and the other holds its signals."""

    def start_shop(*options):
        container = start("/sight.plan", options=options, image="bare")
        with container.follow() as lines:
            missing = {"web: ready", "job | serving"}
            while missing:
                line = lines.until("|".join(map(re.escape, missing)))
                missing = {one for one in missing if one not in line}
        return container

    return start_shop


@pytest.fixture
def shop(start):
    """``shop(*options)``: a pod with Python at hand, detached, once its service is up."""

    def start_shop(*options):
        container = start(pod=SHOP, options=options)
        container.wait_for_line(r"web \| up")
        return container

    return start_shop


class TestHealthCheck:
    """HEALTHCHECK CMD ["minipod", "health"], in an image of static files behind all walls."""

    options = (*WALLS, "--health-cmd", '["/minipod", "health"]', "--health-retries=1", "--health-interval=disable")

    def test_well_and_unwell(self, bare_shop):
        container = bare_shop(*self.options)
        assert container.check_health() == ("healthy", 0, "ok")
        with container.follow() as lines:
            container.kill("HUP")
            lines.until("job: exited with 42")
        status, code, said = container.check_health()
        assert (status, code) == ("unhealthy", 1)
        assert re.fullmatch(r"job: .+, not running", said)

    def test_readiness_is_another_question(self, bare_shop):
        container = bare_shop(*self.options)
        assert container.podman("exec", "/minipod", "ready").stdout == "ok\n"
        with container.follow() as lines:
            container.kill("USR1")
            lines.until("web: not ready any more")
        done = container.podman("exec", "/minipod", "ready", check=False)
        assert (done.returncode, done.stdout) == (1, "web: up, not ready\n")
        assert container.check_health() == ("healthy", 0, "ok")

    def test_steered_without_python(self, bare_shop):
        container = bare_shop(*self.options)

        def ctl(*words):
            return container.podman("exec", "/minipod", "ctl", *words).stdout

        assert re.search(r"^shop: Running .*, 2 of 2 ready\n.*^web +service +up +yes", ctl("status"), re.M | re.S)
        with container.follow() as lines:
            ctl("signal", "USR1", "web")
            lines.until("web: not ready any more")
            ctl("restart", "web")
            lines.until("web: exited with 0")
            lines.until("web: ready")
            ctl("stop", "job")
            lines.until("job: exited with 0")
        assert ctl("logs", "--previous", "web").splitlines()[-1] == "got Terminated"
        assert ctl("logs", "job").splitlines() == ["serving", "got Terminated"]
        assert re.search(r" job want: up -> hold \(order-stop\)\n", ctl("events"))
        container.podman("exec", "/minipod", "ctl", "stop", "--all", check=False)  # with PID 1 its sessions end, too
        assert container.wait() == 0


def check_exec_sessions(container):
    """All that is asked of a pod in its container works, by both clients, and ``exec`` is where its unit is."""
    assert container.minipod("health").stdout == container.minipod("ready").stdout == "ok\n"
    assert "shop: Running" in container.minipod("ctl", "status").stdout
    assert container.minipod("get", "-o", "name").stdout.split() == ["pod/shop", "service/web"]
    assert re.search(r"^State: +Running$", container.minipod("describe", "web").stdout, re.M)
    assert container.minipod("logs", "web").stdout == container.minipod("ctl", "logs", "web").stdout == "up\n"
    assert container.minipod("wait", "web", "--for=ready", "--timeout=60s").returncode == 0
    inside = container.minipod("exec", "web", "--", "sh", "-c", "echo $SOLD; pwd; id -u; exit 7")
    user = container.podman("exec", "id", "-u").stdout
    assert (inside.returncode, inside.stdout) == (7, f"cheese\n/srv\n{user}")
    assert container.minipod("signal", "CONT", "web").returncode == 0
    assert container.minipod("describe", "nobody").returncode == 4


class TestExecSessions:
    @pytest.mark.parametrize(
        ("options", "is_abstract"),
        [
            pytest.param((), False, id="nothing special"),
            pytest.param(ANY_USER, True, id="a uid without a passwd entry"),
            pytest.param(WALLS, True, id="no writable directory at all"),
            pytest.param((*ANY_USER, *RUNTIME_DIR), False, id="a runtime directory"),
            pytest.param(OTHER_IDS, False, id="a user namespace"),
            pytest.param((*OTHER_IDS, "--user=1000:1000"), True, id="a user of a user namespace"),
            pytest.param(("--init",), False, id="not PID 1"),
            pytest.param(("--pid=host",), False, id="the machine's PID namespace"),
            pytest.param((*WALLS, "--pid=host"), True, id="that, and no writable directory"),
        ],
    )
    def test_both_clients(self, shop, options, is_abstract):
        container = shop(*options)
        check_exec_sessions(container)
        assert ("@minipod/" in container.shell("cat /proc/net/unix")) == is_abstract
        assert container.stop(PATIENT)[0] == TERMINATED

    def test_root_asks_a_pod_of_anybody(self, shop):
        container = shop(*WALLS)
        asked = container._engine.podman("exec", "--user=0", container.name, "minipod", "get", "-o", "name")
        assert asked.stdout.split() == ["pod/shop", "service/web"]


class TestNeighbours:
    """Two pods of one name share PID and network namespace, and neither has a directory that can be written."""

    def test_each_asks_its_own(self, shop):
        one = shop(*WALLS)
        other = shop(*WALLS, "--pid", f"container:{one.name}", "--network", f"container:{one.name}")
        for container in (one, other):
            check_exec_sessions(container)
        assert other.minipod("ctl", "stop", "--all").returncode == 0
        assert other.wait() == TERMINATED
        check_exec_sessions(one)


class TestPort:
    """`listen`, asked in the container's network, but for that from the machine."""

    @staticmethod
    def ask(container, path):
        """(status, body) of GET."""
        script = (
            "import http.client, sys\n"
            "asked = http.client.HTTPConnection('127.0.0.1', 9090, timeout=60)\n"
            "asked.request('GET', sys.argv[1])\n"
            "reply = asked.getresponse()\n"
            "print(reply.status, reply.read().decode(), sep='\\n', end='')\n"
        )
        pid = container.inspect("State.Pid")
        done = subprocess.run(
            ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", script, path],
            capture_output=True, text=True, timeout=PATIENT, check=True,
        )  # fmt: skip
        status, _, body = done.stdout.partition("\n")
        return int(status), body

    def test_health_and_metrics_and_nothing_else(self, bare_shop):
        container = bare_shop(*WALLS)
        assert [self.ask(container, path) for path in ("/healthz", "/livez", "/readyz")] == [(200, "ok\n")] * 3
        status, metrics = self.ask(container, "/metrics")
        assert status == 200 and metrics.endswith("# EOF\n")
        assert self.ask(container, "/v1/pod")[0] == 404
        with container.follow() as lines:
            container.kill("HUP")
            lines.until("job: exited with 42")
            container.kill("USR1")
            lines.until("web: not ready any more")
        assert self.ask(container, "/livez") == (200, "ok\n")
        assert self.ask(container, "/healthz")[0] == 503
        status, missing = self.ask(container, "/readyz")
        assert status == 503 and "web: up, not ready\n" in missing
        assert re.search(r'^minipod_unit_ready\{.*unit="web".*\} 0$', self.ask(container, "/metrics")[1], re.M)


class TestNobodyReads:
    """The runtime's reader of stdout and stderr stands still."""

    lines = 50000  # several times what all pipes hold
    pod = f'''
[pod]
name = "shop"
[signals]
USR1 = {{ to = ["loud"] }}
[service.web]
command = ["sh", "-c", "exec sleep infinity"]
[service.loud]
command = ["python3", "-uc", """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("listening")
signal.sigwait([signal.SIGUSR1])
for n in range({lines}): print("line", n)
print("all said")
signal.pause()
"""]
'''

    @contextmanager
    def nobody_reading(self, container):
        """While ``loud`` says more than there is room for."""
        container.wait_for_line(r"loud \| listening")
        reader, writer = container.inspect("State.ConmonPid"), container.inspect("State.Pid")
        os.kill(reader, signal.SIGSTOP)
        try:
            container.kill("USR1")
            container.until(lambda: is_full(f"/proc/{writer}/fd/1"))
            yield writer
        finally:
            os.kill(reader, signal.SIGCONT)

    def test_the_pod_is_steered_as_ever_and_no_line_is_lost(self, start):
        container = start(pod=self.pod, options=LONG)
        with self.nobody_reading(container):
            (before,) = container.until(lambda: container.processes("sleep infinity"))
            assert container.minipod("health").stdout == container.minipod("ready").stdout == "ok\n"
            assert container.minipod("restart", "web").returncode == 0
            (after,) = container.until(lambda: container.processes("sleep infinity"))
            assert before.pid != after.pid
            assert "line" in container.minipod("logs", "--tail=1", "loud").stdout
        container.wait_for_line(r"loud \| all said")
        assert container.stop(PATIENT)[0] == TERMINATED
        said = [line for line in container.podman("logs").stdout.splitlines() if line.startswith("loud | line")]
        assert said == [f"loud | line {n}" for n in range(self.lines)]

    def test_it_ends_in_its_time(self, start):
        container = start(pod=self.pod, options=("--env", "MINIPOD_GRACE=3"))
        with self.nobody_reading(container) as pid:
            ended = os.pidfd_open(pid)
            container.kill("TERM")
            assert select.select([ended], [], [], PATIENT)[0]
            os.close(ended)
        assert container.wait() == TERMINATED


def is_full(pipe):
    """True when nothing can be written to it, as another of its writers sees it."""
    with open(pipe, "wb", opener=lambda path, flags: os.open(path, os.O_WRONLY | os.O_NONBLOCK)) as other:
        return not select.select([], [other], [], 0)[1]


class TestStop:
    clients = [
        ("minipod", "logs", "--follow"),
        ("minipod", "ctl", "logs", "-f"),
        ("minipod", "ctl", "events", "-f"),
        ("minipod", "get", "--watch"),
        ("python3", "-uc", HALF_A_REQUEST),
        ("python3", "-uc", READS_NOTHING),
    ]

    @pytest.mark.parametrize("stop", ["the runtime", "a client"])
    def test_whoever_listens_holds_up_nobody(self, shop, stop):
        """The pod ends at once, with its own code."""
        container = shop(*LONG)
        with ExitStack() as stack:
            sessions = [stack.enter_context(container.session(*words)) for words in self.clients]
            for session in sessions:
                session.stdout.readline()  # it has what it asked for, or has asked
            start = time.monotonic()
            if stop == "a client":
                container.minipod("ctl", "stop", "--all")  # which the end of PID 1 may end, too
                assert container.wait() == TERMINATED
            else:
                assert container.stop(PATIENT)[0] == TERMINATED
            assert time.monotonic() - start < PATIENT - 30
            for session in sessions:
                session.communicate(timeout=PATIENT)


class TestLogFile:
    pod = """
        [pod]
        name = "shop"
        [service.web]
        command = ["sh", "-c", "for n in 7 8 9; do echo line $n of a file; done; echo up; exec sleep infinity"]
        log = { file = "/logs/web.log", max_size = 64, keep = 2, mode = "prefix" }
        """

    @pytest.mark.parametrize("options", [(), WALLS], ids=["root", "behind all walls"])
    def test_on_a_volume(self, start, tmp_path, options):
        """It is there when the container has gone, and another container goes on with it."""
        tmp_path.chmod(0o777)
        for turn in (1, 2):
            container = start(pod=self.pod, options=(*options, "--volume", f"{tmp_path}:/logs"))
            container.until(lambda asked=container: asked.minipod("logs", "--tail=1", "web").stdout == "up\n")
            assert container.stop(PATIENT)[0] == TERMINATED
            assert "line" not in container.podman("logs").stdout
            assert (tmp_path / "web.log").read_text().endswith("web | line 9 of a file\nweb | up\n"), turn
        assert (tmp_path / "web.log.1").stat().st_size <= 64
        assert sorted(path.name for path in tmp_path.glob("web.log*")) == ["web.log", "web.log.1", "web.log.2"]
        assert (tmp_path / "web.log").stat().st_uid == (1000650000 if options else 0)
