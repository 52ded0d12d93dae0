"""No byte of a plan is trusted: each is changed, and the plan cut at each length, under sanitizers (flip.c)."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from minipod.reaper.encode import encode
from minipod.reaper.layout import ffi
from minipod.reaper.solo import plan as solo_plan

MASKS = 6
FIRST_LENGTH = ffi.sizeof("struct plan_header")  # from here on a cut plan has a header that can be signed again


def flip(driver: Callable[[str], Path], raw: bytes, directory: Path) -> tuple[int, int]:
    """How many plans were tried, how many of them accepted."""
    path = directory / "plan"
    path.write_bytes(raw)
    done = subprocess.run([driver("flip"), path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tried, accepted = map(int, done.stdout.split())
    return tried, accepted


def expected(raw: bytes) -> int:
    return 2 * MASKS * len(raw) + len(raw) + len(raw) - FIRST_LENGTH


def test_realistic_plan(driver, raw: bytes, tmp_path: Path) -> None:
    tried, accepted = flip(driver, raw, tmp_path)
    assert tried == expected(raw)
    assert 0 < accepted < tried / 2  # times, texts and exit codes may change; what hangs together may not


def test_solo_plan(driver, tmp_path: Path) -> None:
    raw = encode(solo_plan())
    assert flip(driver, raw, tmp_path)[0] == expected(raw)
