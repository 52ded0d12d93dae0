"""A container's life as the runtime steers it: start, signals, stop, restart, exec sessions, logs."""

import collections
import re

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

TERMINATED = 143
LONG = ("--env", "MINIPOD_GRACE=90")  # seconds: who waits for it to end is seen on the slowest machine
# DESIGN.md section 5: what is neither a stop, nor a freeze or its end, nor nobody's (32, 33), nor our own.
FORWARDED = sorted(set(range(1, 65)) - {2, 3, 15} - {18, 20, 21, 22} - {32, 33} - {9, 17, 19})

QUIET = """
[service.first]
command = "sleep infinity"

[service.second]
command = ["sh", "-c", "echo up; exec sleep infinity"]
"""

LISTENER = '''
[service.listener]
command = ["python3", "-uc", """
import signal
everything = signal.valid_signals()
signal.pthread_sigmask(signal.SIG_BLOCK, everything)
print("listening")
while True:
    print("got", int(signal.sigwait(everything)), "end")
"""]
'''


class TestPidOne:
    def test_is_minipod_and_no_compiler_is_left(self, start):
        container = start(pod=QUIET)
        container.wait_for_line(r"second \| up")
        assert container.shell("readlink /proc/1/exe").endswith("/minipod")
        assert not [process for process in container.processes() if "python" in process.exe]
        # a unit's process is minipod's own program until it has executed its own
        container.until(lambda: [p.pid for p in container.processes() if p.exe.endswith("/minipod")] == ["1"])

    def test_reaps_what_others_leave(self, start):
        leave = "for n in 1 2 3 4 5 6 7 8 9; do (sleep 0.01 &); done; echo left; exec sleep infinity"
        container = start(pod=f'[service.parent]\ncommand = ["sh", "-c", "{leave}"]\n')
        container.wait_for_line(r"parent \| left")
        container.until(lambda: len(container.processes("sleep")) == 1)
        container.until(lambda: "Z" not in {process.state for process in container.processes()})


class TestStop:
    def test_ends_at_once_when_all_do(self, start):
        container = start(pod=QUIET, options=LONG)
        container.wait_for_line(r"second \| up")
        code, seconds = container.stop(90)
        assert code == TERMINATED and seconds < 60

    def test_services_that_end_with_0_make_it_0(self, start):
        pod = """
            [service.a]
            command = ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; sleep infinity & wait"]
            """
        container = start(pod=pod)
        container.wait_for_line(r"a \| up")
        assert container.stop()[0] == 0
        assert "a | bye" in container.podman("logs").stdout

    def test_is_gone_by_itself_before_the_runtime_kills(self, start):
        """137 would be the runtime's KILL: ``main`` ends with 0, so 0 is minipod's own word. How much earlier it is, is
        measured where nothing but minipod takes time."""
        pod = """
            [pod]
            main = "good"
            [service.good]
            command = ["sh", "-c", "trap 'exit 0' TERM; echo up; sleep infinity & wait"]
            [service.deaf]
            command = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1000; done"]
            """
        container = start(pod=pod, options=("--env", "MINIPOD_GRACE=3"))
        with container.follow() as lines:
            lines.until("up")
            lines.until("up")
        assert container.stop(90)[0] == 0

    def test_main_decides(self, start):
        pod = """
            [pod]
            main = "app"
            [service.app]
            command = ["sh", "-c", "trap 'exit 7' TERM; echo up; sleep infinity & wait"]
            [service.other]
            command = "sleep infinity"
            """
        container = start(pod=pod)
        container.wait_for_line(r"app +\| up")
        assert container.stop()[0] == 7


class TestSignals:
    def test_each_is_forwarded(self, start):
        container = start(pod=LISTENER)
        with container.follow() as lines:
            lines.until("listening")
            for signal in FORWARDED:
                container.kill(signal)
                assert lines.until("got .* end").endswith(f"got {signal} end")
        got = collections.Counter(re.findall(r"got (\d+) end", container.podman("logs").stdout))
        assert got == {str(signal): 1 for signal in FORWARDED}

    @pytest.mark.parametrize("signal", ["INT", "QUIT", "TERM"])
    def test_a_stop_signal_stops(self, start, signal):
        container = start(pod=QUIET)
        container.wait_for_line(r"second \| up")
        container.kill(signal)
        assert container.wait() == TERMINATED

    @pytest.mark.parametrize("signal", ["TSTP", "TTIN", "TTOU"])
    def test_freeze_and_thaw(self, start, signal):
        pod = """
            [service.a]
            command = ["sh", "-c", "trap 'echo thawed' CONT; sleep infinity & echo up; while :; do wait; done"]
            """
        container = start(pod=pod)
        with container.follow() as lines:
            lines.until("up")
            container.kill(signal)
            container.until(lambda: [process.state for process in container.processes("sleep")] == ["T"])
            container.kill("CONT")
            lines.until("thawed")
        container.until(lambda: [process.state for process in container.processes("sleep")] == ["S"])


class TestRestart:
    def test_of_the_container(self, start):
        container = start(pod=QUIET)
        container.wait_for_line(r"second \| up")
        container.podman("restart")
        container.until(lambda: len(container.processes("sleep infinity")) == 2)
        assert container.shell("readlink /proc/1/exe").endswith("/minipod")
        assert container.stop()[0] == TERMINATED
        assert container.podman("logs").stdout.count("second | up") == 2

    def test_of_a_unit_leaves_exec_sessions_alone(self, start):
        pod = '[service.web]\ncommand = ["sh", "-c", "echo as $$$$; exec sleep infinity"]\n'
        container = start(pod=pod)
        with container.follow() as lines, container.session("sh", "-c", "echo in; read word; echo $word") as session:
            pid = lines.until(r"web \| as").split()[-1]
            assert session.stdout.readline() == "in\n"
            container.shell(f"kill -KILL {pid}")
            assert lines.until(r"web \| as").split()[-1] != pid
            assert session.communicate("survived\n", timeout=100)[0] == "survived\n"


class TestLogs:
    @staticmethod
    def noise(name, stream):
        """A service that writes 5000 lines of all lengths in pieces that do not end with them."""
        return f'''
[service.{name}]
restart = "never"
command = ["python3", "-c", """
import os
text = "".join("%04d " % n + "x" * (n % 300) + chr(10) for n in range(5000))
for at in range(0, len(text), 1000):
    os.write({stream}, text[at:at + 1000].encode())
"""]
'''

    def test_streams_stay_apart_and_lines_whole(self, run):
        streams = {"calm": 1, "loud": 1, "err": 2}
        done = run(pod="".join(self.noise(*item) for item in streams.items()))
        assert done.returncode == 0
        wanted = [f"{n:04} " + "x" * (n % 300) for n in range(5000)]
        got = {name: [] for name in streams}
        for number, text in enumerate((done.stdout, done.stderr), start=1):
            for line in text.splitlines():
                match = re.fullmatch(r"(calm|loud|err) *\| (.*)", line)
                assert match or number == 2, line
                if match:
                    assert streams[match[1]] == number
                    got[match[1]].append(match[2])
        assert got == dict.fromkeys(streams, wanted)

    def test_as_the_runtime_kept_them(self, start):
        pod = '[service.a]\nrestart = "never"\ncommand = ["sh", "-c", "echo to stdout; echo to stderr >&2"]\n'
        container = start(pod=pod)
        container.wait()
        logs = container.podman("logs")
        assert logs.stdout == "a | to stdout\n"
        assert "a | to stderr\n" in logs.stderr
