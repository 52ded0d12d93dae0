"""Termination messages: what a program leaves about its end, wherever it may, and where that is shown."""

import os
import signal
from pathlib import Path

import pytest
from knocking import Place
from system_harness import Launcher, sh

from minipod.model import Kind, Log, LogMode, Pod, Unit
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  restartPolicy: Never\n  containers:\n"
WITH_LOG = "terminationMessagePolicy: FallbackToLogsOnError"
# Its name, what it runs, its other fields; the message.
CASES = [
    ("own", "echo bad luck > $TERMINATION_MESSAGE_PATH; exit 3", "", "bad luck\n"),
    ("well", "echo all well > $TERMINATION_MESSAGE_PATH", "", "all well\n"),
    ("somebody", "echo mine > $TERMINATION_MESSAGE_PATH; exit 3", "securityContext: {runAsUser: 4321}", "mine\n"),
    ("path", "echo there > FOLDER/path; exit 3", "terminationMessagePath: FOLDER/path", "there\n"),
    ("theirs", "echo it > FOLDER/theirs; exit 3",
     "terminationMessagePath: FOLDER/theirs, securityContext: {runAsUser: 4321}", "it\n"),
    ("nothing", "echo a line; exit 3", "", None),
    ("lines", "echo one; echo two >&2; sleep 0.01; exit 3", WITH_LOG, "one\ntwo\n"),
    ("first", "echo a line; echo said > $TERMINATION_MESSAGE_PATH; exit 3", WITH_LOG, "said\n"),
    ("quiet", "echo a line", WITH_LOG, None),
    ("few", "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i + 1)); done; exit 3", WITH_LOG,
     "".join(f"{i}\n" for i in range(20, 100))),
    ("short", "i=0; while [ $i -lt 40 ]; do echo $i; printf '%0100d\\\\n' 7; i=$((i + 1)); done; exit 3", WITH_LOG,
     "".join(f"{i}\n{7:0100}\n" for i in range(40))[-2048:]),
    ("long", "printf %05000d 7 > $TERMINATION_MESSAGE_PATH; exit 3", "", "0" * 4096),
    ("odd", "printf 'a\\\\000\\\\033[1mb\\\\tc' > $TERMINATION_MESSAGE_PATH; exit 3", "", "a??[1mb\tc"),
]


def container(name: str, script: str, more: str) -> str:
    return f"""  - {{name: {name}, command: [sh, -c, "{script}"]{", " + more if more else ""}}}\n"""


def test_messages(launch: Launcher, open_folder: Path) -> None:
    """As Kubernetes has them: 4096 bytes of a file, or of a failure without one 80 lines and 2048 bytes of the log."""
    text = HEAD + "".join(container(*case[:3]) for case in CASES)
    text += "  - {name: missing, command: [there-is-no-such-program]}\n"
    path = open_folder / "pod.yaml"
    path.write_text(text.replace("FOLDER", str(open_folder)), encoding="utf-8")
    result = launch.run(path)
    said = {unit["name"]: unit["message"] for unit in result.report["units"]}
    why = "cannot execute: there-is-no-such-program: no such file or directory on PATH"
    assert said == {**{name: message for name, _, _, message in CASES}, "missing": why}


def test_the_last_words_stay_while_the_next_one_runs(launch: Launcher, folder: Path, tmp_path: Path) -> None:
    """Its file is made empty before each start, and what the one before left is read by then."""
    message, gate = tmp_path / "message", tmp_path / "gate"
    os.mkfifo(gate)
    script = f"cat {message}; [ -e {tmp_path}/again ] && {{ echo on; exec sleep 1000; }}; touch {tmp_path}/again; " \
             f"echo first > {message}; exit 3"
    unit = {"command": sh(script), "restart": "always", "termination_message_path": str(message), "log": "raw"}
    socket = str(folder / "pod.sock")
    running = launch.start({"pod": {"control": socket}, "service.a": unit})
    place = Place(socket).wait()
    running.expect("on\n")
    place.wait_for("a", instances=2)
    found = place.get("/v1/units/a").json
    assert [end["message"] for end in found["ends"]] == ["first\n"]
    assert message.read_text() == ""
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.lines[0] == "on" and result.unit("a")["message"] is None


def test_a_path_that_cannot_be_had(launch: Launcher, tmp_path: Path) -> None:
    path = str(tmp_path / "no" / "message")
    result = launch.run({"service.a": {"command": ["true"], "restart": "never", "termination_message_path": path}})
    assert result.code == 126
    assert f"a: cannot execute: termination_message_path {path}: no such file or directory" in result.err


@pytest.mark.parametrize("name", ["symlink", "hard link"])
def test_a_program_puts_somebody_elses_file_in_its_place(launch: Launcher, open_folder: Path, name: str) -> None:
    """It is neither shown nor made empty, and stays whose it is."""
    theirs, path = open_folder / "secret", open_folder / "message"
    theirs.write_text("hunter2")
    theirs.chmod(0o600)
    unit = {"command": sh(f"rm -f {path}; ln -s {theirs} {path}; exit 3"), "restart": "never", "user": "4321",
            "termination_message_path": str(path)}
    if name == "symlink":
        open_folder.chmod(0o777)
        first = launch.run({"service.a": unit})
        assert first.unit("a")["message"] is None and "hunter2" not in str(first.report)
        assert path.is_symlink()
    else:
        path.hardlink_to(theirs)
    second = launch.run({"service.a": unit})
    why = "it is a link, and none is followed there" if name == "symlink" else "the file has another name, too"
    assert second.code == 126 and f"termination_message_path {path}: {why}" in second.err
    assert (theirs.read_text(), theirs.stat().st_uid, theirs.stat().st_mode & 0o777) == ("hunter2", 0, 0o600)


@pytest.mark.parametrize("quiet", range(3))
def test_a_message_has_a_number_that_minipod_uses_itself(launch: Launcher, tmp_path: Path, quiet: int) -> None:
    """Of so many units one is sure to have it: a unit without a log moves all behind it."""
    command = tuple(sh("echo word > $TERMINATION_MESSAGE_PATH; exec sleep 1000"))
    units = [Unit(f"q{i}", Kind.SERVICE, ("sleep", "1000"), "never", log=Log(LogMode.NONE)) for i in range(quiet)]
    units += [Unit(f"u{i}", Kind.SERVICE, command, "never", message_own=True) for i in range(24)]
    plan = tmp_path / "pod.plan"
    plan.write_bytes(encode(lower(Pod("many", tuple(units)))))
    running = launch.call("run", plan)
    for unit in units:
        running.expect_error(f"{unit.name}: (started|cannot execute)")
    running.send(signal.SIGTERM)
    assert "cannot execute" not in running.wait().err
