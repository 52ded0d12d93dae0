"""stdout and stderr that are one thing, that have no room, or of which an instance leaves half a line behind."""

import fcntl
import json
import os
import re
import select
from pathlib import Path

import pytest
from knocking import Place
from system_harness import Launcher, sh, tool, wait_until

FAST = {"initial": "1ms", "max": "1ms"}


def never(command: list[str], **keys: object) -> dict[str, object]:
    return {"command": command, "restart": "never", **keys}


def read_slowly(pipe: int) -> str:
    """In pieces that end anywhere, so that every write of a whole buffer is cut somewhere."""
    text = b""
    while piece := os.read(pipe, 1009):
        text += piece
    return text.decode()


def small_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


@pytest.mark.parametrize("form", ["prefix", "raw", "json"])
def test_one_pipe_for_both(launch_both: Launcher, form: str) -> None:
    """As `2>&1` and every terminal have it: a line that waits for room is not cut by one of the other stream."""
    reading, writing = small_pipe()
    pod = {
        "pod": {"log": form},
        "service.a": never(tool("lines", "a", 4000, 40)),
        "service.b": never(sh("i=0; while [ $i -lt 4000 ]; do echo b $i xxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); done >&2")),
    }
    running = launch_both.start(pod, stdout=writing, stderr=writing, report=False)
    os.close(writing)
    text = read_slowly(reading)
    os.close(reading)
    assert running.wait().code == 0
    if form == "json":
        lines = [json.loads(line) for line in text.splitlines()]
        said = [line["line"] for line in lines if line["unit"]]
    else:
        said = [re.sub(r"^[ab] \| ", "", line) for line in text.splitlines() if not line.startswith("minipod: ")]
    for name in "ab":
        numbers = [int(re.fullmatch(rf"{name} (\d+) x*", line)[1]) for line in said if line.startswith(name)]
        assert numbers == list(range(4000))
    assert len(said) == 8000


@pytest.mark.parametrize("form", ["prefix", "raw", "json"])
def test_half_a_line_ends_with_its_instance(launch_both: Launcher, tmp_path: Path, form: str) -> None:
    """Also when nobody reads us, so that it is not written before the next instance writes: five of them."""
    reading, writing = os.pipe()
    (tmp_path / "n").write_text("")
    half = sh("while [ ! -e full ]; do sleep 0.01; done; echo x >>n; printf 'whole\\nhalf %d' $(wc -l <n); "
              "[ $(wc -l <n) = 5 ] && touch five; exit 1")
    pod = {"pod": {"log": form}, "service.flood": {"command": tool("flood")},
           "service.half": {"command": half, "max_restarts": 4, "essential": True, "backoff": FAST}}
    running = launch_both.start(pod, stdout=writing)
    wait_until(lambda: is_full(writing), "the pipe is full")
    (tmp_path / "full").touch()
    running.expect_error("half: restart 4 ")
    wait_until((tmp_path / "five").exists, "it has written")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().decode().splitlines()
    running.wait()
    if form == "json":
        lines = [each["line"] for each in map(json.loads, lines) if each["unit"] == "half"]
    found = [re.sub(r"^half +\| ", "", line) for line in lines if "half" in line or "whole" in line]
    assert found == [line for i in range(1, 6) for line in ("whole", f"half {i}")]


def is_full(pipe: int) -> bool:
    """Of its writing end: a write would wait."""
    return not select.select([], [pipe], [], 0)[1]


# --- no room on the disk

SMALL = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'
COUNT = "i=0; while [ $i -lt {most} ]; do echo a $i x; i=$((i+1)); done; touch {mark}; "
WAIT = "while [ ! -e {mark} ]; do sleep 0.01; done; "


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"^(?:a \| )?a (\d+) x$", text, re.MULTILINE)]


def test_a_disk_that_was_full_for_both(launch_both: Launcher, tmp_path: Path) -> None:
    """Nothing can be said while it is full; how many lines are missing is said when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = SMALL.replace('"$@"', '"$@" >>"$0/out" 2>&1')
    script = sh(COUNT.format(most=20000, mark="full") + WAIT.format(mark="room") + "echo later; exit 3")
    running = launch_both.start({"service.a": never(script)}, wrap=["sh", "-c", mount, str(disk)])
    wait_until((tmp_path / "full").exists, "it has written all")
    out = os.open(f"/proc/{running.pid}/root{disk}/out", os.O_RDWR)
    wait_until(lambda: os.fstat(out).st_size >= 65536, "it is full")
    before = os.pread(out, 65536, 0).decode()
    os.ftruncate(out, 0)
    (tmp_path / "room").touch()
    result = running.wait()
    after = os.pread(out, 200000, 0).decode()
    os.close(out)
    assert result.code == 3 and "\0" not in after
    lost = sum(map(int, re.findall(r"^minipod: stdout had no room for (\d+) lines?$", after, re.MULTILINE)))
    found = numbers(before) + numbers(after)
    assert found == sorted(set(found)) and "a | later" in after
    assert lost == result.report["droppedLines"] and 0 <= len(found) + lost - 20000 <= 10  # our own are counted too


def dropped(place: Place) -> tuple[int, int]:
    """Our own lines that were dropped, and the unit's."""
    facts = place.get("/v1/pod").json
    its = facts["units"][0]["log"]["dropped"]
    return facts["pod"]["droppedLines"] - its, its


def test_a_count_that_found_no_room_is_said_later(launch_both: Launcher, tmp_path: Path) -> None:
    """A log file and stderr on the disk that is full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = 'head -c 4096 /dev/zero | tr "\\0" "\\n" >"$0/err"; cat /dev/zero >"$0/ballast"; exec "$@" 2>>"$0/err"'
    script = sh(COUNT.format(most=5000, mark="full") + WAIT.format(mark="room") + "echo a 5000 x; exit 3")
    pod = {"pod": {"control": str(tmp_path / "control")}, "service.a": never(script, log={"file": f"{disk}/a.log"})}
    wrap = ["sh", "-c", SMALL.replace('exec "$@"', f"{{ {fill}; }}"), str(disk)]
    running = launch_both.start(pod, wrap=wrap)
    wait_until((tmp_path / "full").exists, "it has written all")
    place = Place(str(tmp_path / "control"))
    wait_until(lambda: dropped(place)[1], "lines are dropped")
    others = dropped(place)[0]
    wait_until(lambda: dropped(place)[0] > others, "it was tried to say so")
    inside = Path(f"/proc/{running.pid}/root{disk}")
    err, log = os.open(inside / "err", os.O_RDONLY), os.open(inside / "a.log", os.O_RDONLY)
    os.truncate(inside / "ballast", 0)
    (tmp_path / "room").touch()
    result = running.wait()
    said, written = os.pread(err, 65536, 0).decode(), os.pread(log, 65536, 0).decode()
    os.close(err)
    os.close(log)
    lost = sum(map(int, re.findall(r"^minipod: a: (\d+) lines? dropped$", said, re.MULTILINE)))
    assert result.code == 3 and numbers(written)[-1] == 5000 and lost == 5001 - len(numbers(written))


@pytest.mark.parametrize("signalled", ["XFSZ"])
def test_a_limit_of_files_ends_nobody(launch_both: Launcher, tmp_path: Path, signalled: str) -> None:
    """The signal that says so is ours, and no unit's."""
    script = sh(f"trap 'touch {tmp_path}/signalled' {signalled}; " + COUNT.format(most=5000, mark="full") + "exit 3")
    with (tmp_path / "out").open("ab") as out:
        wrap = ["sh", "-c", 'ulimit -f 16 && exec "$0" "$@"']
        result = launch_both.run({"service.a": never(script)}, wrap=wrap, stdout=out)
    assert result.code == 3 and not (tmp_path / "signalled").exists()
    assert result.report["droppedLines"] == 5000 - len(numbers((tmp_path / "out").read_text()))
