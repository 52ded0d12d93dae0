"""A Procfile becomes a pod, with its formation and its .env."""

from collections.abc import Callable
from pathlib import Path

import pytest
from brought import Brought, reread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minipod.errors import ConfigError, UsageError
from minipod.foreign.procfile import import_procfile
from minipod.supervisor.words import Kind

SECOND = 1_000_000_000


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., Brought]:
    """``bring(text, **options)``: of a Procfile in a directory of its own; ``env``, ``foreman``: files beside it."""

    def run(text: str, env: str | None = None, foreman: str | None = None, **options) -> Brought:
        for name, content in (("Procfile", text), (".env", env), (".foreman", foreman)):
            if content is not None:
                (tmp_path / name).write_text(content, encoding="utf-8")
        return reread(import_procfile(text, str(tmp_path / "Procfile"), **options), tmp_path)

    return run


def shell(text: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", text)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("python app.py --name 'a b' \"c d\"", ("python", "app.py", "--name", "a b", "c d")),
        ("./run --level=3 a:b@c", ("./run", "--level=3", "a:b@c")),
        ("serve -p $PORT", shell("serve -p $PORT")),
        ("A=1 run", shell("A=1 run")),
        ("cd x && run", shell("cd x && run")),
        ("exec run", shell("exec run")),
        ("run *.py", shell("run *.py")),
        ("run [ab]?", shell("run [ab]?")),
        ("run ~/x", shell("run ~/x")),
        ("run {a,b}", shell("run {a,b}")),
        ("run $(date)", shell("run $$(date)")),
        ("kill $$", shell("kill $$$")),
        ('run "$X"', shell('run "$X"')),
        ("run 'it", shell("run 'it")),
        ("run a\\ b", shell("run a\\ b")),
        ("run a # b", shell("run a # b")),
    ],
)
def test_a_command(bring, line, command):
    assert bring(f"web: {line}\n").unit("web").command == command


def test_as_foreman_runs_it(bring):
    brought = bring("web: serve\n\n# a comment\nworker_A:work\n")
    web, worker = brought.unit("web"), brought.unit("worker-a")
    assert (web.restart, web.essential, web.kind) == ("never", True, Kind.SERVICE)
    assert dict(web.env) == {"PORT": "5000", "PS": "web.1"}
    assert dict(worker.env) == {"PORT": "5100", "PS": "worker_A.1"}
    assert brought.reading.pod.termination_grace_period == 5 * SECOND
    assert brought.said() == []


def test_a_formation(bring):
    brought = bring("web: serve\nworker: work\nclock: tick\n", formation="web=2, worker:0")
    assert brought.names == ["web-1", "web-2", "clock"]
    assert [unit.env["PORT"] for unit in brought.reading.pod.units] == ["5000", "5001", "5200"]
    assert brought.said() == ["`worker` is not carried over"]
    assert bring("web: serve\nworker: work\n", formation="all=0,web=1").names == ["web"]


@pytest.mark.parametrize("formation", ["web", "web=x", "web=-1", "web=", "nobody=1", "web=99999"])
def test_a_formation_that_is_none(bring, formation):
    with pytest.raises(UsageError):
        bring("web: serve\n", formation=formation)


def test_the_first_port(bring):
    assert bring("web: serve\n", port="80").unit("web").env["PORT"] == "80"
    assert bring("web: serve\n", env="PORT=7000\n").unit("web").env["PORT"] == "7000"
    assert bring("web: serve\n", foreman="port: 9000\n").unit("web").env["PORT"] == "9000"
    assert "PORT is not carried over" in bring("web: serve\nb: x\n", port="65500").said()
    with pytest.raises(UsageError):
        bring("web: serve\n", port="0")


def test_what_foreman_is_told_beside_it(bring):
    brought = bring("web: serve\n", foreman="formation: web=2\ntimeout: 20\n")
    assert brought.names == ["web-1", "web-2"]
    assert brought.reading.pod.termination_grace_period == 20 * SECOND


def test_variables(bring):
    env = """
# a comment
export A=1
B = "two words\\n$(A)"   # why not
C='sin"gle\\n'
D=50$$ # x
E=
B=later
no variable
"""
    brought = bring("web: serve\n", env=env)
    wanted = {"A": "1", "C": 'sin"gle\\n', "D": "50$$$", "E": "", "B": "later"}
    assert list(brought.reading.pod.env.items()) == list(wanted.items())
    assert brought.said() == ["variables of `.env` stand under [env]", "this line is not carried over"]
    assert not any(problem.place.source for problem in brought.problems)  # it may be a secret


def test_a_file_that_pid_1_takes_is_named(bring, tmp_path):
    """Its secrets stay where they are."""
    brought = bring("web: serve\n", env="export A='s3cret $(B)'\nPORT=7000\nBARE\n")
    web = brought.unit("web")
    assert (dict(brought.reading.pod.env), web.env["PORT"]) == ({}, "7000")
    assert [(source.kind, source.path) for source in web.env_from] == [("env_file", str(tmp_path / ".env"))]
    assert "s3cret" not in brought.text and brought.said() == []


def test_another_file_of_variables(bring, tmp_path):
    (tmp_path / "more").write_text('X="a\\nb"\n')
    pod = bring("web: serve\n", env="A=1", variables=str(tmp_path / "more")).reading.pod
    assert [source.path for source in pod.units[0].env_from] == [str(tmp_path / "more")]
    with pytest.raises(ConfigError):
        bring("web: serve\n", variables=str(tmp_path / "nothing"))


def test_a_release_comes_first(bring):
    brought = bring("web: serve\nrelease: migrate\n")
    assert brought.unit("release").kind is Kind.INIT
    assert brought.said() == ["release runs once, before all others"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web: serve\nno line\n", "cannot read this line"),
        ("web:\n", "cannot read this line"),
        ("web: a\nweb: b\n", "`web` is there twice"),
        ("release: x\n", "nothing is left to run"),
        ("# nothing\n", "nothing is left to run"),
    ],
)
def test_what_is_none(bring, text, said):
    with pytest.raises(ConfigError) as caught:
        bring(text)
    assert said in [problem.message for problem in caught.value.problems]


_LINES = st.lists(
    st.one_of(
        st.builds("{}: {}".format, st.from_regex(r"[A-Za-z0-9_-]{1,5}", fullmatch=True), st.text(max_size=12)),
        st.text("a:_- #'\"$()\\\x1b\u0085é", max_size=12),
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=_LINES, env=st.text("AB=\"'\\\n #$()x", max_size=20))
def test_whatever_it_is_it_is_a_pod_or_a_mistake(lines, env, tmp_path):
    (tmp_path / ".env").write_text(env, encoding="utf-8")
    text = "\n".join(lines).replace("\0", "").replace("\r", "")
    try:
        imported = import_procfile(text, str(tmp_path / "Procfile"))
    except ConfigError as bad:
        assert bad.problems
        return
    reread(imported, tmp_path)
