"""Real containers for tests: podman and runc set up by setup.sh, images built on demand from examples/docker and from
the Dockerfile of this directory's own.

All workers of one run share one throw-away directory; the last one to leave removes it. With MINIPOD_CONTAINERS=DIR the
directory is kept, so that the next run finds its images. It must never touch containers or images of anybody else.

Without root, apt or a network the tests are skipped with one line that says why; under CI that is a failure.
"""

import collections
import fcntl
import json
import os
import pty
import queue
import re
import select
import struct
import subprocess
import termios
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
PODFILE = "/etc/minipod.toml"
EVENT_SECONDS = 100  # a hundred times what it takes
SETUP_SECONDS = 600

Process = collections.namedtuple("Process", "state pid ppid exe args")
PROCESSES = r"""
for p in /proc/[0-9]*; do
  set -- $(sed -n 's/^\(State\|Pid\|PPid\):.\([^ ]*\).*/\2/p' $p/status) &&
    printf '%s|%s|%s|%s|%s\n' "$@" "$(readlink $p/exe)" "$(tr '\0\n' '  ' < $p/cmdline)"
done 2>/dev/null
"""


def pytest_configure(config):
    config.addinivalue_line("markers", "containers: runs real containers; needs root and apt")
    config.stash[_USE] = _Use()


def pytest_sessionfinish(session):
    session.config.stash[_USE].end()


@contextmanager
def _locked(path):
    with open(path, "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class _Use:
    """This worker's share in the run's directory. All workers have one before the first test runs, because xdist
    collects on every worker first; so whoever can lock it alone is the last."""

    def __init__(self):
        kept = os.environ.get("MINIPOD_CONTAINERS")
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        self.kept = bool(kept)
        self.home = Path(kept or f"/var/tmp/minipod-{run[:12]}")
        self.lock = self.home.with_suffix(".lock")
        self._users_file = self.home.with_suffix(".users")
        self._users = open(self._users_file, "a")
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def end(self):
        with _locked(self.lock):
            fcntl.flock(self._users, fcntl.LOCK_UN)
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._remove()

    def _remove(self):
        if not self.kept and (self.home / "env.sh").exists():
            subprocess.run(["bash", "-c", '. "$0/env.sh" && containers_down', self.home], timeout=EVENT_SECONDS)
        self._users_file.unlink(missing_ok=True)
        self.lock.unlink(missing_ok=True)


_USE = pytest.StashKey[_Use]()


class Lines:
    """The lines of a stream as they come, read by a thread so that waiting can have a deadline."""

    def __init__(self, stream):
        self.seen = []
        self._queue = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def until(self, pattern, seconds=EVENT_SECONDS):
        """The next line in which ``pattern`` is found; AssertionError at the end of the stream or of ``seconds``."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line with {pattern!r} in:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if re.search(pattern, line):
                return line


class Terminal:
    """One command in front of a terminal of its own, from the side of who sits there."""

    def __init__(self, command, env, rows=24, columns=80):
        self._ours, its = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            command, env=env, stdin=its, stdout=its, stderr=its, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(its)
        self._text = b""
        self._cursor = 0

    def resize(self, rows, columns):
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self._ours, text.encode())

    def expect(self, pattern, seconds=EVENT_SECONDS):
        """The next match on the screen, after the one before."""
        wanted, end = re.compile(pattern.encode(), re.MULTILINE), time.monotonic() + seconds
        while not (found := wanted.search(self._text, self._cursor)):
            more = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))[0] and self._read()
            assert more, f"no {pattern!r}: {self._text!r}"
        self._cursor = found.end()
        return found

    def expect_all(self, *patterns):
        """Each of them, in any order; what comes next is looked for behind the last one."""
        start, end = self._cursor, self._cursor
        for pattern in patterns:
            self._cursor = start
            self.expect(pattern)
            end = max(end, self._cursor)
        self._cursor = end

    def _read(self):
        try:
            more = os.read(self._ours, 65536)
        except OSError:  # nobody has its other side any more
            return b""
        self._text += more
        return more

    def wait(self):
        """The exit code; all that is still said is read meanwhile, as nothing ends that cannot say its last words."""
        while self._read():
            pass
        return self.process.wait(EVENT_SECONDS)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


class Engine:
    """podman on a directory of its own."""

    def __init__(self, use):
        self._lock = use.lock
        self._images = {}
        files = {"CONTAINERS_CONF": "containers", "CONTAINERS_STORAGE_CONF": "storage"}
        self._env = dict(os.environ, CONTAINERS_REGISTRIES_CONF=str(use.home / "registries.conf"))
        self._env |= {variable: str(use.home / f"{name}.conf") for variable, name in files.items()}

    def podman(self, *words, check=True, seconds=EVENT_SECONDS):
        """One podman command, to its end: a CompletedProcess with texts."""
        done = subprocess.run(
            ["podman", *map(str, words)], env=self._env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"podman {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def remove(self, name):
        """A container, whether it runs or not. Where it has user ids of its own, the runtime's clean-up after its end
        may still hold a mount of it."""
        end = time.monotonic() + EVENT_SECONDS
        removal = ("rm", "--force", "--ignore", "--time", 0, name)
        while (done := self.podman(*removal, check=False)).returncode and "resource busy" in done.stderr:
            assert time.monotonic() < end, done.stderr
        assert done.returncode == 0, done.stderr

    @contextmanager
    def begin(self, *words):
        """One podman command, left running: a Popen with pipes for stdin and stdout (stderr comes there too)."""
        process = subprocess.Popen(
            ["podman", *map(str, words)], env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def terminal(self, *words):
        """One podman command in front of a ``Terminal``, left running."""
        return Terminal(["podman", *map(str, words)], self._env)

    def image(self, name):
        """The tag of the image made from examples/docker/NAME/Dockerfile as it is written; "bare" is our own."""
        if name not in self._images:
            tag = f"localhost/minipod-{name}"
            folder = HERE if name == "bare" else CHECKOUT / "examples/docker"
            dockerfile = folder / name / "Dockerfile"
            with _locked(self._lock):
                self.podman(
                    "build", "--pull=never", "--network=host", "-t", tag, "-f", dockerfile, CHECKOUT,
                    seconds=SETUP_SECONDS,
                )  # fmt: skip
            self._images[name] = tag
        return self._images[name]


class Container:
    """A detached container; removed by the fixture that made it."""

    def __init__(self, engine, name):
        self._engine = engine
        self.name = name

    def podman(self, verb, *words, check=True):
        """``podman VERB NAME WORDS``."""
        return self._engine.podman(verb, self.name, *words, check=check)

    def kill(self, signal):
        self._engine.podman("kill", "--signal", signal, self.name)

    def stop(self, seconds=60):
        """``podman stop``; returns (exit code, how long it took in s)."""
        start = time.monotonic()
        self._engine.podman("stop", "--time", seconds, self.name)
        return self.wait(), time.monotonic() - start

    def wait(self):
        """The exit code, once there is one."""
        return int(self.podman("wait").stdout)

    def minipod(self, *words):
        """``minipod WORDS`` in an exec session, whatever it ends with: a CompletedProcess."""
        return self.podman("exec", "minipod", *words, check=False)

    def inspect(self, path):
        """One value of what the runtime knows, as JSON."""
        return json.loads(self._engine.podman("inspect", "--format", f"{{{{json .{path}}}}}", self.name).stdout)

    def check_health(self):
        """(status, exit code, what was said) of its health check, asked now."""
        self._engine.podman("healthcheck", "run", self.name, check=False)
        health = self.inspect("State.Health")
        return health["Status"], health["Log"][-1]["ExitCode"], health["Log"][-1]["Output"].strip()

    def shell(self, script):
        """What ``sh -c SCRIPT`` says in an exec session."""
        return self.podman("exec", "sh", "-c", script).stdout.strip()

    def processes(self, args=""):
        """Those of its PID namespace whose arguments begin with ``args``."""
        found = [Process(*line.split("|", 4)) for line in self.shell(PROCESSES).splitlines()]
        return [process for process in found if process.args.startswith(args)]

    @staticmethod
    def until(question, seconds=EVENT_SECONDS):
        """What ``question()`` returns once it is true; AssertionError when it is not within ``seconds``."""
        end = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < end, "it never became true"
        return answer

    def session(self, *words):
        """An exec session left running, as ``Engine.begin`` gives it."""
        return self._engine.begin("exec", "--interactive", self.name, *words)

    @contextmanager
    def follow(self):
        """``Lines`` of all that the runtime logged and will log of it."""
        with self._engine.begin("logs", "--follow", self.name) as process:
            yield Lines(process.stdout)

    def wait_for_line(self, pattern):
        with self.follow() as lines:
            return lines.until(pattern)


def _unavailable(why):
    if os.environ.get("CI", "false") not in ("", "0", "false"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def engine(pytestconfig):
    use = pytestconfig.stash[_USE]
    with _locked(use.lock):
        done = subprocess.run(
            ["bash", HERE / "setup.sh", use.home], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SETUP_SECONDS,
        )  # fmt: skip
    if done.returncode:
        _unavailable((done.stderr.strip() or "cannot set up containers").splitlines()[-1])
    return Engine(use)


@pytest.fixture
def run(engine, tmp_path):
    """``run(*words, pod=TEXT, options=(…), image=EXAMPLE)``: a foreground container to its end, a CompletedProcess."""

    def run_to_end(*words, pod="", options=(), image="two-stage"):
        return engine.podman(
            "run", "--rm", *_mount(tmp_path, pod), *options, engine.image(image), *words, check=False
        )

    return run_to_end


@pytest.fixture
def start(engine, tmp_path):
    """``start(*words, pod=TEXT, options=(…), image=EXAMPLE)``: a detached ``Container``, removed after the test."""
    made = []

    def start_detached(*words, pod="", options=(), image="two-stage"):
        name = f"minipod-{uuid.uuid4().hex[:12]}"
        tag = engine.image(image)
        made.append(name)
        engine.podman("run", "--detach", "--name", name, *_mount(tmp_path, pod), *options, tag, *words)
        return Container(engine, name)

    yield start_detached
    for name in reversed(made):  # one that shares another's namespace goes first
        engine.remove(name)


@pytest.fixture
def sit(engine, tmp_path):
    """``sit(*words, pod=TEXT, options=(…), image=EXAMPLE)``: `podman run -it` in front of a ``Terminal``; it and its
    ``Container``."""
    made = []

    def sit_down(*words, pod="", options=(), image="two-stage"):
        name = f"minipod-{uuid.uuid4().hex[:12]}"
        mounted = _mount(tmp_path, pod)
        terminal = engine.terminal("run", "-it", "--name", name, *mounted, *options, engine.image(image), *words)
        made.append((name, terminal))
        return terminal, Container(engine, name)

    yield sit_down
    for name, terminal in made:
        engine.remove(name)
        terminal.close()


def _mount(directory, pod):
    if not pod:
        return ()
    file = directory / f"{uuid.uuid4().hex}.toml"
    file.write_text(pod)
    file.chmod(0o644)
    return ("--volume", f"{file}:{PODFILE}:ro")
