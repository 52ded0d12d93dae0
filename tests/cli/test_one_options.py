"""The command line of one command: what is read as ours, what is the program's, and what is wrong with it."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from system_harness import tool

from minipod.config.toml import loads

USAGE = 64
OURS = ("MINIPOD_", "TINI_", "DUMB_INIT_")


@pytest.fixture
def call(minipod: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command with these words, by this name; ``env`` is added to an environment that says nothing to it."""

    def run(*words: str, name: str = "minipod", **env: str) -> subprocess.CompletedProcess[str]:
        link = tmp_path / name
        if not link.is_symlink():
            link.symlink_to(minipod)
        given = {key: value for key, value in os.environ.items() if not key.startswith(OURS)} | env
        return subprocess.run([link, *words], env=given, capture_output=True, text=True, timeout=60)

    return run


def exits(code: int) -> list[str]:
    return ["sh", "-c", f"exit {code}"]


# --- whose words


@pytest.mark.parametrize(("name", "before"), [
    ("minipod", ["--"]), ("minipod", ["-v", "--"]), ("minipod", ["-e", "3", "--"]),
    ("tini", []), ("tini", ["--"]), ("tini", ["-g"]), ("docker-init", ["-g", "--"]), ("tini-static", ["-e3"]),
    ("dumb-init", []), ("dumb-init", ["-c"]), ("dumb-init", ["--rewrite", "15:2", "--"]),
    ("catatonit", []), ("podman-init", ["--"]), ("catatonit", ["-g"]),
])
def test_the_programs_options_are_its_own(call, name: str, before: list[str]) -> None:
    words = ["-l", "-h", "--report", "--version", "--", "$HOME", "*", ""]
    done = call(*before, "printf", "%s;", *words, name=name)
    assert (done.returncode, done.stdout) == (0, "".join(f"{word};" for word in words))


@pytest.mark.parametrize("words", [["-g", "sleep", "1"], ["-e", "3", "sleep"], ["--verbose", "sh", "-c", "true"]])
def test_dashes_are_asked_for(call, words: list[str]) -> None:
    done = call(*words)
    [line] = done.stderr.splitlines()
    program = next(word for word in words[1:] if word.isalpha())
    assert done.returncode == USAGE
    assert line.startswith("minipod: put -- before the program: ") and line.endswith(f" -- {program}")


@pytest.mark.parametrize("words", [
    ["-e", "3"], ["-e3"], ["-e=3"], ["--exit-code", "3"], ["--exit-code=3"], ["--exit=3"], ["-ge3"], ["-gvwe", "3"],
    ["-e", "3:0"], ["-e5:6", "-e", "3:9", "-e3:0"],
])
def test_options_are_read_as_getopt_does(call, words: list[str]) -> None:
    assert call(*words, "--", *exits(3)).returncode == 0


# --- what is wrong

BAD = [
    ("--foo", "there is no option --foo"), ("-z", "there is no option -z"), ("-gz", "there is no option -z"),
    ("--foo=bar", "there is no option --foo;"), ("--re", "--re may be --rewrite or --report"),
    ("--=x", "there is no option --=x"), ("--group=1", "--group=1: it takes no value"), ("-w=1", "-w=1: it takes no"),
    ("--report=", "--report=: it names no file"),
    ("-e256", "-e 256: it is FROM or FROM:TO"), ("-e", "-e FROM[:TO]: its value is missing"),
    ("-e3:", "it is FROM or FROM:TO"), ("--exit-code=x", "--exit-code=x: it is FROM"),
    ("-rUSR1", "-r USR1: it is FROM:TO"), ("-rUSR1:FOO", "-r USR1:FOO: no such signal"), ("-rHUP:65", "no such signal"),
    ("-rKILL:TERM", "nobody can be given"), ("-rCHLD:0", "nobody can be given"), ("-rCLD:0", "nobody can be given"),
    ("-r0:1", "no such signal"),
    ("-rRTMIN+31:1", "no such signal"), ("-pNONE", "-p NONE: no such signal"), ("-p0", "no such signal"),
    ("-tsoon", "-t soon: it is no duration"), ("--grace=", "--grace=: it is no duration"),
]


@pytest.mark.parametrize(("word", "says"), BAD)
def test_a_mistake_is_one_line_and_64(call, word: str, says: str) -> None:
    done = call(word, "--", "true")
    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert line.startswith("minipod: ") and says in line


@pytest.mark.parametrize(("name", "word"), [("tini", "-z"), ("tini", "--group"), ("docker-init", "-c"), ("tini", "-ex"),
                                            ("dumb-init", "-g"), ("dumb-init", "--yolo"), ("dumb-init", "-r15"),
                                            ("catatonit", "-v"), ("podman-init", "-l"), ("catatonit", "--help")])
def test_by_other_names_it_is_1(call, name: str, word: str) -> None:
    done = call(word, "true", name=name)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize(("variable", "value"), [
    ("MINIPOD_EXIT_CODE", "3 x"), ("MINIPOD_REWRITE", "HUP"), ("MINIPOD_PDEATHSIG", "NONE"), ("MINIPOD_GRACE", "soon"),
    ("MINIPOD_WARN", "maybe"), ("MINIPOD_SINGLE_CHILD", "2"), ("MINIPOD_VERBOSE", "loud"), ("MINIPOD_GROUP", "all"),
])
def test_a_mistake_in_the_environment_is_named(call, variable: str, value: str) -> None:
    done = call("--", "true", **{variable: value})
    assert done.returncode == USAGE
    assert done.stderr.startswith(f"minipod: {variable}={value}: ")
    assert call("true", name="tini", **{variable: value}).returncode == 1


@pytest.mark.parametrize("name", ["minipod", "tini", "dumb-init", "catatonit"])
def test_without_a_program_it_says_how_it_is_called(call, name: str) -> None:
    for words in (["--"], ["-g" if name == "catatonit" else "-v"]):
        done = call(*words, name=name)
        assert done.returncode == (USAGE if name == "minipod" else 1)
        assert f"{name} [OPTIONS]" in done.stderr
    if name != "minipod":
        assert call(name=name).returncode == 1


# --- what cannot be executed


@pytest.mark.parametrize("name", ["minipod", "tini", "dumb-init", "catatonit"])
def test_not_found_is_127_and_the_rest_126(call, tmp_path: Path, name: str) -> None:
    """One line that names the program, as it was written, and says why. Who runs it is no unit of a pod."""
    script, plain = tmp_path / "script", tmp_path / "plain"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    plain.write_text("")
    wanted = {"no-such-program": (127, "no such file or directory on PATH"), "": (127, "no such file or directory"),
              "/no/such/file": (127, "no such file or directory"),
              str(script): (127, "the interpreter in its first line, or its loader, does not exist"),
              str(plain): (126, "permission denied"), str(tmp_path): (126, "is a directory"),
              f"{plain}/x": (126, "not a directory")}
    for program, (code, why) in wanted.items():
        done = call("--", program, name=name)
        says = program or "''"
        assert (done.returncode, done.stderr) == (code, f"minipod: cannot execute {says}: {why}\n")


def test_the_reason_does_not_fall_off_a_long_line(call) -> None:
    done = call("--", f"/{'long' * 1000}")
    assert (done.returncode, done.stderr[-16:]) == (126, ": name too long\n")


@pytest.mark.parametrize(("name", "code", "out"), [
    ("minipod", 126, ""), ("tini", 3, "<{path}><a b><>\n"), ("docker-init", 3, "<{path}><a b><>\n"),
    ("dumb-init", 3, "<{path}><a b><>\n"), ("catatonit", 3, "<{path}><a b><>\n"),
])
def test_a_script_without_a_first_line(call, tmp_path: Path, name: str, code: int, out: str) -> None:
    """The originals ask the C library, which hands to /bin/sh what the kernel knows no format of: images rely on it."""
    script = tmp_path / "bin" / "script"
    script.parent.mkdir()
    script.write_text("printf '<%s>' \"$0\" \"$@\"; echo; exit 3\n")
    script.chmod(0o755)
    for word, env in ((str(script), {}), ("script", {"PATH": f"{script.parent}:{os.environ['PATH']}"})):
        done = call("--", word, "a b", "", name=name, **env)
        assert (done.returncode, done.stdout) == (code, out.format(path=script))
        told = f"minipod: cannot execute {word}: not a program (no #! line and no known binary format)\n"
        assert done.stderr == (told if name == "minipod" else "")


def test_what_cannot_be_executed_is_not_remapped(call) -> None:
    assert call("-e", "127", "-e", "126", "--", "no-such-program").returncode == 127


def test_no_process_to_be_had_is_126_at_once(launch_named) -> None:
    result = launch_named().solo("true", wrap=tool("given", "without-processes")).wait()
    assert result.code == 126
    assert "true: no resources for another process" in result.err


# --- what they do


def test_exit_codes_count_as_said(call) -> None:
    for code in range(256):
        assert call("-e", str(code), *exits(code), name="tini").returncode == 0
    for code in (0, 1, 127, 128, 255):
        assert call("-e", f"{code}:77", "--", *exits(code)).returncode == 77
    assert call("-e143", "--", "sh", "-c", "kill $$").returncode == 0
    assert call("-e0:9", "--", "true").returncode == 9


def test_flags_beat_the_environment(call) -> None:
    assert call("--", *exits(3), MINIPOD_EXIT_CODE="3:8, 4:9").returncode == 8
    assert call("--", *exits(4), MINIPOD_EXIT_CODE="3:8, 4:9").returncode == 9
    assert call("-e", "3:7", "--", *exits(3), MINIPOD_EXIT_CODE="3:8").returncode == 7
    assert call("-g", "--", *exits(3), MINIPOD_SINGLE_CHILD="1").returncode == 3
    assert call("--", *exits(3), MINIPOD_EXIT_CODE="").returncode == 3


def test_the_program_sees_the_environment_as_it_is(call) -> None:
    done = call("--", "sh", "-c", "echo $MINIPOD_GRACE $MINIPOD_VERBOSE", MINIPOD_GRACE="5s", MINIPOD_VERBOSE="0")
    assert done.stdout == "5s 0\n"


def test_a_report_is_written(call, tmp_path: Path) -> None:
    path = tmp_path / "report"
    for words, env in ((["--report", str(path)], {}), ([f"--report={path}"], {}), ([], {"MINIPOD_REPORT": str(path)})):
        done = call(*words, "--", *exits(3), **env)
        assert (done.returncode, json.loads(path.read_text())["exitCode"]) == (3, 3)
        path.unlink()
    done = call("--report", str(tmp_path / "no/such"), "--", "true")
    assert (done.returncode, "cannot write the report" in done.stderr) == (71, True)


def test_what_happens_is_told_of_the_program_by_its_word(call) -> None:
    done = call("-v", "-e", "3:4", "--", *exits(3))
    told = ["sh: started", "sh: exited with 3, which counts as 4", "exit code 4"]
    assert (done.returncode, done.stderr.splitlines()) == (4, [f"minipod: {line}" for line in told])


def test_who_is_left_behind_is_told_of(call) -> None:
    done = call("-v", "--", "sh", "-c", "sleep 1000 >&- 2>&- & exit 3")
    assert (done.returncode, "minipod: 1 process is left behind: asked to end\n" in done.stderr) == (3, True)


def test_a_report_that_cannot_be_written_is_told(call) -> None:
    done = call("--report", "/dev/full", "--", *exits(3))
    assert (done.returncode, done.stderr) == (3, "minipod: cannot write the report: no space left on device\n")


def test_it_is_silent_unless_asked(call) -> None:
    assert call("--", "true").stderr == ""
    for words, env in ((["-v"], {}), (["--verbose"], {}), ([], {"MINIPOD_VERBOSE": "yes"})):
        assert "minipod: true: started" in call(*words, "--", "true", **env).stderr
    assert call("-w", "--", "true").stderr == ""
    assert call("--", "true", MINIPOD_VERBOSE="off").stderr == ""


def test_orphans_are_told_of(call) -> None:
    """The outer shell ends at the word of the inner one's child, which is ours by then."""
    script = "(sh -c 'while kill -0 $0 2>/dev/null; do :; done' $$ & echo $!) "
    for words, env in ((["-w"], {}), (["--warn"], {}), ([], {"MINIPOD_WARN": "1"})):
        done = call(*words, "--", "sh", "-c", script, **env)
        assert f"Reaped zombie process with pid={done.stdout.strip()}" in done.stderr


# --- what it says of itself


def said(call, name: str, word: str) -> str:
    """Where the original says it."""
    done = call(word, name=name)
    text, other = (done.stderr, done.stdout) if name == "dumb-init" else (done.stdout, done.stderr)
    assert (done.returncode, other) == (0, "")
    return text


def test_help_lists_what_one_of_that_name_knows(call) -> None:
    for name, word, known, unknown in (
        ("minipod", "--help", "--report FILE", "-s"), ("minipod", "-h", "-t, --grace", "-s"),
        ("tini", "-h", "-s  ", "--grace"), ("dumb-init", "--help", "-c, --single-child", "-e"),
        ("catatonit", "-h", "-P  ", "-v"),
    ):
        text = said(call, name, word)
        assert known in text and not re.search(rf"^ *{unknown}[ ,]", text, re.MULTILINE)


def test_versions_begin_as_whoever_parses_them_expects(call) -> None:
    own = re.match(r"minipod (\S+)", call("--version").stdout)[1]
    for name, word, begin in (("tini", "--version", "tini version "), ("docker-init", "--version", "tini version "),
                              ("dumb-init", "--version", "dumb-init v"), ("dumb-init", "-V", "dumb-init v"),
                              ("catatonit", "-V", "tini version "), ("podman-init", "--version", "tini version ")):
        assert re.fullmatch(rf"{begin}\d+\.\d+\.\d+(_catatonit)? - minipod {re.escape(own)}\n", said(call, name, word))


def test_the_licence_is_what_the_project_declares(call, root: Path) -> None:
    declared = loads((root / "pyproject.toml").read_text())["project"].get("license")
    for word, name in (("-l", "minipod"), ("--license", "minipod"), ("-l", "tini"), ("-L", "catatonit")):
        done = call(word, name=name)
        assert done.returncode == 0
        begin = "minipod declares no licence of its own.\n" if declared is None else str(declared)
        assert done.stdout.startswith(begin)
        assert "musl: Copyright" in done.stdout
        assert all(" " in line for line in done.stdout.splitlines() if line), "lines are whole"


@pytest.mark.parametrize("name", ["minipod", "tini", "dumb-init", "catatonit"])
def test_the_docs_show_what_is_printed(call, root: Path, name: str) -> None:
    """The lines of options that --help ends with; the docs have them behind four more blanks."""
    printed = re.findall(r"^  +-.*$", said(call, name, "-h"), re.MULTILINE)
    text = (root / "docs/init.md").read_text(encoding="utf-8")
    assert len(printed) >= 5
    assert "".join(f"    {line}\n" for line in printed) in text
