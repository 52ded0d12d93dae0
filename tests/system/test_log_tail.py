"""The last lines of a crowd: more than can be gone through in one turn of the loop."""

from pathlib import Path

from knocking import Place
from system_harness import Launcher, sh, wait_until

UNITS, LINES, WANTED = 150, 60, 50  # LOOKS_MOST of csrc/answer_log.c is less than UNITS * (UNITS - 1) * WANTED


def test_the_last_lines_of_a_crowd(launch: Launcher, tmp_path: Path) -> None:
    script = sh(f"i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); done; exec sleep 1000")
    pod = {"pod": {"control": str(tmp_path / "sock")}, **{f"service.s{i}": {"command": script} for i in range(UNITS)}}
    running = launch.start(pod, report=False)
    place = Place(str(tmp_path / "sock"))
    wait_until(lambda: running._pump(0.01) and running.out.count(b"\n") == UNITS * LINES, "all have said all")
    every = place.get("/v1/logs").lines
    last = place.get(f"/v1/logs?tail={WANTED}").lines
    assert len(every) == UNITS * LINES and last == every[-WANTED:]
    since = place.get(f"/v1/logs?tail={WANTED}&since={every[-10]['time']}").lines
    assert since == [line for line in every[-WANTED:] if line["time"] >= every[-10]["time"]]
