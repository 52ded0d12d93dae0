"""`minipod import`: the command line."""

import errno
import os

import pytest

from minipod import cli
from minipod.commands import new_file
from minipod.errors import CONFIG, USAGE, WRITE

CONF = "[program:web]\ncommand = server\nstdout_syslog = true\n"


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "supervisord.conf"
    path.write_text(CONF)
    return path


def test_to_stdout_with_what_is_lost_on_stderr(conf, capsys):
    assert cli.main(["import", str(conf)]) == 0
    out, err = capsys.readouterr()
    assert '[service.web]  # [program:web], supervisord.conf:1' in out
    assert f"{conf}:3:1: warning: `stdout_syslog` is not carried over\n  3 | stdout_syslog = true\n" in err
    assert "  why: minipod writes to no syslog" in err


def test_to_a_file_that_minipod_checks(conf, tmp_path, capsys):
    out = tmp_path / "pod.toml"
    assert cli.main(["import", str(conf), "-o", str(out)]) == 0
    assert cli.main(["check", "-q", str(out)]) == 0
    assert capsys.readouterr().out == ""


def test_nobodys_file_is_overwritten(conf, tmp_path, capsys):
    out = tmp_path / "pod.toml"
    out.write_text("mine")
    assert cli.main(["import", str(conf), "--output", str(out)]) == WRITE
    assert out.read_text() == "mine"
    assert "it is there already" in capsys.readouterr().err
    assert cli.main(["import", str(conf), "--output", str(tmp_path / "no" / "pod.toml")]) == WRITE


@pytest.mark.parametrize(
    ("name", "mode", "env", "expected"),
    [
        ("x.conf", 0o644, None, 0o644), ("x.conf", 0o666, None, 0o644), ("x.conf", 0o640, None, 0o640),
        ("x.conf", 0o400, None, 0o600), ("Procfile", 0o644, "KEY=hunter2\n", 0o644),
        ("Procfile", 0o644, "KEY=hunter2\nno line\n", 0o600),
    ],
)  # fmt: skip
def test_who_may_read_what_is_made(tmp_path, capsys, name, mode, env, expected):
    """Values of .env are where they were, but for lines that PID 1 would not take."""
    (tmp_path / name).write_text(CONF if name == "x.conf" else "web: server\n")
    (tmp_path / name).chmod(mode)
    if env is not None:
        (tmp_path / ".env").write_text(env)
    before = os.umask(0)
    try:
        assert cli.main(["import", str(tmp_path / name), "-o", str(tmp_path / "pod.toml")]) == 0
    finally:
        os.umask(before)
    assert (tmp_path / "pod.toml").stat().st_mode & 0o777 == expected
    assert ("hunter2" in (tmp_path / "pod.toml").read_text()) == (expected == 0o600 and env is not None)
    assert ("-o makes one that nobody else may read" in capsys.readouterr().err) == ("no line" in (env or ""))


def test_what_it_is_is_seen(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("Procfile.dev", "web: x\n"), ("x.conf", CONF), ("some", CONF), ("other", "web: x\n")):
        (tmp_path / name).write_text(text)
        assert cli.main(["import", name]) == 0, name
        assert "[service.web]" in capsys.readouterr().out
    assert cli.main(["import", "--from", "procfile", "x.conf"]) == CONFIG
    assert cli.main(["import", "--from", "supervisord", "other"]) == CONFIG


@pytest.mark.parametrize(
    ("name", "what"), [("pod.yaml", "a manifest"), ("c.YML", "a manifest"), ("p.toml", "a pod file")]
)
def test_what_needs_no_import(tmp_path, capsys, name, what):
    (tmp_path / name).write_text("web: x\n")
    assert cli.main(["import", str(tmp_path / name)]) == USAGE
    assert f"{name} is {what} by its name: minipod run takes it as it is" in capsys.readouterr().err
    assert cli.main(["import", "--from", "procfile", str(tmp_path / name)]) == 0


def test_what_is_no_utf8(tmp_path, capsys, monkeypatch):
    folder = tmp_path / os.fsdecode(b"d\xff")
    folder.mkdir()
    (folder / "s.conf").write_text("[program:web]\ncommand = x %(here)s\nstdout_logfile = %(ENV_BYTES)s\n")
    monkeypatch.setenv("BYTES", os.fsdecode(b"/\xff"))
    assert cli.main(["import", str(folder / "s.conf")]) == CONFIG
    err = capsys.readouterr().err
    assert "s.conf:2:1: error: in `command` '%(here)s' is no UTF-8" in err
    assert "s.conf:3:1: error: in `stdout_logfile` '%(ENV_BYTES)s' is no UTF-8" in err


def test_a_file_that_cannot_be_written_to_its_end_is_not_left_behind(conf, tmp_path, capsys, monkeypatch):
    def fail(handle, *args, **options):
        os.close(handle)
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(new_file, "open", fail, raising=False)
    assert cli.main(["import", str(conf), "-o", str(tmp_path / "pod.toml")]) == WRITE
    assert not (tmp_path / "pod.toml").exists()
    assert "cannot write it: no space left on device" in capsys.readouterr().err


def test_where_it_will_lie(tmp_path, capsys):
    (tmp_path / "s.conf").write_text("[program:web]\ncommand = x\ndirectory = %(here)s\n")
    assert cli.main(["import", "--here", "/opt", str(tmp_path / "s.conf")]) == 0
    assert 'working_dir = "/opt"' in capsys.readouterr().out
    assert cli.main(["import", str(tmp_path / "s.conf")]) == 0
    assert f'working_dir = "{tmp_path}"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [[], ["--from", "systemd", "x"], ["--port", "1", "CONF"], ["CONF", "also"], ["--nonsense", "CONF"]],
)
def test_mistakes_on_the_command_line(words, conf):
    assert cli.main(["import", *(str(conf) if word == "CONF" else word for word in words)]) == USAGE
    assert cli.main(["import", "--port", "1", str(conf)]) == USAGE


def test_a_file_that_is_none(tmp_path, capsys):
    for name, content in (("none", None), ("empty", b""), ("nul", b"[program:x]\ncommand=a\0b\n"), ("bytes", b"\xff")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        assert cli.main(["import", str(path)]) == CONFIG, name
    err = capsys.readouterr().err
    assert "nul:2:1: error: cannot read it: there is a NUL in it" in err


def test_help(capsys):
    assert cli.main(["import", "--help"]) == 0
    assert capsys.readouterr().out.startswith("minipod import [--from supervisord|procfile] [-o FILE] FILE\n")
