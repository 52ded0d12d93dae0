"""The Dockerfiles of examples/docker, built as they are written, and what their READMEs promise."""

import re
import tarfile
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples/docker"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/Dockerfile"))
TERMINATED = 143
LONG = ("--env", "MINIPOD_GRACE=90")  # seconds: who waits for it to end is seen on the slowest machine

real = [pytest.mark.containers, pytest.mark.timeout(900)]


def dockerfile(name):
    return (EXAMPLES / name / "Dockerfile").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_runtime_is_told_which_signal_stops(name):
    assert re.findall(r"^STOPSIGNAL (.*)", dockerfile(name), re.M) == ["SIGTERM"]


def test_all_make_the_wheel_alike():
    """Those of the examples and the tests' own: it is built once."""
    texts = [dockerfile(name) for name in NAMES] + [Path(__file__).with_name("bare").joinpath("Dockerfile").read_text()]
    stages = {re.search(r"^FROM \S+ AS wheel\n.*?^$", text, re.M | re.S).group() for text in texts}
    assert len(texts) == 5 and len(stages) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_shows_how_to_build_it(name):
    assert f"docker build -f examples/docker/{name}/Dockerfile" in (EXAMPLES / name / "README.md").read_text()


class TestTwoStages:
    pytestmark = real
    fetch = "python3 -c 'from urllib.request import urlopen; print(urlopen(\"http://127.0.0.1:8000/\").read())'"

    def test_serves_and_stops(self, start):
        container = start(options=LONG)
        container.wait_for_line(r"web +\| Serving HTTP")
        assert "Served by one of the programs" in container.shell(self.fetch)
        code, seconds = container.stop(90)
        assert code == TERMINATED and seconds < 60

    def test_has_no_compiler(self, run):
        found = run("-c", "command -v gcc musl-gcc cc", options=("--entrypoint", "sh"))
        assert (found.returncode, found.stdout) == (127, "")


class TestScratch:
    pytestmark = real

    def test_holds_three_files(self, start, engine, tmp_path):
        container = start(image="scratch")
        engine.podman("export", "--output", tmp_path / "image.tar", container.name)
        with tarfile.open(tmp_path / "image.tar") as tar:
            files = {member.name: member.size for member in tar if member.isfile() and member.size}
        assert set(files) == {"minipod", "greeter", "pod.plan"}

    def test_greets_and_stops(self, start):
        container = start(image="scratch")
        container.wait_for_line(r"greeter +\| hello")
        assert container.stop()[0] == 0
        assert "goodbye" in container.podman("logs").stdout

    def test_the_plan_sees_the_environment_of_the_run(self, start):
        start(image="scratch", options=("--env", "GREETING=good day")).wait_for_line(r"greeter +\| good day$")


class TestOneProgram:
    pytestmark = real

    def test_the_exit_code_is_the_programs(self, run):
        done = run("python3", "-c", "print('out'); raise SystemExit(3)", image="one-program")
        assert (done.returncode, done.stdout) == (3, "out\n")

    def test_the_programs_own_options_are_its_own(self, run):
        assert run("ls", "-d", "/srv", image="one-program").stdout == "/srv\n"

    @pytest.mark.parametrize(("command", "code"), [("/no/such/program", 127), ("/srv", 126)])
    def test_what_cannot_be_executed(self, run, command, code):
        assert run(command, image="one-program").returncode == code

    def test_stops(self, start):
        container = start(image="one-program", options=LONG)
        container.wait_for_line("Serving HTTP")
        code, seconds = container.stop(90)
        assert code == TERMINATED and seconds < 60


class TestCI:
    pytestmark = real

    def test_passes_with_its_tests(self, run):
        done = run(image="ci")
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout + done.stderr
        assert said.index("test_what_is_added_is_listed") < said.index("database system is shut down")

    def test_fails_with_its_tests(self, run, tmp_path):
        failing = tmp_path / "test_app.py"
        failing.write_text("import unittest\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.fail()\n")
        failing.chmod(0o644)
        assert run(image="ci", options=("--volume", f"{failing}:/srv/test_app.py:ro")).returncode == 1
