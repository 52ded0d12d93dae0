"""The subjects: how each init and supervisor is told to run N copies of a program, and what it can do at all.

A subject prepares its configuration in a folder of its own and says how PID 1 is started; it never starts anything.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from bench.arena import Launch
from bench.kit import Kit

_ROOT = Path(__file__).parent.parent
_MANIFEST = """\
apiVersion: v1
kind: Pod
metadata:
  name: bench
spec:
  restartPolicy: Never
  containers:
  - name: s0
    image: bench
    command: ["{program}"]
"""
_PYPI = _ROOT / ".cache/bench/bin"
FILE, PYTHON = "minipod FILE", "python3 -c pass"
HEALTH, STATUS = "health", "status"


@dataclass(frozen=True)
class Asking:
    """A startup, a liveness and a readiness probe for each service, of a kind (tcp, http, exec), at a port of the
    loopback. An exec probe runs ``knock``, which connects to it."""

    kind: str
    port: int
    period_us: int
    knock: Path


@dataclass(frozen=True)
class Job:
    """What is to be run: ``count`` services, each ``program``, with their output captured or not."""

    count: int
    program: Path
    logs: bool = False
    raw: bool = False       # and what comes out is what they wrote
    once: bool = False  # the services end by themselves and the pod with them
    asking: Asking | None = None
    question: str = ""      # that it can be asked while it runs: HEALTH or STATUS


Prepare = Callable[[Job, Path], Launch]


@dataclass(frozen=True)
class Subject:
    """``tools``: the programs it needs, the first one first; ``package`` has them, in Debian if not said otherwise."""

    name: str
    tools: tuple[str, ...]
    prepare: Prepare
    package: str = ""
    many: bool = False          # runs more than one service
    captures: bool = False      # can put pipes between services and its own output
    logs_to_files: bool = False # what it captures does not come out of it
    restarts: bool = False
    probes: bool = False
    forwards: bool = False      # USR1 reaches the service
    answers: frozenset[str] = frozenset()   # the questions that it can be asked
    least: int = 5              # runs of a cell, however long they take
    warm: float = 0.0           # seconds that a service must have been up for its restart to be due at once
    exec_word: str = ""         # as what the service's program is executed, if not by its path
    stale: tuple[str, ...] = () # globs of what a run leaves in the folder and the next one must not find
    extra: tuple[str, ...] = () # folders of more files that it needs on disk
    column: str = ""            # of the table, if not its own
    only: str = ""              # the key of the rows that it is there for

    @property
    def shown_under(self) -> str:
        return self.column or self.name

    def found(self) -> bool:
        return all(map(find_tool, self.tools))

    def freshen(self, folder: Path) -> None:
        """Remove what a run before this one left behind."""
        for pattern in self.stale:
            for path in folder.glob(pattern):
                shutil.rmtree(path)


def find_tool(name: str) -> str | None:
    """The absolute path of a program: an absolute one itself, then the harness's own PyPI folder, then PATH."""
    return shutil.which(name) or shutil.which(name, path=str(_PYPI))


def _tool(name: str) -> str:
    path = find_tool(name)
    if path is None:
        raise FileNotFoundError(name)
    return path


def make_floor(kit: Kit) -> Subject:
    """The bare C floor."""
    def prepare(job: Job, folder: Path) -> Launch:
        if job.asking:
            return Launch(list(map(str, [kit.path("floor_probe"), job.count, job.program, *astuple(job.asking)])))
        program = kit.path("floor_raw" if job.raw else "floor_log" if job.logs else "floor")
        return Launch([str(program), str(job.count), str(job.program)])

    return Subject("floor", (str(kit.path("floor")),), prepare, many=True, captures=True, restarts=True, probes=True)


def make_minipod(binary: str) -> Subject:
    """minipod with a plan compiled beforehand by its own Python."""
    def prepare(job: Job, folder: Path) -> Launch:
        config, plan = folder / "pod.toml", folder / "pod.plan"
        socket = str(folder / "control") if job.question else ""
        config.write_text(write_pod(job, socket))
        subprocess.run([binary, "compile", str(config), "-o", str(plan)], check=True, cwd=folder)
        return Launch([binary, "run", str(plan)], socket=socket,
                      asks=(binary, "get" if job.question == STATUS else HEALTH))

    return Subject("minipod", (binary,), prepare, many=True, captures=True, restarts=True, forwards=True, probes=True,
                   answers=frozenset({HEALTH, STATUS}))


def make_askers(kit: Kit, minipod: Subject, python: str) -> list[Subject]:
    """Others who ask minipod, or start as fast as anything that asks could."""
    def make(name: str, tool: str, question: str, say: Callable[[str], tuple[str, ...]], column: str = "") -> Subject:
        def prepare(job: Job, folder: Path) -> Launch:
            launch = minipod.prepare(job, folder)
            return replace(launch, asks=(_tool(tool), *say(launch.socket)))

        return Subject(name, (tool,), prepare, tool, column=column, only="ask", answers=frozenset({question}))

    return [make("bare round trip", str(kit.path("floor_ask")), HEALTH, lambda socket: (socket,), "floor"),
            make("curl", "curl", HEALTH, lambda socket: ("-sf", "--unix-socket", socket, "http://pod/healthz")),
            make(PYTHON, python, STATUS, lambda _: ("-c", "pass"), "floor")]


def make_minipod_file(binary: str) -> Subject:
    """minipod with a TOML file: compiled by a child of PID 1 while it starts."""
    def prepare(job: Job, folder: Path) -> Launch:
        config = folder / "pod.toml"
        config.write_text(write_pod(job))
        return Launch([binary, "run", str(config)])

    return Subject(FILE, (binary,), prepare, column="minipod")


def make_minipod_manifest(binary: str) -> Subject:
    """The same pod as a Kubernetes manifest."""
    def prepare(job: Job, folder: Path) -> Launch:
        manifest = folder / "pod.yaml"
        manifest.write_text(_MANIFEST.format(program=job.program))
        return Launch([binary, "run", str(manifest)])

    return Subject("minipod MANIFEST", (binary,), prepare, column="minipod", only="manifest")


def make_minipod_volume(binary: str, *, has_volume: bool) -> Subject:
    """A pod of one service, with an emptyDir or without, where no other pod has left anything to take back."""
    def prepare(job: Job, folder: Path) -> Launch:
        config, plan, run = folder / "pod.toml", folder / "pod.plan", folder / "run"
        run.mkdir()
        mounted = f"volumes = {{ data = '{folder}/data' }}\n[volume.data]\nempty_dir = true\n" if has_volume else ""
        config.write_text(write_pod(job) + mounted)
        subprocess.run([binary, "compile", str(config), "-o", str(plan)], check=True, cwd=folder)
        return Launch([binary, "run", str(plan)], ((str(run), "/run"),))

    name, column = ("one emptyDir", "minipod") if has_volume else ("no volume", "floor")
    return Subject(name, (binary,), prepare, column=column, only="volume", stale=("run/*", "data"))


def make_interpreter(python: str) -> Subject:
    """An interpreter that does nothing: what `minipod run FILE` is held against."""
    return Subject(PYTHON, (python,), lambda job, folder: Launch([python, "-c", "pass"]), column="floor")


def write_pod(job: Job, socket: str = "") -> str:
    """A pod as TOML. Modes of output are minipod's default where captured, else the descriptor itself."""
    lines = ["[pod]", 'name = "bench"', *([f"control = {socket!r}"] if socket else [])]
    log = "raw" if job.raw else "prefix" if job.logs else "inherit"
    if job.once:
        lines.append('restart = "never"')
    for number in range(job.count):
        lines += [f"[service.s{number}]", f"command = [{str(job.program)!r}]", f"log = {log!r}"]
        if job.asking:
            lines += _write_probes(job.asking, number)
    return "\n".join(lines) + "\n"


def _write_probes(asking: Asking, number: int) -> Iterator[str]:
    """Each asks an address of its own: four times its service's number, from 1 on, and which of the three it is."""
    for which, kind in enumerate(("startup", "liveness", "readiness")):
        who = 4 * (number + 1) + which
        host = f"127.{who >> 16}.{who >> 8 & 255}.{who & 255}"
        how = {"tcp": f"tcp_socket = {{ host = '{host}', port = {asking.port} }}",
               "http": f"http_get = {{ host = '{host}', port = {asking.port} }}",
               "exec": f"exec = ['{asking.knock}', '{who}', '{asking.port}']"}[asking.kind]
        yield f"{kind}_probe = {{ {how}, period = {asking.period_us / 1e6} }}"


def make_single(name: str, tool: str, words: tuple[str, ...], package: str = "") -> Subject:
    """An init of one program: its words come before the program's."""
    def prepare(job: Job, folder: Path) -> Launch:
        return Launch([_tool(tool), *words, str(job.program)])

    return Subject(name, (tool,), prepare, package or tool, forwards=True)


def make_alone(name: str, words: list[str], column: str, key: str, *, takes_program: bool) -> Subject:
    """One that is there for the rows of a key alone: an init of one program, or one that runs nothing."""
    def prepare(job: Job, folder: Path) -> Launch:
        return Launch([*words, str(job.program)] if takes_program else words)

    return Subject(name, (words[0],), prepare, column=column, only=key)


def _name_copies(job: Job, folder: Path) -> list[Path]:
    """A name of its own for each copy of the program: busybox init takes equal lines for one."""
    if job.count == 1:
        return [job.program]
    names = [folder / f"s{number}" for number in range(job.count)]
    for name in names:
        name.symlink_to(job.program)
    return names


def _prepare_busybox(job: Job, folder: Path) -> Launch:
    etc = folder / "etc"
    etc.mkdir()
    (etc / "inittab").write_text("".join(f"::respawn:{path}\n" for path in _name_copies(job, folder)))
    init = folder / "init"
    init.symlink_to(_tool("busybox"))
    return Launch([str(init)], ((str(etc), "/etc"),))


def _make_service_folders(job: Job, folder: Path, log_words: str) -> Path:
    scan = folder / "scan"
    for number in range(job.count):
        service = scan / f"s{number}"
        service.mkdir(parents=True)
        (service / "run").symlink_to(job.program)
        if job.logs:
            (service / "log").mkdir()
            run = service / "log/run"
            run.write_text(f"#!/bin/sh\nexec {log_words.format(number=number, folder=folder)}\n")
            run.chmod(0o755)
    return scan


def _prepare_runit(job: Job, folder: Path) -> Launch:
    for number in range(job.count if job.logs else 0):
        logs = folder / f"log{number}"
        logs.mkdir()
        (logs / "config").write_text(f"ps{number} | \n")
    scan = _make_service_folders(job, folder, _tool("svlogd") + " {folder}/log{number}" if job.logs else "")
    return Launch([_tool("runsvdir"), str(scan)])


def _prepare_s6(job: Job, folder: Path) -> Launch:
    prefix = "" if job.raw else "'ps{number} | ' "
    words = f"{_tool('s6-log')} {prefix}1" if job.logs else ""
    return Launch([_tool("s6-svscan"), str(_make_service_folders(job, folder, words))])


def _prepare_cat(job: Job, folder: Path) -> Launch:
    return Launch([_tool("sh"), "-c", f"{job.program} | {_tool('cat')}"])


def _prepare_honcho(job: Job, folder: Path) -> Launch:
    procfile = folder / "Procfile"
    procfile.write_text("".join(f"s{number}: exec {job.program}\n" for number in range(job.count)))
    return Launch([_tool("honcho"), "start", "-f", str(procfile)])


def _prepare_supervisord(job: Job, folder: Path) -> Launch:
    socket = str(folder / "control") if job.question else ""
    server = (f"[unix_http_server]\nfile = {socket}\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
              "supervisor.rpcinterface:make_main_rpcinterface\n"
              f"[supervisorctl]\nserverurl = unix://{socket}\n") if socket else ""
    log = "/dev/fd/1\nstdout_logfile_maxbytes = 0" if job.logs else "NONE"
    (folder / "supervisord.conf").write_text(
        f"[supervisord]\nnodaemon = true\nuser = root\nlogfile = /dev/null\nlogfile_maxbytes = 0\n"
        f"pidfile = {folder}/pid\n[program:s]\ncommand = {job.program}\nnumprocs = {job.count}\n"
        f"process_name = s%(process_num)d\nstdout_logfile = {log}\nstderr_logfile = NONE\n{server}")
    words = ("-c", str(folder / "supervisord.conf"))
    return Launch([_tool("supervisord"), "-n", "-s", *words], asks=(_tool("supervisorctl"), *words, "status"),
                  socket=socket)


_PEERS = (
    make_single("tini", "tini", ("--",)),
    make_single("dumb-init", "dumb-init", ()),
    make_single("catatonit", "catatonit", ("--",)),
    Subject("busybox", ("busybox",), _prepare_busybox, "busybox-static", many=True, restarts=True, warm=1.1),
    Subject("runit", ("runsvdir", "runsv", "svlogd"), _prepare_runit, "runit", many=True, captures=True, restarts=True,
            logs_to_files=True, warm=1.1, exec_word="./run", stale=("scan/*/supervise", "scan/*/log/supervise")),
    Subject("s6", ("s6-svscan", "s6-supervise", "s6-log"), _prepare_s6, "s6", many=True, captures=True, restarts=True,
            warm=1.1, exec_word="./run",
            stale=("scan/.s6-svscan", "scan/*/supervise", "scan/*/event", "scan/*/log/supervise", "scan/*/log/event")),
    Subject("supervisord", ("supervisord",), _prepare_supervisord, "supervisor (PyPI)", many=True, captures=True,
            restarts=True, answers=frozenset({STATUS}), warm=1.2,
            extra=tuple(map(str, _PYPI.parent.glob("lib/*/site-packages/supervisor")))),
    Subject("honcho", ("honcho",), _prepare_honcho, "honcho (PyPI)", many=True, captures=True, least=2,
            only="log"),
    Subject("cat", ("cat",), _prepare_cat, "coreutils", captures=True, only="log"),
)


def list_subjects(kit: Kit, minipod: str | None, python: str = sys.executable) -> list[Subject]:
    """All subjects in the table's order, found or not. Without ``minipod`` its own are left out."""
    own = []
    if minipod:
        core = make_minipod(minipod)
        own = [core, make_single("minipod --", minipod, ("--",), "minipod"),
               make_minipod_file(minipod), make_minipod_manifest(minipod), make_interpreter(python),
               make_minipod_volume(minipod, has_volume=False), make_minipod_volume(minipod, has_volume=True),
               *make_askers(kit, core, python),
               make_alone("minipod pause", [minipod, "pause"], "minipod --", "pause", takes_program=False)]
    alone = [make_alone("floor_one", [str(kit.path("floor_one"))], "floor", "one", takes_program=True),
             make_alone("pause, musl", [str(kit.path("pause"))], "floor", "pause", takes_program=False),
             make_alone("pause, glibc", [str(kit.path("pause_libc"))], "pause, glibc", "pause", takes_program=False)]
    return [make_floor(kit), *own, *_PEERS, *alone]
