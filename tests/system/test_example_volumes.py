"""The pods of examples/ that share volumes, as real processes, with volumes made by mounts and by links: what came
through them, what the pod ends with when one part fails, and that nothing of them is left."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from example_pods import Volumes, change, kill, process_of, start, visit
from system_harness import Result, Running, wait_until

TERM = signal.SIGTERM
MOUNTS, LINKS = Volumes.MOUNTS, Volumes.LINKS
FORMS = pytest.mark.parametrize(
    ("file", "volumes"), [("pod.yaml", MOUNTS), ("pod.toml", LINKS)], ids=["manifest, mounts", "pod file, links"]
)


def said_by(name: str, result: Result) -> list[str]:
    """A unit's lines."""
    return [line.partition("| ")[2] for line in result.lines if re.match(rf"{name} +\|", line)]


def how_it_sees(pid: int, path: str) -> Volumes:
    """What a process finds where it mounts a volume."""
    mounted = [line.split()[4] for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    is_link = Path(f"/proc/{pid}/root{path}").is_symlink()
    assert (path in mounted) is not is_link
    return LINKS if is_link else MOUNTS


@contextmanager
def places_of(running: Running) -> Iterator[Callable[[], set[str]]]:
    """Asked, it says what is in the pod's /srv and /run, also when it is no more; but for the folders of all pods."""
    kept = [os.open(f"/proc/{running.pid}/root{path}", os.O_RDONLY) for path in ("/srv", "/run")]

    def look() -> set[str]:
        found = {name for place in kept for _, *names, _ in os.fwalk(dir_fd=place) for name in sum(names, [])}
        return found - {"minipod", "volumes"}

    yield look
    for place in kept:
        os.close(place)


class TestJmeter:
    summary = "summary = (\\d+) in .* s, Err: (\\d+) "

    @FORMS
    def test_the_pod_ends_with_the_tests_code(self, launch_as_child, file, volumes):
        """As many samples as the plan has, and the site has seen them all."""
        result = start(launch_as_child, f"jmeter/{file}", volumes=volumes).wait()
        assert re.match(self.summary, said_by("jmeter", result)[-1]).groups() == ("20", "0")
        asked = [line for line in said_by("site", result) if line == '"GET / HTTP/1.1" 200 -']
        assert len(asked) == 20
        assert (result.code, result.unit("jmeter")["exitCode"]) == (0, 0)

    def test_a_site_that_says_something_else_fails_it(self, launch, tmp_path):
        other = change("jmeter/pod.yaml", tmp_path, ("^hello from app$", "^good day$"))
        result = start(launch, other).wait()
        assert re.match(self.summary, said_by("jmeter", result)[-1]).groups() == ("20", "20")
        assert result.code == 1

    def test_without_a_plan_there_is_no_test(self, launch, tmp_path):
        """The init fails, and its code is the pod's."""
        none = change("jmeter/pod.yaml", tmp_path, ("cp, /srv/given/test.jmx", "cp, /srv/given/none.jmx"))
        result = start(launch, none).wait()
        assert (result.code, result.unit("copy")["exitCode"]) == (1, 1)
        assert said_by("jmeter", result) == said_by("site", result) == []

    def test_a_test_that_is_interrupted_is_no_success(self, launch_as_child, tmp_path):
        endless = change("jmeter/pod.yaml", tmp_path, ("-Jloops=10", "-Jloops=1000000000"))
        running = start(launch_as_child, endless, volumes=LINKS)
        running.expect('site +\\| "GET / HTTP/1.1" 200')
        running.send(TERM)
        result = running.wait()
        made, errors = re.match(self.summary, said_by("jmeter", result)[-1]).groups()
        assert (result.code, int(made) > 0, errors) == (143, True, "0")

    def test_a_site_that_dies_fails_it(self, launch, tmp_path):
        """It comes back, the second time after a while, but what was asked meanwhile has had no answer."""
        slowly = ("[sidecar.site]", '[sidecar.site]\nbackoff = { initial = "3s" }')
        endless = change("jmeter/pod.toml", tmp_path, ("-Jloops=10", "-Jloops=1000000000"), slowly)
        running = start(launch, endless)
        running.expect('site +\\| "GET / HTTP/1.1" 200')
        for _ in range(2):
            kill(running, "app.py")
        running.expect('site +\\| listening[\\s\\S]*site +\\| "GET / HTTP/1.1" 200')
        running.send(TERM)
        result = running.wait()
        made, errors = map(int, re.match(self.summary, said_by("jmeter", result)[-1]).groups())
        assert 0 < errors < made and result.unit("site")["restartCount"] == 2


class TestWar:
    @FORMS
    def test_the_server_serves_what_the_init_brought(self, launch_as_child, file, volumes):
        running = start(launch_as_child, f"war/{file}", volumes=volumes)
        running.expect_error("tomcat: ready$")
        page = [200, "<!doctype html>\n<title>Hello</title>\n<p>Served from an archive.\n"]
        paths = ("/hello/", "/hello/hello.html", "/hello/WEB-INF/web.xml", "/hello/../hello.war", "/")
        missing = [404, "no such page\n"]
        assert visit(running, f"[ask(8080, path) for path in {paths!r}]") == [page, page, missing, missing, missing]
        running.send(TERM)
        assert running.wait().code == 0

    def test_an_application_that_cannot_be_brought_starts_no_server(self, launch, tmp_path):
        """A stop finds the init in its back-off; the server has not been there."""
        none = change("war/pod.yaml", tmp_path, ("/srv/webapps/hello.war,", "/srv/none/hello.war,"))
        running = start(launch, none)
        running.expect_error("application: restart 2 in 10s")
        running.send(TERM)
        result = running.wait()
        assert said_by("tomcat", result) == [] and result.unit("application")["exitCode"] == 1
        assert result.code == 143

    def test_an_archive_that_is_none(self, launch, tmp_path):
        no_archive = ('"python3", "-m", "zipfile", "-c", "/srv/webapps', '"cp", "war.py", "/srv/webapps')
        bare = (', "../war/hello.html", "../war/WEB-INF/"', "")
        final = ("[service.tomcat]", '[service.tomcat]\nrestart = "never"')
        broken = change("war/pod.toml", tmp_path, no_archive, bare, final)
        result = start(launch, broken).wait()
        assert result.code == 1 and "cannot read an archive in /srv/webapps: File is not a zip file" in result.err

    def test_the_server_that_dies_finds_it_again(self, launch):
        """A volume lives as long as the pod."""
        running = start(launch, "war/pod.yaml", volumes=LINKS)
        running.expect_error("tomcat: ready$")
        kill(running, "war.py")
        running.expect("tomcat +\\| deployed /hello[\\s\\S]*tomcat +\\| deployed /hello\ntomcat +\\| listening")
        assert visit(running, "ask(8080, '/hello/')")[0] == 200


class TestLogs:
    @staticmethod
    def numbers(result: Result) -> list[int]:
        return [int(line.split()[1]) for line in said_by("collect", result) if line.startswith("prime ")]

    @FORMS
    def test_every_line_comes_once_and_in_order(self, launch_as_child, tmp_path, file, volumes):
        """The last not before the collector is there: what had come first would end it before it can wait for that."""
        words = ("[python3, primes.py,", '["python3", "primes.py",')[file == "pod.toml"]
        script = 'until [ -e /srv/log/go ]; do sleep 0.01; done; exec "$0" "$@"'
        gated = change(f"logs/{file}", tmp_path, (words, words.replace("[", f"['sh', '-c', '{script}', ")))
        running = start(launch_as_child, gated, volumes=volumes)
        running.expect_error("collect +\\| collects")
        visit(running, "open('/srv/log/go', 'w').close()", at=process_of(running, "collect.py"))
        result = running.wait()
        assert self.numbers(result) == [*range(1, 2001)]
        assert said_by("collect", result)[-1] == "found 2000"
        assert (result.code, result.unit("collect")["exitCode"]) == (0, 0)

    def test_a_stop_in_the_middle_loses_no_line(self, launch, tmp_path):
        words = '[--every, "0.001", --max-bytes, "4000", --keep, "300"]'  # more than is written until both are stopped
        endless = change("logs/pod.yaml", tmp_path, ('[--count, "2000"]', words))
        running = start(launch, endless)
        running.expect("collect +\\| prime 300 is 1987")
        collector, writer = (process_of(running, program) for program in ("collect.py", "primes.py"))
        os.kill(collector, signal.SIGSTOP)  # so that there is something left to read when it is told to end
        newest = "os.stat('/srv/log/primes.log').st_ino"
        before = visit(running, newest, at=writer)
        wait_until(lambda: visit(running, newest, at=writer) != before, "the log is rotated")
        os.kill(writer, signal.SIGSTOP)  # the stop's TERM is followed by CONT
        running.send(TERM)
        result = running.wait()
        (told,) = said_by("primes", result)  # on its own stdout
        assert told == said_by("collect", result)[-1] == f"found {len(self.numbers(result))}"
        assert self.numbers(result) == [*range(1, len(self.numbers(result)) + 1)]
        assert "lost" not in result.err and result.code == 0

    def test_a_collector_that_is_killed_goes_on_where_it_was(self, launch, tmp_path):
        """What it had printed last may come twice."""
        endless = change("logs/pod.yaml", tmp_path, ('[--count, "2000"]', '[--every, "0.001"]'))
        running = start(launch, endless)
        running.expect("collect +\\| prime 50 is 229")
        remembers = "os.path.exists('/srv/log/collected')"  # it prints first: what it remembers is a moment behind
        collector = process_of(running, "collect.py")
        wait_until(lambda: visit(running, remembers, at=collector), "the collector remembers a place")
        kill(running, "collect.py")
        running.expect_error("collect +\\| collects[\\s\\S]*collect +\\| collects")
        running.send(TERM)
        result = running.wait()
        numbers = self.numbers(result)
        assert sorted({*numbers}) == [*range(1, max(numbers) + 1)]
        assert said_by("primes", result)[-1] == f"found {max(numbers)}"
        assert numbers.count(1) == 1

    def test_a_program_that_dies_is_heard_again(self, launch, tmp_path):
        endless = change("logs/pod.yaml", tmp_path, ('[--count, "2000"]', '[--every, "0.001"]'))
        running = start(launch, endless)
        running.expect("collect +\\| prime 50 is 229")
        kill(running, "primes.py")
        running.expect("collect +\\| prime 1 is 2$")
        running.send(TERM)
        assert running.wait().unit("primes")["restartCount"] == 1


class TestRedis:
    @pytest.mark.parametrize("volumes", Volumes, ids=lambda volumes: volumes.value)
    def test_what_was_kept_outlives_its_server(self, launch_as_child, volumes):
        running = start(launch_as_child, "redis/redis-controller.json", volumes=volumes)
        running.expect("redis +\\| listening")
        assert how_it_sees(process_of(running, "resp.py"), "/srv/data") is volumes
        talk = "redis(6379, 'PING', 'SET greeting hello', 'GET greeting', 'INCR visits', 'GET none', 'WHAT')"
        assert visit(running, talk) == (
            "+PONG\r\n+OK\r\n$5\r\nhello\r\n:1\r\n$-1\r\n-ERR unknown command 'WHAT'\r\n+OK\r\n"
        )
        kill(running, "resp.py")
        running.expect("redis +\\| listening")
        assert visit(running, "redis(6379, 'GET greeting', 'INCR visits')") == "$5\r\nhello\r\n:2\r\n+OK\r\n"
        with places_of(running) as places:
            assert "appendonly.aof" in places()
            running.send(TERM)
            result = running.wait()
            assert places() == set()
        assert (result.code, result.unit("redis")["restartCount"]) == (0, 1)
