"""`minipod analyze`: from a running pod and from a file, for people and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from boot_events import POD, shop_events
from fake_pod import FakePod, event

from minipod.commands.compile import compile_pod
from minipod.commands.lengths import length
from minipod.config.read import read_pod

TEXT = """\
shop was ready after 10.000s; its inits were done after 3.000s

UNIT      KIND      BEGAN    TOOK     SPAWN    HOOK     STARTUP   READINESS   RUN      BACK-OFF   STARTS
db        service   4.000s   4.000s   1.000s   -        -         3.000s      -        -          1
migrate   init      0        3.000s   -        -        -         -           3.000s   -          1
web       service   8.000s   2.000s   -        2.000s   -         -           -        -          1
proxy     sidecar   3.000s   1.000s   -        -        1.000s    -           -        -          1

web ready @10.000s +2.000s
└─ db ready @8.000s +4.000s
   └─ proxy started @4.000s +1.000s
      └─ migrate done @3.000s +3.000s
"""
LATE = """\
shop is not ready after 4.000s: web, db not there yet

UNIT      KIND      BEGAN    TOOK     SPAWN   HOOK   STARTUP   READINESS   RUN      BACK-OFF   STARTS
web       service   -        -        -       -      -         -           -        -          0
db        service   4.000s   -        -       -      -         -           -        -          1
migrate   init      0        3.000s   -       -      -         -           3.000s   -          1
proxy     sidecar   3.000s   1.000s   -       -      1.000s    -           -        -          1

proxy started @4.000s +1.000s
└─ migrate done @3.000s +3.000s
"""


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(POD)
    return path


@pytest.fixture
def shop(fake_pod: FakePod, pod: Path) -> FakePod:
    fake_pod.plan = compile_pod(read_pod(str(pod)).pod, str(pod))
    fake_pod.events = shop_events()
    return fake_pod


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes an events file."""

    def write(*events: dict, tail: str = "") -> str:
        path = tmp_path / "events.jsonl"
        path.write_text("".join(json.dumps(event) + "\n" for event in events) + tail)
        return str(path)

    return write


def test_of_the_running_pod(shop: FakePod, say: Callable) -> None:
    assert say("analyze") == (0, TEXT, "")


def test_of_a_file(pod: Path, write: Callable, say: Callable) -> None:
    assert say("analyze", "--events-file", write(*shop_events()), "--plan", str(pod)) == (0, TEXT, "")


def test_of_the_last_run_in_a_file(pod: Path, write: Callable, say: Callable) -> None:
    """Its last line is being written; routine events and the pod's own are none of a unit's."""
    more = [{"lost": 3}, {**shop_events()[0], "seq": 99, "unit": None, "machine": "pod", "to": "ending"}]
    before = [{**event, "time": "2026-01-31T11:00:00.000000Z"} for event in shop_events(3)]
    path = write(*before, *shop_events(), *more, tail='{"seq": 1')
    assert say("analyze", "--events-file", path, "--plan", str(pod)).out == TEXT


def test_a_gap_in_a_file(pod: Path, write: Callable, say: Callable) -> None:
    """What came behind it is not drawn as if nothing had been between."""
    events = shop_events()
    got = say("analyze", "--events-file", write(*events[:8], {"lost": 2}, *events[10:]), "--plan", str(pod))
    assert got.out == say("analyze", "--events-file", write(*events[:8]), "--plan", str(pod)).out
    assert got.err.startswith("minipod: 2 events are lost 4.000s after the pod's begin") and "left out" in got.err


def test_a_run_whose_begin_is_lost_is_not_the_one_before(pod: Path, write: Callable, say: Callable) -> None:
    events = shop_events()
    got = say("analyze", "--events-file", write(*events, {"lost": 2}, *events[2:]), "--plan", str(pod))
    assert (got.code, got.out) == (1, "") and "begin are lost" in got.err


def test_who_is_not_there_yet_comes_first(pod: Path, write: Callable, say: Callable) -> None:
    assert say("analyze", "--events-file", write(*shop_events(8)), "--plan", str(pod)).out == LATE.replace(
        "proxy started @", "proxy ready @"
    )


@pytest.mark.parametrize(("code", "said"), [(0, "web done @8.000s +4.000s"), (3, "web is not ready yet")])
def test_a_service_that_ends_before_it_is_ready(shop: FakePod, say: Callable, code: int, said: str) -> None:
    shop.events = [
        *shop_events(8),
        {**event(9, "web", to="spawning", started=False, ready=False), "seq": 8, "time": "2026-01-31T11:59:05.000000Z"},
        {**event(9, "web", to="ended", exitCode=code, started=False, ready=False), "seq": 9},
    ]  # fmt: skip
    assert say("analyze", "web").out.splitlines()[0] == said


def test_chains_of_units(shop: FakePod, say: Callable) -> None:
    shop.events = shop_events(8)
    assert say("analyze", "web", "proxy").out == (
        "web is not ready yet\n└─ db is not ready yet\n   └─ proxy started @4.000s +1.000s\n"
        "      └─ migrate done @3.000s +3.000s\n\n"
        "proxy ready @4.000s +1.000s\n└─ migrate done @3.000s +3.000s\n"
    )


def test_json(shop: FakePod, say: Callable) -> None:
    said = json.loads(say("analyze", "-o", "json").out)
    assert (said["pod"], said["readyNs"]) == ("shop", 10 * 10**9)
    assert [unit["tookNs"] for unit in said["units"]] == [3 * 10**9, 10**9, 2 * 10**9, 4 * 10**9]
    assert said["units"][3]["partsNs"]["readiness"] == 3 * 10**9
    assert [link["unit"] for link in said["chains"]["web"]] == ["web", "db", "proxy", "migrate"]


def test_the_begin_is_forgotten(shop: FakePod, say: Callable) -> None:
    shop.events = shop_events()[1:]
    got = say("analyze")
    assert (got.code, got.out) == (1, "") and "minipod run --events FILE" in got.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nobody"], 4, "no unit is called nobody"),
        (["-o", "svg"], 64, "-o takes text or json"),
        (["--plan", "x"], 64, "--plan goes with --events-file"),
        (["--events-file", "x"], 64, "--plan is missing"),
    ],
)
def test_mistakes(shop: FakePod, say: Callable, words: list[str], code: int, said: str) -> None:
    got = say("analyze", *words)
    assert (got.code, got.out) == (code, "") and said in got.err


@pytest.mark.parametrize(
    ("events", "tail", "code", "said"),
    [
        ([], "", 78, "there is no event of a unit in it"),
        ([], "{}\n", 78, ":1:1: error: this is no event"),
        ([], "[1]\n", 78, "this is no event"),
        ([], "\x1b\n", 78, "this is no event"),
        ([{"lost": 4}], "", 1, "lost"),
        ([{**shop_events()[0], "unit": "stranger"}], "", 78, "stranger is no unit of "),
    ],
)
def test_files_that_are_none(
    pod: Path, write: Callable, say: Callable, events: list, tail: str, code: int, said: str
) -> None:
    got = say("analyze", "--events-file", write(*events, tail=tail), "--plan", str(pod))
    assert (got.code, got.out) == (code, "") and said in got.err and "\x1b" not in got.err


def test_no_file(pod: Path, say: Callable) -> None:
    got = say("analyze", "--events-file", "nothing", "--plan", str(pod))
    assert got.code == 78 and "nothing: error: cannot read it: no such file" in got.err


@pytest.mark.parametrize(
    ("ns", "text"),
    [(None, "-"), (0, "0"), (310_000, "0.31ms"), (12_340_000, "12.3ms"), (801_400_000, "801ms"),
     (1_404_000_000, "1.404s"), (123_500_000_000, "2m03.5s")],
)  # fmt: skip
def test_lengths(ns: int | None, text: str) -> None:
    assert length(ns) == text
