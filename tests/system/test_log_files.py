"""Lines in files: each file has a writer of its own, that rotates it, and that no disk makes PID 1 wait for."""

import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from costs import open_files
from system_harness import Launcher, Running, at_term, sh, tool, wait_until
from writers import stopped_between_lines, writer, writers

OTHER = ["setpriv", "--reuid=54321", "--clear-groups"]


def logging(command: list[str], file: object, **keys: object) -> dict[str, object]:
    return {"command": command, "log": {"file": str(file), **keys}}


def once(command: list[str], file: object, **keys: object) -> dict[str, object]:
    return {**logging(command, file, **keys), "restart": "never"}


def numbers(*files: Path) -> list[int]:
    """The numbers of lines that ``tool("lines", "a", …)`` wrote, every one of them whole."""
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [int(re.fullmatch(r"a (\d+) x*", line)[1]) for line in lines]


# --- when all is well


def test_both_streams_of_a_unit_go_into_its_file(launch_both: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    result = launch_both.run({"service.a": once(sh("echo out; echo err >&2; printf half"), file)})
    assert result.code == 0 and result.out == "" and "err" not in re.findall("^(?!minipod).*", result.err)
    assert sorted(file.read_text().splitlines()) == ["err", "half", "out"]


@pytest.mark.parametrize(("mode", "line"), [("raw", "word"), ("prefix", "a | word"), ("json", None)])
def test_a_file_has_the_form_that_is_asked_for(launch: Launcher, tmp_path: Path, mode: str, line: str | None) -> None:
    file = tmp_path / "a.log"
    longer = {"command": ["true"], "restart": "never"}
    launch.run({"service.a": once(sh("echo word"), file, mode=mode), "service.longer": longer})
    text = file.read_text()
    assert text == f"{line}\n" if line else text.endswith('"unit":"a","stream":"stdout","line":"word"}\n')


def test_a_file_makes_way_at_its_size(launch_both: Launcher, tmp_path: Path) -> None:
    """Line by line: none is torn, none is lost but with the oldest file."""
    file = tmp_path / "a.log"
    command = tool("lines", "a", 1000, 99)
    assert launch_both.run({"service.a": once(command, file, max_size=20_000, keep=3)}).code == 0
    files = [tmp_path / name for name in ("a.log.3", "a.log.2", "a.log.1", "a.log")]
    assert sorted(tmp_path.glob("a.log*")) == sorted(files)
    assert all(20_000 - 100 < path.stat().st_size <= 20_000 for path in files[:3])
    assert numbers(*files) == list(range(1000))[-len(numbers(*files)):] and len(numbers(*files)) >= 600


def test_no_old_file_is_kept_where_none_is_wanted(launch: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    launch.run({"service.a": once(tool("lines", "a", 500, 99), file, max_size=10_000, keep=0)})
    assert list(tmp_path.glob("a.log*")) == [file] and 0 < file.stat().st_size <= 10_000
    assert numbers(file)[-1] == 499


def test_a_file_that_is_there_already_is_gone_on_with(launch: Launcher, tmp_path: Path) -> None:
    """Even if whoever wrote it was stopped in the middle of a line."""
    file = tmp_path / "a.log"
    file.write_text("before\nhalf")
    launch.run({"service.a": once(sh("echo word"), file)})
    assert file.read_text() == "before\nhalf\nword\n"


def test_last_words_of_a_stop_are_in_the_file(launch_both: Launcher, tmp_path: Path) -> None:
    """The writer outlives the units; no sweep takes it for a process that was left behind."""
    file = tmp_path / "a.log"
    script = sh("trap 'i=0; while [ $i -lt 3000 ]; do echo a $i x; i=$((i+1)); done; exit 0' TERM; echo ready >&2; "
                "while :; do sleep 0.01; done")
    other = {"command": tool("daemonise", "leave"), "restart": "never"}
    running = launch_both.start({"service.a": logging(script, file), "service.b": other}, env={"MINIPOD_GRACE": "6s"})
    running.expect("ready")
    wait_until(lambda: file.exists() and "ready" in file.read_text(), "it is up")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert "the writer of" not in result.err
    lines = [line for line in file.read_text().splitlines() if line.startswith("a ")]
    assert lines == [f"a {i} x" for i in range(3000)]


@pytest.mark.parametrize("given", [(), tool("given", "without-close-range")], ids=["at once", "one by one"])
def test_a_writer_has_nothing_of_the_pods(launch_both: Launcher, tmp_path: Path, given: Sequence[str]) -> None:
    """No pipe of a unit's, which would never end; no terminal, no stdout of ours."""
    file = tmp_path / "a.log"
    pod = {"service.a": logging(at_term(0), file), "service.b": {"command": at_term(0)}}
    running = launch_both.start(pod, wrap=given)
    running.expect("ready")
    wait_until(lambda: file.exists() and file.read_text(), "the file is open")
    links = sorted(open_files(writer(running)).values())
    assert [link for link in links if not link.startswith("pipe:")] == ["/dev/null"] * 3 + [str(file)]
    assert len(links) == 6
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


# --- when it is not

LOUD = f"i=0; while :; do echo a $i {'x' * 60}; i=$((i+1)); sleep 0.001; done"


def dropped(text: str) -> int:
    return sum(map(int, re.findall(r"^minipod: a: (\d+) lines? dropped$", text, re.MULTILINE)))


def end(running: Running, file: Path, *others: Path) -> None:
    """It stops; what is neither in the files nor told as dropped was lost."""
    running.send(signal.SIGTERM)
    result = running.wait()
    found = numbers(*others, file)
    assert found == sorted(set(found)), "in order, once each"
    assert max(found) + 1 - len(found) <= dropped(result.err) <= max(found) + 50 - len(found)


def test_a_full_disk(launch_both: Launcher, tmp_path: Path) -> None:
    """Said once; lines are dropped whole, and counted; it goes on when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    small = ["sh", "-c", 'mount -t tmpfs -o size=64k none "$0" && exec "$@"', str(disk)]
    running = launch_both.start({"service.a": logging(sh(LOUD), disk / "a.log")}, wrap=small)
    running.expect_error(r"a: cannot write \S+/a.log: no space left on device; what it writes is dropped")
    running.expect_error(r"a: \d+ lines dropped")
    inside = Path(f"/proc/{running.pid}/root{disk}/a.log")
    stopped_between_lines(writer(running), inside)
    inside.write_text("")
    os.kill(writer(running), signal.SIGCONT)
    running.expect_error(r"a: \S+/a.log is written again")
    wait_until(inside.read_text, "lines come again")
    running.send(signal.SIGTERM)
    assert running.wait().err.count("cannot write") <= 2  # it may be full again by then


def test_a_folder_that_is_not_there_yet(launch_both: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "later/a.log"
    running = launch_both.start({"service.a": logging(sh(LOUD), file)})
    running.expect_error(r"a: cannot open \S+/a.log: no such file or directory; what it writes is dropped")
    file.parent.mkdir()
    running.expect_error(r"a: \S+/a.log is written again")
    running.expect_error(r"a: \d+ lines dropped")
    end(running, file)


def test_a_folder_that_may_not_be_written(launch_both: Launcher, open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o755)
    unit = logging(sh("echo word; exec sleep 1000"), closed / "a.log")
    running = launch_both.start({"service.a": unit}, wrap=OTHER, report=False)
    running.expect_error(r"a: cannot open \S+/a.log: permission denied; what it writes is dropped")
    running.expect_error("a: 1 line dropped")
    running.send(signal.SIGTERM)
    assert running.wait().err.count("cannot open") == 1


def test_a_rotation_that_fails(launch_both: Launcher, tmp_path: Path) -> None:
    """The file does not grow beyond its size for it."""
    file, way = tmp_path / "a.log", tmp_path / "a.log.1"
    way.mkdir()
    running = launch_both.start({"service.a": logging(sh(LOUD), file, max_size=10_000, keep=1)})
    running.expect_error(r"a: cannot rotate \S+/a.log: is a directory; what it writes is dropped")
    running.expect_error(r"a: \d+ lines dropped")
    assert file.stat().st_size <= 10_000
    way.rmdir()
    running.expect_error(r"a: \S+/a.log is written again")
    running.send(signal.SIGTERM)
    assert running.wait().err.count("cannot rotate") == 1


def test_a_writer_that_dies(launch_both: Launcher, tmp_path: Path) -> None:
    """It is said, and another one goes on with what stands in the pipe."""
    file = tmp_path / "a.log"
    running = launch_both.start({"service.a": logging(sh(LOUD), file)})
    wait_until(lambda: file.exists() and file.read_text(), "lines come")
    first = writer(running)
    stopped_between_lines(first, file)
    os.kill(first, signal.SIGKILL)
    running.expect_error(r"a: the writer of \S+/a.log was ended by SIGKILL")
    second = wait_until(lambda: [pid for pid in writers(running) if pid != first], "another one is begun")
    size = file.stat().st_size
    wait_until(lambda: file.stat().st_size > size, "lines come again")
    assert len(second) == 1
    running.send(signal.SIGTERM)
    assert running.wait().code == 143
    found = numbers(file)
    assert found == sorted(set(found))


def test_signals_that_end_the_pod_do_not_end_its_writers(launch_both: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    running = launch_both.start({"service.a": logging(at_term(0), file)})
    wait_until(lambda: file.exists() and file.read_text(), "it is up")
    pid = writer(running)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(pid, number)
    running.send(signal.SIGUSR1)
    assert writers(running) == [pid]
    running.send(signal.SIGTERM)
    assert "the writer of" not in running.wait().err


@pytest.mark.parametrize("overflow", ["drop", "block"])
def test_a_disk_that_hangs(launch_both: Launcher, tmp_path: Path, overflow: str) -> None:
    """A fifo that nobody reads hangs as a dead disk does. A unit that may drop lines goes on, one that may not waits, a
    third one does not mind; the pod ends in time."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    pod = {
        "pod": {"termination_grace_period": "1s"},
        "service.a": logging(sh("head -c 1000000 /dev/zero | tr '\\0' '\\n'; touch done; exec sleep 1000"), fifo,
                             overflow=overflow),
        "service.other": {"command": sh("echo x >>runs; exit 1"), "log": "none",
                          "backoff": {"initial": "20ms", "max": "20ms"}},
    }
    running = launch_both.start(pod)
    running.expect_error("other: restart 10 ")
    if overflow == "drop":
        running.expect_error(r"a: \d+ lines dropped")
        wait_until((tmp_path / "done").exists, "it has written all")
    assert (tmp_path / "done").exists() == (overflow == "drop")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code in (143, 137)


# --- what others do to a file


def said(running: Running, pattern: bytes, times: int) -> None:
    """minipod has said it so often by now."""
    wait_until(lambda: running._pump(0.01) and len(re.findall(pattern, running.err)) >= times, f"{times} {pattern}")


def test_a_file_that_somebody_empties_does_not_make_way(launch: Launcher, tmp_path: Path) -> None:
    """It is not full because it once was nearly."""
    file = tmp_path / "a.log"
    script = sh("echo 1; while [ ! -e empty ]; do sleep 0.01; done; echo 2; exec sleep 1000")
    file.write_text("x" * 996 + "\n")
    running = launch.start({"service.a": logging(script, file, max_size=1000, keep=1, mode="raw")})
    wait_until(lambda: file.read_text().endswith("\n1\n"), "it is nearly full")
    os.truncate(file, 0)
    (tmp_path / "empty").touch()
    wait_until(lambda: file.read_text() == "2\n", "it is gone on with")
    assert not (tmp_path / "a.log.1").exists()
    running.send(signal.SIGTERM)
    running.wait()


def test_old_files_survive_a_rotation_that_fails_again_and_again(launch_both: Launcher, tmp_path: Path) -> None:
    """A file that is mounted cannot be moved: the older ones are moved once."""
    file = tmp_path / "a.log"
    for name, text in (("a.log", ""), ("a.log.1", "newer\n"), ("a.log.2", "older\n")):
        (tmp_path / name).write_text(text)
    wrap = ["sh", "-c", 'mount --bind "$0" "$0" && exec "$@"', str(file)]
    unit = logging(sh(LOUD), file, max_size=1000, keep=4)
    running = launch_both.start({"service.a": unit}, wrap=wrap)
    running.expect_error(r"a: cannot rotate \S+/a.log: busy")
    said(running, rb"a: \d+ lines dropped", 2)  # a second and more later, and again
    running.send(signal.SIGTERM)
    running.wait()
    left = {path.name: path.read_text() for path in tmp_path.glob("a.log.*")}
    assert left == {"a.log.2": "newer\n", "a.log.3": "older\n"}
