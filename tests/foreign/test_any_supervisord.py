"""Any supervisord.conf: what comes out can be run, tells of every option, and means what supervisord's own reader makes
of the same file. Of what is no proper file every word is a mistake with its place, and nothing worse.
"""

import os
import re
import shlex
from pathlib import Path

import pytest
from brought import reread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from supervisor.options import ServerOptions

from minipod.errors import ConfigError
from minipod.foreign.supervisord import import_supervisord
from minipod.supervisor.words import Milestone, StopScope

ENVIRON = {"ONE": "1", "WORD": "some-word", "PATH": "/bin:/usr/bin"}
_TEXT = st.text("ab-_/.:,= ()[]{}é*?!~&|<>^@$", max_size=12)
_PIECE = st.sampled_from(
    ["a", "-x", "$", "$$", "$(", "$(WORD)", ")", "%%", "%(ENV_ONE)s", "%(ENV_WORD)s", "%(program_name)s", "%(here)s",
     "%(process_num)d", "%(process_num)02d", "%(group_name)s", "é", "\\"]
)  # fmt: skip
_PIECES = st.lists(_PIECE, max_size=5).map("".join)
_WORD = st.one_of(
    st.lists(_PIECE.filter(lambda piece: piece != "\\"), max_size=4).map(lambda pieces: "x" + "".join(pieces)),
    st.one_of(_TEXT, _PIECES).map(lambda text: shlex.quote(text.replace("%(", "%%(").replace("% ", "%% "))),
)
_YES_NO = st.sampled_from(["true", "false", "yes", "NO", "1", "0"])
_NAME = st.from_regex(r"[A-Z][A-Z0-9_]{0,3}", fullmatch=True)
_PLAIN_VALUE = st.text("abc0/.+-():", min_size=1, max_size=6)
_VALUE = st.one_of(_PLAIN_VALUE, st.one_of(_PIECES, _TEXT).map(lambda text: '"' + re.sub('["\\\\]', "", text) + '"'))


def _unbroken(text: str) -> str:
    """Of a value with a lone %: expressions whole, every other % twice."""
    return re.sub(r"%(?!%|\(\w+\)0?\d?[sd])(?<!%%)", "%%", text)


OPTIONS = {
    "command": st.lists(_WORD, min_size=1, max_size=4).map(lambda words: "run " + " ".join(words)),
    "priority": st.sampled_from(["1", "5", "999", "-3"]),
    "autostart": _YES_NO,
    "autorestart": st.sampled_from(["true", "false", "unexpected", "UNEXPECTED"]),
    "exitcodes": st.lists(st.integers(0, 255), max_size=3).map(lambda codes: ",".join(map(str, codes))),
    "startsecs": st.integers(-1, 10**12).map(str),
    "startretries": st.integers(-1, 10**12).map(str),
    "stopsignal": st.sampled_from(["TERM", "HUP", "SIGINT", "quit", "KILL", "USR1", "12", "SIGRTMIN"]),
    "stopwaitsecs": st.integers(-1, 10**12).map(str),
    "user": st.sampled_from(["root", "0"]),
    "umask": st.sampled_from(["022", "0o27", "77777", "2"]),
    "directory": st.sampled_from(["/tmp", "%(here)s", "/tmp/", "relative", "/%%"]),
    "environment": st.dictionaries(_NAME, _VALUE, max_size=4).map(
        lambda pairs: ",".join(f"{name}={value}" for name, value in pairs.items())
    ),
    "redirect_stderr": _YES_NO,
    "stdout_logfile": st.sampled_from(
        ["/tmp/a.log", "/tmp/%(program_name)s-%(process_num)d", "AUTO", "none", "/dev/stdout", "/dev/stderr", "b.log"]
    ),
    "stderr_logfile": st.sampled_from(["/tmp/a.log", "/tmp/e.log", "AUTO", "NONE", "/dev/stderr", "/dev/null"]),
    "stdout_logfile_maxbytes": st.sampled_from(["0", "1KB", "50MB", "7"]),
    "stdout_logfile_backups": st.integers(0, 10**4).map(str),
    "stderr_logfile_maxbytes": st.sampled_from(["0", "1gb"]),
    "stderr_logfile_backups": st.integers(0, 3).map(str),
    "stdout_capture_maxbytes": st.sampled_from(["0", "1MB"]),
    "stderr_capture_maxbytes": st.sampled_from(["0", "1MB"]),
    "stdout_events_enabled": _YES_NO,
    "stderr_events_enabled": _YES_NO,
    "stdout_syslog": _YES_NO,
    "stderr_syslog": _YES_NO,
    "serverurl": st.sampled_from(["AUTO", "http://localhost:9001"]),
    "nonsense": _PLAIN_VALUE,
}  # fmt: skip


@st.composite
def programs(draw: st.DrawFn, name: str) -> dict[str, str]:
    """The options of one [program:name] that supervisord takes."""
    chosen = draw(st.sets(st.sampled_from(sorted(OPTIONS)))) | {"command"}
    options = {key: _unbroken(draw(OPTIONS[key])) for key in sorted(chosen)}
    if draw(st.booleans()):
        options |= {"numprocs": str(draw(st.integers(1, 3))), "process_name": "%(program_name)s.%(process_num)02d"}
    if draw(st.booleans()):
        options["stopasgroup"] = draw(_YES_NO)
        if options["stopasgroup"].lower() in ("false", "no", "0"):
            options["killasgroup"] = draw(_YES_NO)
    return options


@st.composite
def files(draw: st.DrawFn) -> dict[str, dict[str, str]]:
    """Sections and their options."""
    names = draw(st.sets(st.sampled_from(["web", "db", "Worker_1", "web.x"]), min_size=1, max_size=3))
    sections: dict[str, dict[str, str]] = {"supervisord": {}}
    if draw(st.booleans()):
        environment = f"{draw(_NAME)}={draw(_PLAIN_VALUE)}"
        sections["supervisord"] = {"environment": environment, "umask": "022", "logfile": "/tmp/x"}
    for name in sorted(names):
        sections[f"program:{name}"] = draw(programs(name))
    if draw(st.booleans()):
        sections["group:all"] = {"programs": ",".join(sorted(names)[:2]), "priority": draw(OPTIONS["priority"])}
    return sections


def text_of(sections: dict[str, dict[str, str]]) -> str:
    return "\n".join(
        "\n".join([f"[{head}]", *(f"{name} = {value}" for name, value in options.items())])
        for head, options in sections.items()
    )


class Second(ServerOptions):
    """supervisord's reader. Paths need not be there."""

    def __init__(self, here: str):
        super().__init__()
        self.here = here
        self.environ_expansions = {f"ENV_{name}": value for name, value in ENVIRON.items()}


def second_opinion(path: Path) -> list:
    """supervisord's processes, in its own order of start."""
    options = Second(str(path.parent))
    root = options.read_config(str(path))
    return [(group, process) for group in root.process_group_configs for process in sorted(group.process_configs)]


def expanded(text: str, variables: dict[str, str]) -> str:
    """What the core does with `$(NAME)`."""
    return re.sub(
        r"\$\$|\$\(([^)]*)\)",
        lambda m: "$" if m[1] is None else variables.get(m[1], m[0]),
        text,
    )


def environment_of(pod, unit) -> dict[str, str]:
    found = dict(ENVIRON)
    for env in (pod.env, unit.env):
        for name, text in env.items():
            found[name] = expanded(text, found)
    return found


MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def bring(text: str, folder: Path):
    path = folder / "supervisord.conf"
    path.write_text(text, encoding="utf-8")
    return path, reread(import_supervisord(text, str(path), ENVIRON), folder)


@MANY
@given(sections=files())
def test_what_comes_out_can_be_run_and_tells_of_every_option(sections, tmp_path):
    text = text_of(sections)
    is_idle = all(
        options.get("autostart", "true").lower() in ("false", "no", "0")
        for head, options in sections.items() if head.startswith("program:")
    )  # fmt: skip
    if is_idle:
        with pytest.raises(ConfigError):
            bring(text, tmp_path)
        return
    _, brought = bring(text, tmp_path)
    said = brought.text + "\n".join(brought.said())
    for options in sections.values():
        for name in options:
            assert re.search(rf"\b{name}\b", said), name


@MANY
@given(sections=files())
def test_it_means_what_supervisord_makes_of_it(sections, tmp_path):
    for options in sections.values():
        options.pop("autostart", None)  # who is commented out is no unit
        options.pop("nonsense", None)
        if options.get("directory", "/").startswith(("relative", "/%")):
            del options["directory"]
    path, brought = bring(text_of(sections), tmp_path)
    theirs = second_opinion(path)
    units = {unit.name: unit for unit in brought.reading.pod.units}
    assert len(units) == len(theirs)
    names = {process.name: re.sub(r"[^a-z0-9]+", "-", process.name.lower()) for _, process in theirs}
    for _, process in theirs:
        unit = units[names[process.name]]
        env = environment_of(brought.reading.pod, unit)
        assert [expanded(word, env) for word in unit.command] == shlex.split(process.command)
        assert {name: env[name] for name in process.environment} == process.environment
        assert unit.working_dir == (process.directory or "")
        assert unit.stop_signal == process.stopsignal
        assert unit.stop_to is (StopScope.GROUP if process.stopasgroup else StopScope.MAIN)
        assert unit.termination_grace_period == max(0, min(process.stopwaitsecs * 10**9, (1 << 62) - 1))
        assert (unit.umask is None) == (process.umask is None and "umask" not in sections["supervisord"])
        is_expected = {code: unit.exit_codes.get(code, code) == 0 for code in (0, 1, *process.exitcodes)}
        for code, expected in is_expected.items():
            assert expected == (code in process.exitcodes) or unit.restart != "on_failure"
    order = [names[process.name] for _, process in theirs]
    for at, (group, process) in enumerate(theirs):
        for before in order[:at]:
            assert order[at] not in all_before(units, before), (before, order[at])
        lower = {
            names[p.name]
            for g, p in theirs
            if g.priority < group.priority or (g is group and p.priority < process.priority)
        }
        assert all_before(units, order[at]) == lower


def all_before(units, name: str) -> set[str]:
    found: set[str] = set()
    rest = [name]
    while rest:
        for other, milestone in units[rest.pop()].after.items():
            assert milestone is Milestone.STARTED
            if other not in found:
                found.add(other)
                rest.append(other)
    return found


_FRAGMENTS = st.sampled_from(
    """[program:x]|[program:|[|]|[supervisord]|[group:g]|[include]|[DEFAULT]|[program:a b]|=|:|command = x|command
  going on|numprocs = 3|process_name = %(process_num)d|programs = x,x,y|; c|files = *|environment = A="|command = "
priority = 1_0|environment = A=1,B|%(|%(x)s|user = a:b|umask = -1|stdout_logfile = /tmp/|stdout_logfile = ~/x
[fcgi-program:x]|\ufeff|\x1b[1m|command = \u0085 \u2028|identifier = ///|numprocs = -1|numprocs = 99999999999
stopsignal = 33|user =|exitcodes = ,|environment = =|command = %(ENV_WORD)s|priority = %(ENV_ONE)s|directory =
socket = x""".replace("\n", "|").split("|")
)


@MANY
@given(lines=st.lists(st.one_of(_FRAGMENTS, _TEXT), max_size=12))
def test_whatever_it_is_it_is_a_pod_or_a_mistake(lines, tmp_path):
    text = "\n".join(lines)
    folder = tmp_path / "alone"
    os.makedirs(folder, exist_ok=True)
    try:
        imported = import_supervisord(text, str(folder / "supervisord.conf"), ENVIRON)
    except ConfigError as bad:
        assert bad.problems
        return
    reread(imported, tmp_path)
