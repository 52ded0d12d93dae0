"""What units write, as whole lines on minipod's own stdout and stderr."""

import json
import os
import re
import signal
from datetime import datetime, timezone
from pathlib import Path

import pytest
from system_harness import Launcher, sh, tool
from terminals import both_ends

LONGEST = 16384  # csrc/log.h, LINE_ROOM


def never(command: list[str], **keys: object) -> dict[str, object]:
    return {"command": command, "restart": "never", **keys}


def test_names_are_aligned_and_streams_apart(launch_both: Launcher) -> None:
    pod = {
        "init.a": {"command": sh("echo out; echo err >&2")},
        "service.longer-name": never(sh("echo out; echo err >&2")),
    }
    result = launch_both.run(pod)
    assert result.out == "a           | out\nlonger-name | out\n"
    assert re.findall("^(?!minipod).*", result.err, re.MULTILINE) == ["a           | err", "longer-name | err", ""]


def test_raw_is_unchanged(launch_both: Launcher) -> None:
    """Every byte but the newline passes: also those that are no text."""
    text = bytes(byte for byte in range(256) if byte != 10)
    (launch_both.folder / "bytes").write_bytes(text * 3 + b"\n")
    result = launch_both.run({"service.a": never(["cat", "bytes"], log="raw")})
    assert result.out.encode(errors="surrogateescape") == text * 3 + b"\n"


def test_prefix_keeps_every_byte_of_the_line(launch: Launcher) -> None:
    text = bytes(byte for byte in range(256) if byte != 10)
    (launch.folder / "bytes").write_bytes(text + b"\n")
    result = launch.run({"service.a": never(["cat", "bytes"])})
    assert result.out.encode(errors="surrogateescape") == b"a | " + text + b"\n"


def test_none_is_silent_and_inherit_is_ours(launch_both: Launcher) -> None:
    pod = {
        "init.quiet": {"command": sh("echo out; echo err >&2"), "log": "none"},
        "service.ours": never(sh("readlink /proc/self/fd/1 /proc/self/fd/2"), log="inherit"),
    }
    out = launch_both.folder / "out"
    err = launch_both.folder / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        assert launch_both.run(pod, stdout=stdout, stderr=stderr).code == 0
    assert out.read_text().splitlines() == [str(out), str(err)] and "quiet | " not in err.read_text()


def test_lines_of_many_writers_are_whole(launch_both: Launcher) -> None:
    """Each writes in pieces that end in the middle of lines."""
    names = [f"writer-{i}" for i in range(6)]
    pod = {f"service.{name}": never(tool("lines", name, 400, 50 + 30 * i)) for i, name in enumerate(names)}
    result = launch_both.run(pod)
    assert result.code == 0 and len(result.lines) == 6 * 400
    for i, name in enumerate(names):
        mine = [line.partition(" | ")[2] for line in result.lines if line.startswith(f"{name} | ")]
        assert mine == [f"{name} {n} ".ljust(50 + 30 * i, "x") for n in range(400)]


def test_a_line_that_is_too_long_comes_in_marked_pieces(launch: Launcher) -> None:
    size = 2 * LONGEST + 1000
    result = launch.run({"service.a": never(sh(f"head -c {size} /dev/zero | tr '\\0' x; echo; echo short"))})
    pieces = result.lines
    assert pieces[0].startswith("a | x") and all(piece.startswith("a + x") for piece in pieces[1:-1])
    assert sum(len(piece) - 4 for piece in pieces[:-1]) == size and pieces[-1] == "a | short"
    assert all(len(piece) <= LONGEST + 4 for piece in pieces)


def test_a_long_raw_line_stays_one(launch: Launcher) -> None:
    result = launch.run({"service.a": never(sh("head -c 100000 /dev/zero | tr '\\0' x; echo"), log="raw")})
    assert result.out == "x" * 100000 + "\n"


def test_an_unterminated_last_line_is_ended(launch_both: Launcher) -> None:
    pod = {"init.a": {"command": sh("printf half")}, "service.b": never(sh("printf raw"), log="raw")}
    assert launch_both.run(pod).out == "a | half\nraw\n"


def test_half_a_line_waits_for_its_other_half(launch: Launcher) -> None:
    pod = {
        "service.a": never(sh("printf 'one '; touch half; while [ ! -e said ]; do sleep 0.01; done; echo two")),
        "service.b": never(sh("while [ ! -e half ]; do sleep 0.01; done; echo between")),
    }
    running = launch.start(pod)
    running.expect(r"b \| between")
    (launch.folder / "said").touch()
    assert running.wait().lines == ["b | between", "a | one two"]


def test_the_last_words_of_the_dying_are_kept(launch_both: Launcher) -> None:
    """Written just before the end, 64 KiB at once: none is lost, and they come before the sentence about the end."""
    script = sh("head -c 60000 /dev/zero | tr '\\0' '\\n'; echo last; kill -9 $$")
    for _ in range(5):
        result = launch_both.run({"service.a": never(script)})
        assert result.code == 137
        assert len(result.lines) == 60001 and result.lines[-1] == "a | last"


def test_a_line_of_each_restart_is_kept(launch: Launcher) -> None:
    unit = {"command": sh("printf \"run $$\"; exit 1"), "max_restarts": 20, "backoff": {"initial": "1ms", "max": "1ms"}}
    result = launch.run({"service.a": unit})
    assert len(result.lines) == 21 and len(set(result.lines)) == 21


def test_what_a_sibling_says_after_its_leader_is_kept(launch_both: Launcher, tmp_path: Path) -> None:
    """The leader ends at TERM at once; who is left of its group still writes."""
    running = launch_both.start({"service.a": {"command": tool("with_sibling", 0.3, "marks")}})
    running.expect("ready")
    running.send(signal.SIGTERM)
    assert running.wait().lines[-1] == "a | cleaned"


def test_our_own_words_go_to_stderr_only(launch_both: Launcher) -> None:
    result = launch_both.run({"service.a": never(sh("echo word"))})
    assert result.out == "a | word\n"
    assert [line for line in result.err.splitlines() if not line.startswith("minipod: ")] == []


def test_one_program_runs_without_a_word_of_ours(launch_both: Launcher) -> None:
    result = launch_both.solo("sh", "-c", "echo out; echo err >&2").wait()
    assert (result.out, result.err) == ("out\n", "err\n")


# --- objects


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_line_is_an_object(launch_both: Launcher) -> None:
    """Bytes that are no text are U+FFFD; a line that is too long comes in pieces, and all but the last say so."""
    long = f"head -c {LONGEST + 5} /dev/zero | tr '\\0' x; echo"
    script = sh(f"printf 'a \\377 \\000 \\342\\202\\254\\n'; {long}; echo err >&2")
    result = launch_both.run({"service.a": never(script, log="json")})
    told = objects(result.out)
    assert {(each["unit"], each["stream"]) for each in told} == {("a", "stdout")}
    assert [each["line"] for each in told] == ["a \ufffd \0 €", "x" * LONGEST, "x" * 5]
    assert [each.get("partial", False) for each in told] == [False, True, False]
    times = [datetime.fromisoformat(each["time"].replace("Z", "+00:00")) for each in told]
    assert times == sorted(times) and abs(datetime.now(timezone.utc) - times[0]).total_seconds() < 600
    (err,) = [line for line in result.err.splitlines() if not line.startswith("minipod: ")]
    assert json.loads(err)["stream"] == "stderr" and json.loads(err)["line"] == "err"


def test_a_pod_that_logs_objects_says_its_own_words_so(launch_both: Launcher) -> None:
    result = launch_both.run({"pod": {"log": "json"}, "service.a": never(sh("echo word; echo err >&2; exit 3"))})
    assert [each["line"] for each in objects(result.out)] == ["word"]
    said = objects(result.err)
    assert [each["line"] for each in said if each["unit"] == "a"] == ["err"]
    ours = [each["line"] for each in said if each["unit"] is None]
    assert "a: started" in ours and any(line.startswith("a: exited with 3") for line in ours)


# --- a terminal


def read_terminal(ours: int, lines: int) -> bytes:
    text = b""
    while text.count(b"\n") < lines:
        text += os.read(ours, 65536)
    return text


PAIR = {"service.a": never(sh("echo word")), "service.longer": never(sh("echo words"))}
PLAIN = {"a      | word", "longer | words"}


@pytest.mark.parametrize(("env", "coloured"), [
    ({"TERM": "xterm", "NO_COLOR": ""}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ({"TERM": "dumb", "NO_COLOR": ""}, False),
])
def test_names_are_coloured_on_a_terminal(launch: Launcher, env: dict[str, str], coloured: bool) -> None:
    """Each unit has its colour, the same in every run."""
    seen = []
    for _ in range(2 if coloured else 1):
        with both_ends() as (ours, its):
            assert launch.run(PAIR, stdout=its, env=env).code == 0
            seen.append(sorted(read_terminal(ours, 2).decode().split("\r\n")[:2]))
    plain = {re.sub("\033[^m]*m", "", line) for line in seen[0]}
    assert plain == PLAIN and seen[0] == seen[-1]
    colours = {match[1] for line in seen[0] if (match := re.match("\033\\[0;(\\d+)m", line))}
    assert len(colours) == (2 if coloured else 0)
    assert all(line.index("\033[0m") < line.index("word") for line in seen[0] if coloured)


def test_no_colours_where_only_the_other_stream_is_a_terminal(launch: Launcher) -> None:
    with both_ends() as (_, its):
        result = launch.run(PAIR, stderr=its, env={"TERM": "xterm", "NO_COLOR": ""})
    assert set(result.lines) == PLAIN
