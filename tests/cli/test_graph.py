"""`minipod graph`: what is drawn, of what, in both languages."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_pod import FakePod

from minipod.commands.compile import compile_pod
from minipod.commands.graph import arrows
from minipod.config.read import read_pod
from minipod.reaper.decode import decode
from minipod.supervisor.words import Direction

SHOP = """
[pod]
name = "shop"
[init.migrate]
command = ["m"]
[sidecar.first]
command = ["p"]
[sidecar.proxy]
command = ["p"]
[service.web]
command = ["w"]
after = {db = "ready"}
[service.db]
command = ["d"]
[service.log]
command = ["l"]
after = {proxy = "ready"}
[service.early]
command = ["e"]
after = {first = "ready"}
"""

DOT = """\
digraph "shop" {
    rankdir=LR;
    "migrate" [shape=box];
    "first" [shape=hexagon];
    "proxy" [shape=hexagon];
    "web" [shape=ellipse];
    "db" [shape=ellipse];
    "log" [shape=ellipse];
    "early" [shape=ellipse];
    "migrate" -> "first" [label="completed"];
    "first" -> "proxy" [label="started"];
    "first" -> "early" [label="ready"];
    "proxy" -> "db" [label="started"];
    "proxy" -> "log" [label="ready"];
    "proxy" -> "early" [label="started"];
    "db" -> "web" [label="ready"];
}
"""

MERMAID = """\
flowchart LR
    u0["migrate"]
    u1{{"first"}}
    u2{{"proxy"}}
    u3(["web"])
    u4(["db"])
    u5(["log"])
    u6(["early"])
    u0 -->|completed| u1
    u1 -->|started| u2
    u1 -->|ready| u6
    u2 -->|started| u4
    u2 -->|ready| u5
    u2 -->|started| u6
    u4 -->|ready| u3
"""


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(SHOP)
    return path


def test_dot(pod: Path, say: Callable) -> None:
    assert say("graph", str(pod)) == (0, DOT, "")


def test_mermaid(pod: Path, say: Callable) -> None:
    assert say("graph", "-o", "mermaid", str(pod)) == (0, MERMAID, "")


def test_of_a_plan(pod: Path, tmp_path: Path, say: Callable) -> None:
    plan = tmp_path / "shop.plan"
    plan.write_bytes(compile_pod(read_pod(str(pod)).pod, str(pod)))
    assert say("graph", str(plan)) == (0, DOT, "")


def test_of_the_running_pod(pod: Path, fake_pod: FakePod, say: Callable) -> None:
    fake_pod.plan = compile_pod(read_pod(str(pod)).pod, str(pod))
    assert say("graph") == (0, DOT, "")


def test_a_plan_that_is_cut_off(pod: Path, fake_pod: FakePod, say: Callable) -> None:
    fake_pod.plan = compile_pod(read_pod(str(pod)).pod, str(pod))[:-1]
    code, out, err = say("graph")
    assert (code, out) == (1, "") and "cannot read the plan that PID 1 runs: " in err


def test_nobody_is_left_out_and_nothing_is_changed(pod: Path) -> None:
    """Whoever starts after another one in the plan still does so along the arrows."""
    plan = decode(compile_pod(read_pod(str(pod)).pod, str(pod)))
    for direction in Direction:
        every = {(edge.first, edge.second) for edge in plan.edges if edge.direction is direction}
        drawn = {(edge.first, edge.second) for edge in arrows(plan.units, plan.edges, direction)}
        assert closure(drawn) == closure(every)


def closure(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs = pairs | more
    return pairs


def test_the_stop(pod: Path, say: Callable) -> None:
    drawn = re.findall(r'"(\w+)" -> "(\w+)" \[label="gone"\]', say("graph", "--stop", str(pod)).out)
    assert ("web", "db") in drawn and ("db", "proxy") in drawn and ("proxy", "web") not in drawn


def test_names_that_are_none(pod: Path, tmp_path: Path, say: Callable) -> None:
    """A plan may come from anywhere."""
    made = read_pod(str(pod)).pod
    plan = tmp_path / "odd.plan"
    plan.write_bytes(compile_pod(made._replace(name='a"b\\'), str(pod)))
    assert say("graph", str(plan)).out.startswith('digraph "a\\"b\\\\" {\n')


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-o", "png", "x"], 64, "-o takes dot or mermaid, not 'png'"),
        (["a", "b"], 64, "one FILE only"),
        (["nothing.toml"], 78, "nothing.toml"),
    ],
)
def test_mistakes(words: list[str], code: int, said: str, say: Callable) -> None:
    got = say("graph", *words)
    assert (got.code, got.out) == (code, "") and said in got.err


def test_no_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Callable) -> None:
    monkeypatch.setenv("MINIPOD_SOCKET", str(tmp_path / "none"))
    assert say("graph").code == 3
