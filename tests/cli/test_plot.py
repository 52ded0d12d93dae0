"""`minipod plot`: the picture is SVG, says everything in words, too, and is the same each time."""

import json
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path

import pytest
from boot_events import POD, shop_events
from fake_pod import FakePod

from minipod.commands.compile import compile_pod
from minipod.commands.plot_svg import PLOT, STATES, draw, tick_of
from minipod.config.read import read_pod
from minipod.status.boot import READY, STARTED, Step, fold
from minipod.supervisor.vocabulary import Life

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shop(fake_pod: FakePod, tmp_path: Path) -> FakePod:
    path = tmp_path / "shop.toml"
    path.write_text(POD)
    fake_pod.plan = compile_pod(read_pod(str(path)).pod, str(path))
    fake_pod.events = shop_events()
    return fake_pod


def titles(svg: str) -> list[str]:
    """What is said of each bar."""
    return [rect.find(f"{SVG}title").text for rect in xml.fromstring(svg).iter(f"{SVG}rect") if len(rect)]


def test_bars(shop: FakePod, say: Callable) -> None:
    code, out, err = say("plot")
    assert (code, err) == (0, "")
    assert titles(out) == [
        "migrate: ready, 0 to 3.000s (3.000s)",
        "migrate: over for good, 3.000s to 10.500s (7.500s)",
        "proxy: waits for others, 0 to 3.000s (3.000s)",
        "proxy: runs, has not started, 3.000s to 4.000s (1.000s)",
        "proxy: ready, 4.000s to 10.500s (6.500s)",
        "web: waits for others, 0 to 8.000s (8.000s)",
        "web: post-start hook, 8.000s to 10.000s (2.000s)",
        "web: ready, 10.000s to 10.500s (500ms)",
        "db: waits for others, 0 to 4.000s (4.000s)",
        "db: is started, 4.000s to 5.000s (1.000s)",
        "db: started, not ready, 5.000s to 8.000s (3.000s)",
        "db: ready, 8.000s to 10.500s (2.500s)",
    ]


def test_it_is_said_what_it_is(shop: FakePod, say: Callable) -> None:
    root = xml.fromstring(say("plot").out)
    ids = {each.get("id"): each.text for each in root if each.get("id")}
    assert root.get("role") == "img" and root.get("aria-labelledby").split() == list(ids)
    assert ids["title"] == "shop: its first 10.500s"


def test_it_is_the_same_each_time(shop: FakePod, say: Callable) -> None:
    assert say("plot").out == say("plot").out


def test_until(shop: FakePod, say: Callable) -> None:
    assert "its first 10.500s" in say("plot").out
    assert "its first 59.000s" in say("plot", "--until", "all").out
    assert "its first 3.500s" in say("plot", "--until", "3.5s").out
    assert not [title for title in titles(say("plot", "--until", "3").out) if ", 4.000s to" in title]


def test_of_a_file_without_its_plan(tmp_path: Path, say: Callable) -> None:
    """Units are in the order in which they began."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in shop_events()))
    said = titles(say("plot", "--events-file", str(path)).out)
    assert list(dict.fromkeys(title.partition(":")[0] for title in said)) == ["migrate", "proxy", "db", "web"]


def test_every_state_has_its_colour_and_its_words() -> None:
    assert set(STATES) == {life.word for life in Life} | {STARTED, READY}
    assert len({colour for colour, _ in STATES.values()}) == len({words for _, words in STATES.values()}) == len(STATES)


def test_bars_are_inside_and_side_by_side() -> None:
    steps = [Step(at, "<&\">", state) for at, state in enumerate(list(STATES)[:4] * 50)]
    root = xml.fromstring(draw("<&\">", fold(steps), 150))
    bars = [(float(rect.get("x")), float(rect.get("width"))) for rect in root.iter(f"{SVG}rect") if len(rect)]
    edge = bars[0][0] + PLOT
    assert len(bars) == 150 and all(x + width <= edge + 0.01 for x, width in bars)
    for (x, width), (then, _) in zip(bars, bars[1:], strict=False):
        assert x + width == pytest.approx(then, abs=0.011)


@pytest.mark.parametrize(("until", "tick"), [(1, 1), (10, 1), (11, 2), (2_584_000_000, 500_000_000), (10**11, 10**10)])
def test_ticks(until: int, tick: int) -> None:
    assert tick_of(until) == tick and until / tick <= 10


def test_nothing_happened() -> None:
    assert xml.fromstring(draw("shop", fold((), ["web"]), 0)).tag == f"{SVG}svg"


def test_a_simulated_pod(tmp_path: Path, say: Callable) -> None:
    path = tmp_path / "pod.toml"
    path.write_text('[init.a]\ncommand = ["a"]\n[service.web]\ncommand = ["w"]\n')
    code, out, _ = say("simulate", "-o", "svg", "--events", "a:exit=0@2s, web:exit=1@5s, web:exit=1@6s", str(path),
                       "--until", "10s")  # fmt: skip
    assert code == 0
    assert titles(out) == [
        "a: ready, 0 to 2.000s (2.000s)",
        "a: over for good, 2.000s to 10.000s (8.000s)",
        "web: waits for others, 0 to 2.000s (2.000s)",
        "web: ready, 2.000s to 5.000s (3.000s)",
        "web: ready, 5.000s to 6.000s (1.000s)",
        "web: back-off, 6.000s to 7.000s (1.000s)",
        "web: ready, 7.000s to 10.000s (3.000s)",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["web"], "plot takes no operand"), (["--until", "x"], "--until is no duration"), (["--frob"], "unknown option")],
)
def test_mistakes(shop: FakePod, say: Callable, words: list[str], said: str) -> None:
    got = say("plot", *words)
    assert (got.code, got.out) == (64, "") and said in got.err
