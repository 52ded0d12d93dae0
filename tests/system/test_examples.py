"""The pods of examples/ that need no volume, as real processes: what they serve, how they stop, and what is left when
one of them dies."""

import signal
import subprocess
from pathlib import Path

import pytest
from costs import open_files, sockets
from example_pods import change, kill, process_of, start, tell, visit, visitor
from prometheus_client.parser import text_string_to_metric_families
from system_harness import PATIENCE, Running, beside, children, descendants, wait_until

TERM = signal.SIGTERM
BOTH = pytest.mark.parametrize("file", ["pod.yaml", "pod.toml"])
OUTSIDE = "127.0.0.2"  # an address that only who listens everywhere has


class TestProxy:
    @BOTH
    def test_the_app_is_reached_through_the_proxy_alone(self, launch_as_child, file):
        running = start(launch_as_child, f"proxy/{file}")
        running.expect_error("proxy: ready$")
        assert visit(running, f"ask(8080, host='{OUTSIDE}')") == [200, "hello from app\n"]
        assert visit(running, "ask(8080, method='POST', body='shout')") == [200, "SHOUT"]
        assert visit(running, f"[refused(8081, '{OUTSIDE}'), refused(8081, '127.0.0.1')]") == [True, False]
        running.send(TERM)
        result = running.wait()
        assert (result.code, result.unit("app")["exitCode"], result.unit("proxy")["exitCode"]) == (0, 0, 0)

    def test_a_request_in_the_middle_of_a_stop_is_answered(self, launch, tmp_path):
        """The app answers what has begun; the proxy outlives it, and hands the answer over."""
        unasked = change("proxy/pod.yaml", tmp_path, ("httpGet: {path: /, port: 8080}", "tcpSocket: {port: 8080}"))
        running = start(launch, unasked)
        running.expect("app +\\| listening")
        running.expect_error("proxy: ready$")
        post = """
asked = http.client.HTTPConnection("127.0.0.1", 8080, timeout=60)
asked.putrequest("POST", "/")
asked.putheader("Content-Length", "10")
asked.endheaders(b"first")
sys.stdin.readline()
asked.send(b" half")
reply = asked.getresponse()
print(reply.status, reply.read().decode())
"""
        app = process_of(running, "app.py")
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
        with beside(visitor(running, post), text=True, **pipes) as client:
            wait_until(lambda: len(sockets(open_files(app))) == 2, "the app has the request")
            running.send(TERM)
            wait_until(lambda: len(sockets(open_files(app))) == 1, "the app takes no more")
            assert client.communicate("go on\n", PATIENCE)[0] == "200 FIRST HALF\n"
        assert running.wait().code == 0

    @pytest.mark.parametrize("program", ["proxy.py", "app.py"])
    def test_the_one_that_dies_comes_back(self, launch, program):
        running = start(launch, "proxy/pod.toml")
        running.expect_error("proxy: ready$")
        kill(running, program)
        running.expect_all(rf"{program[:-3]} +\| listening[\s\S]*{program[:-3]} +\| listening")
        assert visit(running, "ask(8080)") == [200, "hello from app\n"]
        running.send(TERM)
        assert running.wait().unit(program[:-3])["restartCount"] == 1

    def test_the_proxy_says_that_nobody_answers(self, launch, tmp_path):
        nobody = change("proxy/pod.toml", tmp_path, ('"--to", "8081"', '"--to", "8099"'))
        running = start(launch, nobody)
        running.expect("proxy +\\| listening")
        assert visit(running, "ask(8080)")[0] == 502


def metrics(running: Running) -> dict[tuple[str, str], float]:
    """What the adapter serves: its samples by name and code."""
    status, text = visit(running, "ask(9102, '/metrics')")
    assert status == 200
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, sample.labels.get("code", "")): sample.value for sample in samples}


class TestAdapter:
    @BOTH
    def test_the_apps_own_numbers_are_prometheus(self, launch_as_child, file):
        running = start(launch_as_child, f"adapter/{file}")
        running.expect_error("app: ready$")
        visit(running, "[ask(8080), ask(8080, '/no'), ask(8080, method='POST', body='12345'), ask(8080)]")
        found = metrics(running)
        assert 0 < found.pop(("app_busy_seconds_total", "")) < PATIENCE
        assert found == {
            ("app_up", ""): 1,
            ("app_requests_total", "200"): 3,
            ("app_requests_total", "404"): 1,
            ("app_received_bytes_total", ""): 5,
        }
        running.send(TERM)
        assert running.wait().code == 0

    def test_it_says_so_when_the_app_is_down(self, launch):
        running = start(launch, "adapter/pod.toml")
        running.expect_error("app: ready$")
        tell(launch, running, "ctl", "stop", "app")
        wait_until(lambda: metrics(running) == {("app_up", ""): 0}, "it says so")
        tell(launch, running, "ctl", "start", "app")
        running.expect(r"app +\| listening[\s\S]*app +\| listening")
        assert metrics(running)[("app_up", "")] == 1

    def test_an_adapter_that_dies_loses_no_number(self, launch):
        """They are the app's."""
        running = start(launch, "adapter/pod.yaml")
        running.expect_error("app: ready$")
        running.expect_all("adapter +\\| listening")
        visit(running, "ask(8080)")
        kill(running, "adapter.py")
        running.expect(r"adapter +\| listening[\s\S]*adapter +\| listening")
        assert metrics(running)[("app_requests_total", "200")] == 1


class TestHelloworld:
    def test_four_say_hello_and_end_with_main(self, launch_as_child):
        result = start(launch_as_child, "helloworld/pod.toml").wait()
        greetings = [line for line in result.lines if line.startswith("main ")]
        assert greetings == ["main    | hello, world"] * 3
        # One datagram a greeting, and all heard before log is told to stop, as it stops last.
        assert [line for line in result.lines if "world: greeted" in line] == ["log     | world: greeted"] * 3
        assert result.code == 0

    @BOTH
    def test_one_signal_ends_the_group(self, launch_as_child, tmp_path, file):
        """The harness fails the test if one process of theirs is left."""
        endless = change(f"helloworld/{file}", tmp_path, *((('args = ["3"]\n', ""),) if file == "pod.toml" else ()))
        running = start(launch_as_child, endless)
        running.expect_all("log +\\| ready", "main +\\| hello, world")
        workers = children(process_of(running, "compute"))
        assert len(workers) == 2
        running.send(TERM)
        result = running.wait()
        assert [each for each in ("log", "compute", "api", "main") if result.unit(each)["exitCode"]] == []
        assert result.code == 0

    @pytest.mark.parametrize("name", ["log", "compute", "api", "main"])
    def test_the_death_of_one_orphans_nobody(self, launch, name):
        running = start(launch, "helloworld/pod.yaml")
        running.expect_all("log +\\| ready", "compute +\\| ready", "api +\\| listening", "main +\\| hello, world")
        below = descendants(process_of(running, name))
        kill(running, name)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), "its own processes are gone")
        assert len(below) == (2 if name == "compute" else 0)
        if name != "main":
            running.expect_all(rf"{name} +\| (ready|listening)[\s\S]*{name} +\| (ready|listening)")
        assert visit(running, "ask(8080, '/hello/again')") == [200, "hello, again\n"]
        running.expect(r"log +\| again: greeted[\s\S]*main +\| hello, world")
        wait_until(lambda: len(children(running.pid)) == 4, "there are the four again, and nobody else")
        running.send(TERM)
        assert running.wait().unit(name)["restartCount"] == 1

    def test_without_compute_nobody_waits(self, launch):
        running = start(launch, "helloworld/pod.yaml")
        running.expect("main +\\| hello, world")
        tell(launch, running, "ctl", "stop", "compute")
        nobody = [503, "nobody computes\n"]
        wait_until(lambda: visit(running, "ask(8080, '/hello/you')") == nobody, "compute is gone")
        running.expect("log +\\| you: nobody computes")
        running.expect_error("main +\\| nobody computes")
