"""Containers that allow little: minipod asks nothing of the place it runs in. Each pod proves that its wall stands."""

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

TERMINATED = 143
READ_ONLY = ("--read-only", "--read-only-tmpfs=false")
ANYBODY = ("--user", "12345:54321", "--passwd=false")  # else podman writes an entry
POWERLESS = ("--cap-drop=all", "--security-opt=no-new-privileges")
NOEXEC = ("--tmpfs=/run:rw,noexec,nosuid,nodev", "--tmpfs=/tmp:rw,noexec,nosuid,nodev")

NOT_WRITABLE = "for d in / /tmp /run /var/tmp /dev/shm; do if touch $d/x 2>/dev/null; then echo $d; exit 1; fi; done"
NO_NAME = 'test "$(id -u):$(id -g)" = 12345:54321 && ! getent passwd 12345 >/dev/null'
NO_POWER = "grep -Eq '^CapEff:.0+$' /proc/self/status && grep -Eq '^NoNewPrivs:.1' /proc/self/status"
NOT_EXECUTABLE = "for d in /run /tmp; do cp /bin/true $d/x && ! $d/x 2>/dev/null || exit 1; done"


def pod_that_checks(condition):
    """An init that fails unless ``condition`` holds, a service that restarts once, one that ends all with 5."""
    return f'''
[pod]
main = "last"
[init.wall]
command = ["sh", "-c", """{condition}"""]
[service.mate]
command = ["sh", "-c", "echo up; exec sleep infinity"]
[service.last]
command = ["sh", "-c", "echo done; exit 5"]
after = {{ mate = "started" }}
'''


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        pytest.param((*READ_ONLY, "--tmpfs=/dev/shm:ro"), NOT_WRITABLE, id="no writable directory at all"),
        pytest.param(ANYBODY, NO_NAME, id="a uid without a passwd entry"),
        pytest.param(POWERLESS, NO_POWER, id="no capabilities, no new privileges"),
        pytest.param(NOEXEC, NOT_EXECUTABLE, id="noexec /run and /tmp"),
        pytest.param(
            (*READ_ONLY, "--tmpfs=/dev/shm:ro", *ANYBODY, *POWERLESS),
            f"({NOT_WRITABLE}) && {NO_NAME} && {NO_POWER}",
            id="all of it",
        ),
    ],
)
def test_walls(run, options, condition):
    done = run(pod=pod_that_checks(condition), options=options)
    assert done.returncode == 5, done.stderr
    assert "last | done" in done.stdout


def test_a_wall_that_is_not_there_is_seen(run):
    assert run(pod=pod_that_checks(NOT_WRITABLE)).returncode == 1


def test_one_program_behind_all_walls(run):
    options = (*READ_ONLY, "--tmpfs=/dev/shm:ro", *ANYBODY, *POWERLESS)
    script = f"({NOT_WRITABLE}) && {NO_NAME} && {NO_POWER} && exit 5"
    assert run("sh", "-c", script, options=options, image="one-program").returncode == 5


def test_scratch_behind_all_walls(start):
    container = start(options=(*READ_ONLY, *ANYBODY, *POWERLESS), image="scratch")
    container.wait_for_line(r"greeter +\| hello")
    assert container.stop()[0] == 0


class TestLimits:
    limit = 12  # runc's own threads need about ten before minipod runs

    def test_no_process_to_be_had(self, start):
        """One process less than services: the last waits, warned of, until there is room; nothing counts as failed."""
        services = self.limit
        pod = '[signals]\nUSR1 = { send = "TERM", to = ["s0"] }\n[service.s0]\nrestart = "never"\n' + "".join(
            f'[service.s{n}]\ncommand = ["sh", "-c", "echo up; exec sleep infinity"]\n' for n in range(services)
        ).removeprefix("[service.s0]\n")
        container = start(pod=pod, options=("--pids-limit", self.limit))
        with container.follow() as lines:
            for _ in range(services):  # in any order: the warning takes another way than what services say
                lines.until(r"\| up|cannot start now")
            assert [line for line in lines.seen if f"s{services - 1}: cannot start now" in line]
            container.kill("USR1")
            lines.until(rf"s{services - 1} +\| up")
        assert container.stop()[0] == TERMINATED

    def test_no_memory_to_be_had(self, start):
        """The kernel kills the unit, not minipod, which restarts it and tells the truth when it gives up."""
        pod = """
            [service.eater]
            command = ["python3", "-uc", "print('eats'); [bytearray(1 << 20) for _ in range(4096)]; print('ate')"]
            max_restarts = 1
            """
        container = start(pod=pod, options=("--memory=64m", "--memory-swap=64m"))
        assert container.wait() == 137
        logs = container.podman("logs")
        assert logs.stdout.splitlines() == ["eater | eats"] * 2
        assert logs.stderr.count(": out of memory") == 2


class TestNotPidOne:
    pod = """
        [service.parent]
        command = ["sh", "-c", "sh -c 'sleep infinity & exec true'; echo left; exec sleep 1000"]
        """
    def test_under_the_runtimes_own_init(self, start):
        container = start(pod=self.pod, options=("--init",))
        container.wait_for_line("left")
        assert not container.shell("readlink /proc/1/exe").endswith("/minipod")
        (orphan,) = container.until(lambda: container.processes("sleep infinity"))
        (adopter,) = [process for process in container.processes() if process.pid == orphan.ppid]
        assert adopter.exe.endswith("/minipod") and adopter.pid != "1"
        assert container.stop()[0] == TERMINATED

    def test_in_a_shared_pid_namespace(self, start):
        """All that is ours ends with us, nothing else does."""
        host = start("sh", "-c", "echo up; exec sleep 2000", image="one-program")
        host.wait_for_line("up")
        guest = start(pod=self.pod, options=("--pid", f"container:{host.name}"))
        guest.wait_for_line("left")
        with host.session("sh", "-c", "echo in; read word; echo $word") as session:
            assert session.stdout.readline() == "in\n"
            assert guest.stop()[0] == TERMINATED
            assert session.communicate("survived\n", timeout=100)[0] == "survived\n"
        assert "sleep 2000" in host.podman("top", "args").stdout
        assert "sleep infinity" not in host.podman("top", "args").stdout
